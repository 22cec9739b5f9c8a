// headrace_box_watch LOGS OUT [--notify | --preload LIBRARY] -- COMMAND...
//
// For tests: runs a program as `headrace run` does, supervised or with the library preloaded, and
// writes what the logs in the folder LOGS say of it into the file OUT, a line of JSON for each
// process and each thing that it did to a path. Without a command only reads. Exits as the program.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "box/file_class.h"
#include "box/log_reader.h"
#include "box/notify_spawn.h"
#include "box/notify_supervisor.h"
#include "box/process_tree.h"

extern char** environ;

namespace {

using namespace headrace;
using namespace headrace::box;

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

const char* kind_of(const BoxEvent& event) {
  switch (event.kind) {
    case BoxKind::kOpen:
    case BoxKind::kSpawnOpen: {
      const uint32_t flags =
          event.kind == BoxKind::kOpen ? event.file.open_flags : event.open.open_flags;
      switch (flags & O_ACCMODE) {
        case O_RDONLY: return "read";
        case O_WRONLY: return "write";
        default: return "read+write";
      }
    }
    case BoxKind::kRename: return event.has(kExchange) ? "exchanged" : "renamed";
    case BoxKind::kLink: return "linked";
    case BoxKind::kSymlink: return "symlinked";
    case BoxKind::kUnlink: return event.has(kIsDirectory) ? "removed folder" : "removed";
    case BoxKind::kTruncate: return event.path.empty() ? nullptr : "write";
    default: return nullptr;
  }
}

// Events in the order in which the process made them, with its working folder as it changes.
void print(std::ofstream& out, const BoxProcess& process, bool is_launcher) {
  out << R"({"process": )" << process.pid << R"(, "program": )" << json_text(process.executable)
      << R"(, "mechanism": ")" << process.mechanism << R"(", "completeness": ")"
      << name_of(process.completeness) << R"(", "launcher": )" << (is_launcher ? "true" : "false")
      << "}\n";
  std::string folder = process.folder;
  const BoxEvent* exchange = nullptr;  // the first of its two records
  for (const BoxProcess::Event& at : process.events) {
    const BoxEvent& event = *at.event;
    if (event.kind == BoxKind::kStart && !event.path2.empty()) folder = event.path2;
    if (event.kind == BoxKind::kChangeFolder) folder = event.path;
    const char* const kind = kind_of(event);
    if (kind == nullptr) continue;
    if (event.kind == BoxKind::kRename && event.has(kExchange)) {
      const bool is_second = exchange != nullptr && exchange->path == event.path2 &&
                             exchange->path2 == event.path && exchange->tid == event.tid;
      exchange = is_second ? nullptr : &event;
      if (is_second) continue;
    }
    // A folder that is opened, and a file without a name, are no files to others.
    if (event.kind == BoxKind::kOpen &&
        (S_ISDIR(event.file.mode) || (event.file.open_flags & O_TMPFILE) == O_TMPFILE)) {
      continue;
    }
    const std::string path =
        event.kind == BoxKind::kSymlink ? event.path : absolute_path(folder, event.path);
    const std::string to = event.path2.empty() ? "" : absolute_path(folder, event.path2);
    out << R"({"pid": )" << process.pid << R"(, "kind": ")" << kind << R"(", "path": )"
        << json_text(path) << R"(, "to": )" << json_text(to) << "}\n";
  }
}

int report(const std::string& logs, const std::string& to) {
  std::vector<ImageLog> images;
  for (const auto& entry : std::filesystem::directory_iterator(logs)) {
    if (entry.path().extension() != ".box") continue;  // what base/run_folder.h says lies there too
    Result<ImageLog> image = read_log(entry.path().string());
    if (!image.ok()) {
      std::fprintf(stderr, "%s\n", image.status().message().c_str());
      return 125;
    }
    images.push_back(std::move(*image));
  }
  std::ofstream out(to);
  // A fork child of a launcher is one until it becomes the launched program.
  std::map<int32_t, const LogHeader*> last;
  for (const ImageLog& image : images) {
    const LogHeader*& header = last[image.header.pid];
    if (header == nullptr || image.header.epoch > header->epoch) header = &image.header;
  }
  for (const BoxProcess& process : processes_of(images)) {
    const auto header = last.find(process.pid);
    print(out, process, header != last.end() && (header->second->flags & kLogPassive) != 0);
  }
  return out.flush() ? 0 : 125;
}

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run_supervised(const std::string& logs, const std::vector<std::string>& command) {
  SupervisedPlan plan;
  plan.command = command;
  for (char** at = environ; *at != nullptr; ++at) plan.environment.emplace_back(*at);
  SupervisedSpawn spawn;
  if (const Status status = spawn.start(plan); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    return 125;
  }
  Supervisor supervisor(spawn.listener(), logs);
  if (const int error = spawn.finish(); error != 0) {
    std::fprintf(stderr, "%s: %s\n", command[0].c_str(), std::strerror(error));
    return 127;
  }
  int status = 0;
  waitpid(spawn.pid(), &status, 0);
  supervisor.finish(10'000);
  return exit_code(status);
}

int run_preloaded(const std::string& logs, const char* library,
                  const std::vector<std::string>& command) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LD_PRELOAD", library, 1);
    setenv(kLogFolderVariable, logs.c_str(), 1);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return exit_code(status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  const std::string logs = argv[1];
  const std::string out = argv[2];
  const char* library = nullptr;
  bool notify = false;
  int at = 3;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    if (std::strcmp(argv[at], "--notify") == 0) notify = true;
    if (std::strcmp(argv[at], "--preload") == 0 && at + 1 < argc) library = argv[++at];
  }
  std::vector<std::string> command;
  for (++at; at < argc; ++at) command.emplace_back(argv[at]);
  int code = 0;
  if (notify) {
    code = run_supervised(logs, command);
  } else if (library != nullptr) {
    code = run_preloaded(logs, library, command);
  }
  const int failed = report(logs, out);
  return failed != 0 ? failed : code;
}
