#include "run/run_facts.h"

#include <csignal>
#include <cstring>
#include <set>
#include <system_error>

#include "capture/file_object.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "encode/nested_from_json.h"
#include "model/sensor.h"
#include "run/blob.h"
#include "run/code.h"
#include "run/git.h"
#include "run/job.h"
#include "run/machine.h"
#include "run/resources.h"
#include "run/variables.h"

namespace headrace::run {
namespace {

using capture::Fields;
using capture::name_id;

constexpr size_t kMaxInline = 16 * 1024;
// Below Fields::kMaxTailBytes by what the other values of a record may need.
constexpr size_t kMaxRecord = 30 * 1024;
constexpr size_t kLogPieceBytes = 8 * 1024;

void add_text(Fields& fields, std::string_view name, std::string_view text) {
  fields.add_string(Role::kAttribute, name_id(name), text);
}

}  // namespace

void RunFacts::add_facts(Fields& fields, std::string_view name, const std::string& nested) {
  if (nested.size() <= kMaxInline && fields.bytes_after_fixed() + nested.size() <= kMaxRecord) {
    return fields.add_nested(Role::kAttribute, name_id(name), nested);
  }
  const std::string json = nested_to_json(nested).value_or("null");
  const Result<Uuid> id = record_blob(options_.directory, "environment",
                                      std::string(name) + ".json", "application/json", json);
  if (!id.ok()) {
    return fields.add_placeholder(Role::kAttribute, name_id(name), "map", id.status().message());
  }
  fields.add_object(Role::kAttribute, name_id(name), *id);
  edges_.push_back({std::string(name), *id});
}

void RunFacts::add_diff(const std::string& diff) {
  const std::string kept = capture::without_secrets(diff, capture::Redact::kSource);
  const Result<Uuid> id =
      record_blob(options_.directory, "diff", "uncommitted changes", "text/x-diff", kept);
  if (id.ok()) edges_.push_back({"git_diff", *id});
}

Fields RunFacts::before() {
  Fields fields;
  const std::vector<std::string> words = capture::without_secrets(options_.command);
  add_text(fields, "command", quoted(words).substr(0, 8 * 1024));
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (!error) {
    add_text(fields, "cwd", here.native());
    const GitFacts git = read_git(here);
    if (const NestedMap map = git.nested(); !map.empty()) add_facts(fields, "git", map.nested());
    if (!git.diff.empty()) add_diff(git.diff);
  }
  if (const NestedMap job = read_job(); !job.empty()) add_facts(fields, "job", job.nested());
  add_facts(fields, "environment", kept_variables().nested());
  return fields;
}

void RunFacts::during() {
  machine_ = read_machine();
  for (const CodeFile& code : code_of(options_.command)) {
    const Result<Uuid> id = capture::record_file(code.path, "code");
    if (id.ok()) edges_.push_back({code.role, *id});
  }
}

// The program's own processes cannot be sampled from here, but their CPU time is known at the end.
void RunFacts::add_energy(Fields& fields, const Ended& ended) {
  if (options_.busy_cpu_w <= 0) return;
  NestedMap energy;
  energy.add("cpu_j", cpu_seconds(ended.usage) * options_.busy_cpu_w);
  energy.add("truth", name_of(Truth::kEstimated));
  energy.add("method", "cpu_time_x_constant");
  energy.add("assumption", options_.busy_cpu_assumption);
  add_facts(fields, "energy", energy.nested());
}

void RunFacts::add_edges(Fields& fields) {
  for (const Edge& edge : edges_) fields.add_object(Role::kUsed, name_id(edge.name), edge.object);
}

void RunFacts::log_output(Fields& fields, LogStream stream, const Outputs::Kept& kept) {
  const char* const name = stream == LogStream::kStdout ? "stdout" : "stderr";
  NestedMap facts;
  facts.add("kept", kept.how);
  if (kept.tail.total_bytes() > 0) {
    facts.add("bytes", kept.tail.total_bytes());
    if (kept.tail.total_bytes() > OutputTail::kBytes) facts.add("kept_bytes", OutputTail::kBytes);
    for (const std::string& piece : text_pieces(kept.tail, kLogPieceBytes)) {
      Fields log;
      log.add_string(Role::kGenerated, name_id("text"), piece);
      capture::log_values(nullptr, stream, log);
    }
  }
  add_facts(fields, name, facts.nested());
}

void RunFacts::add_python(Fields& fields, std::vector<PythonHook::Answer> answers) {
  if (answers.empty()) return;
  // The first is the program's own; the others are interpreters that it started.
  if (const auto summary = nested_from_json(answers[0].summary); summary.ok()) {
    add_facts(fields, "python", *summary);
  }
  if (answers.size() > 1) {
    fields.add_int(Role::kAttribute, name_id("python_processes"),
                   static_cast<int64_t>(answers.size()));
  }
  std::set<std::string> seen;
  for (const PythonHook::Answer& answer : answers) {
    if (!seen.insert(answer.packages).second) continue;
    const auto packages = nested_from_json(answer.packages);
    if (!packages.ok()) continue;
    const std::string name =
        seen.size() == 1 ? "python_packages" : "python_packages_" + std::to_string(seen.size());
    add_facts(fields, name, *packages);
  }
}

Fields RunFacts::after(const Ended& ended, std::vector<PythonHook::Answer> python,
                       const Outputs& outputs) {
  Fields fields;
  fields.add_int(Role::kAttribute, name_id("exit_code"), ended.exit_code);
  if (ended.signal != 0) {
    const char* const name = sigabbrev_np(ended.signal);
    add_text(fields, "signal", name != nullptr ? std::string("SIG") + name : "unknown");
  }
  if (ended.exit_code != 0) {
    fields.add_string(Role::kError, name_id("type"), ended.signal != 0 ? "signal" : "exit code");
    fields.add_string(Role::kError, name_id("message"),
                      ended.signal != 0
                          ? std::string(strsignal(ended.signal))
                          : "the program ended with exit code " + std::to_string(ended.exit_code));
  }
  add_facts(fields, "resources", resources_of(ended.usage, ended.io).nested());
  add_energy(fields, ended);
  add_facts(fields, "machine", machine_.nested());
  log_output(fields, LogStream::kStdout, outputs.kept_stdout());
  log_output(fields, LogStream::kStderr, outputs.kept_stderr());
  add_python(fields, std::move(python));
  add_edges(fields);
  return fields;
}

Fields RunFacts::not_started(int exit_code, const std::string& why) {
  Fields fields;
  fields.add_int(Role::kAttribute, name_id("exit_code"), exit_code);
  fields.add_string(Role::kError, name_id("type"), "not started");
  fields.add_string(Role::kError, name_id("message"), why);
  add_facts(fields, "machine", machine_.nested());
  add_edges(fields);
  return fields;
}

}  // namespace headrace::run
