// What a thing went into: everything that was made from it, step by step.
//
//   Result<Why> affected = affected_by(session, "corpus.bin", std::filesystem::current_path());
//   std::cout << why_text(*affected);
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"
#include "query/why.h"

namespace headrace::query {

// `text`, options and errors as of explain(). Facts: subject; affected {objects, tasks, workflows}
// and how many of these are inferred; steps, a list {distance, activity, workflow, tasks, objects};
// ends, the objects that nobody used further; cycles; cut.
Result<Why> affected_by(const Session& session, const std::string& text,
                        const std::filesystem::path& here, const WhyOptions& options = {});

}  // namespace headrace::query
