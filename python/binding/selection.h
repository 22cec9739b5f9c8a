// Which calls of an activity leave a record: all, or a sample, or those that take long enough; and
// how many did not, so that what is recorded still adds up.
//
// The next record of the activity carries the counts since the one before as the attributes
// `sampled_out` and `too_short`; the totals stand in capture_stats() and in the process's facts.
#pragma once

#include <cstdint>
#include <string>

#include "binding/python.h"
#include "capture/fields.h"

namespace headrace::binding {

class Selection {
 public:
  // `sample`: null, None, an int n >= 1 (one call of n) or a float in (0, 1] (a probability).
  // `min_duration`: null, None or seconds >= 0. Null, with an exception, where they are not.
  static Selection* make(const std::string& activity, PyObject* sample, PyObject* min_duration);
  ~Selection();
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  // Whether the call that begins now is recorded; counted if not.
  bool takes();
  // Whether a call of so many ticks that finished is too short; counted if it is.
  bool is_too_short(uint64_t duration_ticks);
  // What was left out since the last record.
  void add_counts(capture::Fields& fields);

 private:
  explicit Selection(std::string activity);
  void forget_parent();

  const std::string activity_;
  Selection* next_ = nullptr;  // of all, for the totals
  Selection* previous_ = nullptr;
  uint64_t every_ = 1;      // one call of so many; 0: by chance
  uint64_t threshold_ = 0;  // a random number below it takes the call
  uint64_t random_ = 0;
  uint64_t calls_ = 0;
  double min_duration_s_ = 0;
  uint64_t sampled_out_ = 0;  // since the last record
  uint64_t too_short_ = 0;
  uint64_t all_sampled_out_ = 0;
  uint64_t all_too_short_ = 0;
  uint32_t generation_ = 0;

  friend struct LeftOut;
};

// The totals of this process, of all activities and by activity ({"name": [sampled out, too
// short]}, empty: none).
struct LeftOut {
  uint64_t sampled_out = 0;
  uint64_t too_short = 0;
  std::string by_activity;
  static LeftOut now();
};

}  // namespace headrace::binding
