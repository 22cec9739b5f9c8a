// What is needed to run a workflow again, as far as it was captured: code version, environment,
// command, inputs and whether they are still there unchanged; what is missing; and what a new run
// is compared with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

enum class FileState : uint8_t { kUnchanged, kChanged, kMissing, kUnknown };
std::string_view name_of(FileState state);

struct RecordedFile {
  std::string path;                       // absolute
  std::string sha256;                     // "" where it was not hashed
  FileState state = FileState::kUnknown;  // compared with what lies there now
};

struct Reproduction {
  Thing workflow;
  std::string run;      // the workflow whose command it was: its own name, or that of one around it
  std::string command;  // as a shell reads it
  std::string folder;   // in which it ran
  int64_t exit_code = 0;
  std::string git_root;
  std::string commit;
  std::string branch;
  bool dirty = false;
  std::string diff;  // the file with what differed from the commit; "" for none
  std::string language;
  std::map<std::string, std::string> variables;  // of the environment, as far as it was kept
  std::vector<std::pair<std::string, std::string>> packages;  // name, version
  std::vector<RecordedFile> code;                             // run, outside git as well
  std::vector<RecordedFile> inputs;       // these and outputs of all that the command did
  std::vector<RecordedFile> outputs;      // the last of each path; their state says nothing
  std::map<std::string, double> metrics;  // "loss", "train[2].loss": what tasks generated
  std::vector<std::string> missing;       // sentences; empty: all that is needed is there

  // The folder that holds the project: that of git, else the one in which it ran.
  const std::string& root() const { return git_root.empty() ? folder : git_root; }
};

// `text`: a workflow. Errors: of identify. Reads the inputs, to compare their hashes.
Result<Reproduction> reproduction_of(const Session& session, const std::string& text,
                                     const std::filesystem::path& here);
// What a workflow and those inside it generated, as numbers by name.
Result<std::map<std::string, double>> metrics_of(const Session& session,
                                                 const std::string& workflow_id);

std::string reproduction_text(const Reproduction& reproduction);
Json reproduction_json(const Reproduction& reproduction);

}  // namespace headrace::query
