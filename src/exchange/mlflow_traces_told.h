// Which of MLflow's traces were handed over, and in what state: those that are as they were are
// not read again. Some 60 bytes a trace.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace headrace::exchange {

class MlflowTracesTold {
 public:
  // Whether a trace with this id is new or looks other than at the last note().
  bool is_news(const std::string& id, std::string_view look) const;
  // Whether it had ended at the last note().
  bool has_ended(const std::string& id) const;
  void note(const std::string& id, std::string_view look, bool has_ended);

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  struct Told {
    uint64_t look = 0;  // a hash
    bool has_ended = false;
  };
  std::map<std::string, Told> told_;
};

}  // namespace headrace::exchange
