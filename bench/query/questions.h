// One function a question, each in a file of its name; `query.cc` asks them in this order.
#pragma once

#include <array>

#include "bench.h"

namespace headrace::bench {

void q02_lookup(Bench& bench);
void q03_filter(Bench& bench);
void q04_activities(Bench& bench);
void q05_value(Bench& bench);
void q06_why(Bench& bench);
void q07_diff(Bench& bench);
void q08_tradeoff(Bench& bench);
void q09_command(Bench& bench);
void q11_summary(Bench& bench);

struct Question {
  const char* id;
  void (*ask)(Bench&);
};
inline constexpr std::array kQuestions = {
    Question{"q02", q02_lookup},   Question{"q03", q03_filter},  Question{"q04", q04_activities},
    Question{"q05", q05_value},    Question{"q06", q06_why},     Question{"q07", q07_diff},
    Question{"q08", q08_tradeoff}, Question{"q09", q09_command}, Question{"q11", q11_summary},
};

}  // namespace headrace::bench
