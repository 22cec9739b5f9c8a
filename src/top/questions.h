// What the store answers about one row, as text.
#pragma once

#include <string>

#include "query/session.h"
#include "top/view.h"

namespace headrace::top {

// An error is the answer then.
TextPage answer_to(const query::Session& session, const Question& question);

}  // namespace headrace::top
