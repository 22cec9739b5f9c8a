// Fields of Flowcept's task and workflow documents that have no column here: kept as attributes
// under their own names, and told again in its documents. Source: Flowcept 1.0.3, task_object.py
// and workflow_object.py.
#pragma once

#include <set>
#include <string_view>

namespace headrace::exchange {

using FlowceptFields = std::set<std::string_view>;
extern const FlowceptFields kFlowceptTaskFields;
extern const FlowceptFields kFlowceptWorkflowFields;

}  // namespace headrace::exchange
