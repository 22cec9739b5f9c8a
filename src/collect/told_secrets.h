// Takes secrets out of what a foreign source tells, by the rules of live capture
// (capture/redaction.h, capture/secrets.h), before any of it is kept: in the spool, in the notes,
// in quarantine.
//
//   if (std::optional<TaskTold> clean = without_secrets(told)) ...  // else there are none in it
//
// A value whose name says that it is a secret becomes a placeholder that says so, and so does one
// in a map, however deep; out of text, wherever it stands, what looks like a secret is taken.
// References to objects stay. Time is linear in what is told; nothing is copied where no secret is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "collect/told.h"

namespace headrace::collect {

// Nothing when there is no secret in it. Each adds to `count` what was taken out.
std::optional<TaskTold> without_secrets(const TaskTold& told, uint64_t* count);
std::optional<WorkflowTold> without_secrets(const WorkflowTold& told, uint64_t* count);
std::optional<ObjectTold> without_secrets(const ObjectTold& told, uint64_t* count);
std::optional<RowTold> without_secrets(const RowTold& told, uint64_t* count);
std::optional<LineTold> without_secrets(const LineTold& told, uint64_t* count);

}  // namespace headrace::collect
