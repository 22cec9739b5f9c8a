#include "run/box_records.h"

#include <algorithm>
#include <fcntl.h>
#include <set>

#include "box/elf.h"
#include "capture/recorder.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "capture/workflow.h"
#include "run/blob.h"
#include "run/code.h"
#include "run/spawn.h"

namespace headrace::run {
namespace {

using box::BoxProcess;
using box::EntityKind;
using capture::Fields;
using capture::name_id;

constexpr size_t kLongestCommand = 8 * 1024;
constexpr size_t kEdgesPerRecord = 100;

void add_text(Fields& fields, std::string_view name, std::string_view text) {
  if (!text.empty()) fields.add_string(Role::kAttribute, name_id(name), text);
}
void add_known(Fields& fields, std::string_view name, int64_t value) {
  if (value >= 0) fields.add_int(Role::kAttribute, name_id(name), value);
}
void add_seconds(Fields& fields, std::string_view name, int64_t microseconds) {
  if (microseconds >= 0) {
    fields.add_float(Role::kAttribute, name_id(name), static_cast<double>(microseconds) * 1e-6);
  }
}

std::string name_of(const BoxProcess& process) {
  if (process.arguments.empty() || process.arguments[0].empty()) return process.name();
  const std::string name = name_of_command(process.arguments);
  return name.empty() ? process.name() : name;
}

// Why less is known of a program than could be: what was seen, or what its file says.
void add_blind(std::vector<std::string> why, const std::string& executable, Fields* fields) {
  if (why.empty() && !executable.empty()) {
    const uint32_t bits = box::inspect_program(AT_FDCWD, executable.c_str()).blind;
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
      const char* name = (bits & bit) == 0 ? nullptr : box::blind_spot_name(bit);
      if (name != nullptr) why.emplace_back(name);
    }
  }
  if (why.empty()) return;
  NestedMap blind;
  blind.add("why", why);
  fields->add_nested(Role::kAttribute, name_id("blind"), blind.nested());
}

// The file that a silent process ran, as far as can be told.
std::string file_of(const BoxProcess& process) {
  const std::string& name = process.executable;
  if (name.find('/') == std::string::npos) return find_executable(name);
  return box::absolute_path(process.folder, name);
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

TaskStatus status_of(const BoxProcess& process) {
  if (process.is_replaced || process.completeness == box::Completeness::kNone) {
    return TaskStatus::kFinished;
  }
  if (!process.has_exit) return TaskStatus::kFailed;
  return process.exit_code <= 0 ? TaskStatus::kFinished : TaskStatus::kFailed;
}

}  // namespace

NestedMap BoxRecords::write(capture::FinishedTask* root, const Uuid& root_id, pid_t program,
                            const std::vector<std::string>& command, const Taken& taken) {
  const size_t root_process = find_root(program);
  name_tasks(root_process, root_id, taken);
  gather_edges();
  for (size_t i = 0; i < lineage_.processes.size(); ++i) {
    if (i == root_process) {
      add_facts(lineage_.processes[i], i, &root->fields);
    } else if (!lineage_.processes[i].is_elsewhere) {
      write_process(i, root_id);
    }
  }
  write_unplaced(root_id);
  write_edges();
  std::map<std::string, int64_t> seen;
  for (const BoxProcess& process : lineage_.processes) {
    if (!process.is_elsewhere) ++seen[box::name_of(process.completeness)];
  }
  if (root_process == box::kNoProcess) {
    ++seen["none"];
    add_text(root->fields, "mechanism", "proc");
    add_text(root->fields, "completeness", "none");
    add_blind({}, find_executable(command[0]), &root->fields);
  }
  NestedMap out;
  for (const auto& [how, count] : seen) out.add(how, count);
  return out;
}

void BoxRecords::write_left(const Uuid& root_id, const Taken& taken) {
  const size_t root = lineage_.processes.empty() ? box::kNoProcess : 0;
  name_tasks(root, root_id, taken);
  gather_edges();
  const ProducerId killed = split_task_uuid(root_id).producer;
  for (size_t i = 0; i < lineage_.processes.size(); ++i) {
    const bool is_known = split_task_uuid(tasks_[i]).producer == killed;
    if (!is_known && !lineage_.processes[i].is_elsewhere) write_process(i, root_id);
  }
  write_edges();
}

uint64_t BoxRecords::ticks_of(int64_t monotonic_ns) const {
  const double span_ns = static_cast<double>(now_.monotonic_ns - began_.monotonic_ns);
  const double per_ns =
      span_ns > 0 ? static_cast<double>(now_.ticks - began_.ticks) / span_ns : 1.0;
  const double since = static_cast<double>(monotonic_ns - began_.monotonic_ns) * per_ns;
  return began_.ticks + static_cast<uint64_t>(static_cast<int64_t>(since));
}

size_t BoxRecords::find_root(pid_t program) const {
  for (size_t i = 0; i < lineage_.processes.size(); ++i) {
    if (lineage_.processes[i].pid == program) return i;
  }
  return box::kNoProcess;
}

void BoxRecords::name_tasks(size_t root, const Uuid& root_id, const Taken& taken) {
  const capture::Recorder* recorder = capture::Recorder::existing();
  const ProducerId producer = recorder == nullptr ? 0 : recorder->producer();
  for (size_t i = 0; i < lineage_.processes.size(); ++i) {
    if (i == root) {
      numbers_.push_back(split_task_uuid(root_id).number);
      tasks_.push_back(root_id);
      continue;
    }
    numbers_.push_back(capture::draw_task_number());
    tasks_.push_back(task_uuid(producer, numbers_.back()));
  }
  place_taken(root, root_id, taken);
}

// A process has the last that it took: one that recorded and became another program by exec has
// taken two.
void BoxRecords::place_taken(size_t root, const Uuid& root_id, const Taken& taken) {
  started_in_.resize(tasks_.size());
  const ProducerId producer = split_task_uuid(root_id).producer;
  std::vector<std::pair<int64_t, TaskNumber>> by_time;
  for (const auto& [number, said] : taken) by_time.emplace_back(said.at_ns, number);
  std::sort(by_time.begin(), by_time.end());
  std::map<size_t, TaskNumber> placed;
  for (const auto& [at_ns, number] : by_time) {
    const capture::ProcessTask& said = taken.at(number);
    size_t process = box::kNoProcess;
    for (size_t i = 0; i < lineage_.processes.size(); ++i) {
      const BoxProcess& one = lineage_.processes[i];
      if (one.pid == said.pid && !one.is_elsewhere && one.began_ns <= at_ns) process = i;
    }
    if (process == root || process == box::kNoProcess) {
      unplaced_.emplace(number, process);
      continue;
    }
    if (const auto before = placed.find(process); before != placed.end()) {
      unplaced_.emplace(before->second, process);
    }
    placed[process] = number;
    numbers_[process] = number;
    tasks_[process] = task_uuid(producer, number);
    started_in_[process] = said.started_in;
  }
}

// Nothing is known of such a process but that it recorded something.
void BoxRecords::write_unplaced(const Uuid& root_id) {
  for (const auto& [number, process] : unplaced_) {
    const bool is_known = process != box::kNoProcess;
    capture::FinishedTask task;
    task.number = number;
    task.workflow = workflow_;
    task.activity_id =
        capture::intern_activity(is_known ? name_of(lineage_.processes[process]) : "process");
    task.parent = is_known ? tasks_[process] : root_id;
    task.begin_ticks = is_known ? ticks_of(lineage_.processes[process].began_ns) : began_.ticks;
    task.end_ticks = is_known ? ticks_of(lineage_.processes[process].ended_ns) : now_.ticks;
    task.end_ticks = std::max(task.end_ticks, task.begin_ticks + 1);
    add_text(task.fields, "mechanism", "proc");
    add_text(task.fields, "completeness", "none");
    capture::record_finished_task(task);
  }
}

void BoxRecords::add_facts(const BoxProcess& process, size_t number, Fields* fields) {
  add_text(*fields, "mechanism", process.mechanism);
  add_text(*fields, "completeness", box::name_of(process.completeness));
  add_known(*fields, "pid", process.pid);
  const std::string command =
      quoted(capture::without_secrets(process.arguments)).substr(0, kLongestCommand);
  add_text(*fields, "command", command);
  add_text(*fields, "executable", process.executable);
  add_text(*fields, "cwd", process.folder);
  if (process.has_exit) add_known(*fields, "exit_code", process.exit_code);
  add_known(*fields, "read_bytes", process.totals.read_bytes);
  add_known(*fields, "written_bytes", process.totals.written_bytes);
  add_known(*fields, "storage_read_bytes", process.totals.storage_read_bytes);
  add_known(*fields, "storage_written_bytes", process.totals.storage_written_bytes);
  add_seconds(*fields, "user_s", process.totals.user_us);
  add_seconds(*fields, "system_s", process.totals.system_us);
  add_known(*fields, "max_rss_bytes", process.totals.max_rss_bytes);
  NestedMap files;
  const auto add_count = [&files](const char* name, uint64_t count) {
    if (count > 0) files.add(name, static_cast<int64_t>(count));
  };
  const box::Environment& environment = lineage_.environments[number];
  add_count("environment", environment.paths.size());
  add_count("cache_written", environment.cache_files_written);
  add_count("private_temporaries", environment.private_temporaries);
  add_count("untouched_descriptors", environment.untouched_descriptors);
  add_count("failed_opens", process.failed_opens);
  add_count("kernel_opens", process.kernel_opens);
  add_count("repeated_opens", process.repeated_opens);
  add_count("lost_records", process.lost_records);
  add_count("damaged_records", process.damaged_records);
  add_count("unseen_children", process.unseen_children);
  if (!files.empty()) fields->add_nested(Role::kAttribute, name_id("files"), files.nested());
  if (process.completeness == box::Completeness::kNone) {
    add_blind(process.blind, file_of(process), fields);
  } else if (!process.blind.empty()) {
    add_blind(process.blind, {}, fields);
  }
}

void BoxRecords::write_process(size_t number, const Uuid& root_id) {
  const BoxProcess& process = lineage_.processes[number];
  capture::FinishedTask task;
  task.number = numbers_[number];
  task.workflow = workflow_;
  task.activity_id = capture::intern_activity(name_of(process));
  task.parent = root_id;
  if (!process.parent_task.is_nil()) {
    task.parent = process.parent_task;
  } else if (!started_in_[number].is_nil()) {
    task.parent = started_in_[number];
  } else if (process.parent != box::kNoProcess) {
    task.parent = tasks_[process.parent];
  }
  task.begin_ticks = ticks_of(process.began_ns);
  task.end_ticks = std::max(ticks_of(process.ended_ns), task.begin_ticks + 1);
  task.status = status_of(process);
  add_facts(process, number, &task.fields);
  if (!process.has_exit && task.status == TaskStatus::kFailed) {
    task.fields.add_string(Role::kError, name_id("type"), "killed");
    task.fields.add_string(Role::kError, name_id("message"),
                           "the process ended without exit: a signal killed it, or it still runs");
  } else if (task.status == TaskStatus::kFailed) {
    task.fields.add_string(Role::kError, name_id("type"), "exit");
    task.fields.add_string(Role::kError, name_id("message"),
                           "the process ended with exit code " + std::to_string(process.exit_code));
  }
  capture::record_finished_task(task);
}

Uuid BoxRecords::object_of(size_t entity) {
  const auto found = objects_.find(entity);
  if (found != objects_.end()) return found->second;
  const box::Entity& what = lineage_.entities[entity];
  Uuid id;
  Fields fields;
  if (what.kind == EntityKind::kFile) {
    id = file_object(what);
  } else if (what.kind == EntityKind::kPipe) {
    id = capture::named_object_id("pipe", what.path,
                                  workflow_.text() + "/" + std::to_string(entity));
    add_text(fields, "name", what.path);
    capture::record_object(id, "pipe", fields);
  } else {
    id = capture::named_object_id("directory", what.path, "");
    add_text(fields, "name", file_name(what.path));
    add_text(fields, "path", what.path);
    capture::record_object(id, "directory", fields);
  }
  objects_.emplace(entity, id);
  return id;
}

Uuid BoxRecords::file_object(const box::Entity& entity) {
  Fields fields;
  add_text(fields, "name", file_name(entity.path));
  add_text(fields, "path", entity.path);
  add_known(fields, "size_bytes", entity.state.is_known ? entity.state.size_bytes : -1);
  if (entity.file_class != box::FileClass::kUser) {
    add_text(fields, "class", box::name_of(entity.file_class));
  }
  Uuid id;
  const auto hash = hashes_.of(entity.path, entity.state);
  if (hash && !hash->is_sampled) {
    id = capture::file_object_id(entity.path, hex(hash->sha256));
    fields.add_bytes(Role::kAttribute, name_id("sha256"),
                     {reinterpret_cast<const char*>(hash->sha256.data()), hash->sha256.size()});
  } else if (hash) {
    id = capture::file_object_id(entity.path, "sampled:" + hex(hash->sha256));
    add_text(fields, "sampled_sha256", hex(hash->sha256));
  } else {
    // Told apart by what the kernel says of it.
    const box::FileState& s = entity.state;
    id = capture::file_object_id(
        entity.path, "state:" + std::to_string(s.dev) + ":" + std::to_string(s.ino) + ":" +
                         std::to_string(s.size_bytes) + ":" + std::to_string(s.mtime_ns));
    add_text(fields, "not_hashed", entity.is_removed ? "removed" : "changed since");
  }
  capture::record_object(id, "file", fields);
  return id;
}

std::optional<Uuid> BoxRecords::environment_of(size_t process) {
  const box::Environment& environment = lineage_.environments[process];
  if (environment.paths.empty()) return std::nullopt;
  std::string list;
  for (const std::string& path : environment.paths) list += path + "\n";
  const std::string name =
      std::to_string(environment.paths.size()) + " files of the system and of languages";
  const Result<Uuid> id = record_blob(directory_, "system_files", name, "text/plain", list);
  if (!id.ok()) return std::nullopt;
  return *id;
}

void BoxRecords::gather_edges() {
  std::set<std::tuple<Uuid, Uuid>> used;
  for (const box::EntityUse& use : lineage_.uses) {
    const Uuid task = use.task.is_nil() ? tasks_[use.process] : use.task;
    edges_.push_back({task, object_of(use.entity), use.is_generated, use.is_exact, use.how});
    if (!use.is_generated) used.emplace(task, edges_.back().object);
  }
  // What was written again as it was read is no product.
  std::erase_if(edges_, [&](const Edge& edge) {
    return edge.is_generated && used.contains({edge.task, edge.object});
  });
  for (size_t i = 0; i < lineage_.processes.size(); ++i) {
    if (const auto id = environment_of(i)) {
      edges_.push_back({tasks_[i], *id, false, true, "system_files"});
    }
  }
}

void BoxRecords::write_edges() {
  std::stable_sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) {
    return std::tuple(a.task, a.is_exact) < std::tuple(b.task, b.is_exact);
  });
  for (size_t at = 0; at < edges_.size();) {
    Fields fields;
    const Edge& first = edges_[at];
    for (size_t n = 0; n < kEdgesPerRecord && at < edges_.size(); ++n, ++at) {
      const Edge& edge = edges_[at];
      if (edge.task != first.task || edge.is_exact != first.is_exact) break;
      fields.add_object(edge.is_generated ? Role::kGenerated : Role::kUsed, name_id(edge.how),
                        edge.object);
    }
    capture::record_edges(first.task, fields, !first.is_exact);
  }
}

}  // namespace headrace::run
