// What the store answers about one row, as text.
#pragma once

#include <string>

#include "query/session.h"
#include "top/view.h"

namespace headrace::top {

// Lines of so many columns at most; an error is the answer then.
TextPage answer_to(const query::Session& session, const Question& question, size_t columns);

}  // namespace headrace::top
