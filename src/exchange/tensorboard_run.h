// A run of TensorBoard as Headrace keeps it: a workflow, told piece by piece as its events come.
//
//   session's hparams      used of the workflow
//   a scalar               a row of the workflow: {tag: value, step} at its wall time
//   a small tensor, a histogram, an image, a sound
//                          a row whose value says what it is: type, shape, least, most, ...
//   text, log message      a line; warnings and errors on stderr
//   end of a session       end of the workflow, finished or failed
//
// Event files do not say when a run without a session has ended: whoever reads them decides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "collect/intake.h"
#include "exchange/tensorboard_event.h"
#include "exchange/tensorboard_hparams.h"

namespace headrace::exchange {

// What was left out, so that it can be said.
struct RunCounts {
  uint64_t graphs = 0;
  uint64_t run_metadata = 0;
};

class TensorboardRun {
 public:
  // `id`: of the workflow in its source; `parent`: of the run whose folder this one lies in.
  TensorboardRun(std::string id, std::string name, std::string parent, std::string campaign,
                 std::string folder);

  // One record of one of its files. kInvalidArgument: it makes no sense, nothing was told. Others
  // as Intake's.
  Status tell(std::string_view record, collect::Intake& intake);
  // The run goes on no more, told by `reason`, unless its session has ended by itself.
  Status end(std::string_view reason, collect::Intake& intake);

  // Whether its end has not been told.
  bool goes_on() const { return first_ns_ && !told_end_ns_; }
  const RunCounts& counts() const { return counts_; }

  // What a later reader must know to go on.
  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  Status begin(int64_t at_ns, collect::Intake& intake);
  Status tell_summary(const Event& event, int64_t at_ns, collect::Intake& intake);
  Status tell_hparams(const std::string& content, int64_t at_ns, collect::Intake& intake);
  Status tell_text(const SummaryValue& value, int64_t at_ns, collect::Intake& intake);
  Status tell_line(int64_t at_ns, LogStream stream, std::string text, collect::Intake& intake);

  std::string id_;
  std::string name_;
  std::string parent_;
  std::string campaign_;
  std::string folder_;
  std::optional<int64_t> first_ns_;
  std::optional<int64_t> last_ns_;
  std::optional<int64_t> told_end_ns_;
  bool session_ended_ = false;
  std::map<std::string, std::string, std::less<>> plugins_;  // of tags
  RunCounts counts_;
};

}  // namespace headrace::exchange
