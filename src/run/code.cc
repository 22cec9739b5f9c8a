#include "run/code.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>
#include <system_error>

#include "run/spawn.h"

namespace headrace::run {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 16> kInterpreters = {
    "python", "pypy", "bash",    "sh",    "dash",  "zsh", "ksh",    "perl",
    "ruby",   "node", "Rscript", "julia", "tclsh", "lua", "octave", "deno"};

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// python3.11 -> python
std::string without_version(std::string name) {
  while (!name.empty() && (std::isdigit(static_cast<unsigned char>(name.back())) != 0 ||
                           name.back() == '.' || name.back() == '-')) {
    name.pop_back();
  }
  return name;
}

bool is_interpreter(const std::string& program) {
  const std::string name = without_version(fs::path(program).filename());
  return std::find(kInterpreters.begin(), kInterpreters.end(), name) != kInterpreters.end();
}

// The script among an interpreter's arguments: the first that is no option. -c and -m run something
// else, and so does -e but for shells, which stop at errors with it.
size_t script_index(const std::vector<std::string>& command) {
  if (!is_interpreter(command[0])) return 0;
  const bool shell = without_version(fs::path(command[0]).filename()).ends_with("sh");
  for (size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word == "-c" || word == "-m" || (word == "-e" && !shell)) return 0;
    if (!word.empty() && word[0] != '-') return is_file(word) ? i : 0;
  }
  return 0;
}

// The interpreter in a file's first line, through env if it is used; empty without one.
std::string shebang(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line(256, '\0');
  file.read(line.data(), 256);
  line.resize(static_cast<size_t>(file.gcount()));
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size();) {
    at = line.find_first_not_of(" \t\r", at);
    if (at == std::string::npos) break;
    const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  if (words.empty()) return {};
  if (fs::path(words[0]).filename() != "env") return words[0];
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i][0] != '-') return find_executable(words[i]);
  }
  return {};
}

}  // namespace

std::vector<CodeFile> code_of(const std::vector<std::string>& command) {
  std::vector<CodeFile> files;
  const std::string executable = find_executable(command[0]);
  if (executable.empty()) return files;
  files.push_back({"executable", executable});
  if (const size_t script = script_index(command); script > 0) {
    files.push_back({"script", command[script]});
  } else if (const std::string by = shebang(executable); !by.empty()) {
    files[0].role = "script";
    if (is_file(by)) files.push_back({"interpreter", by});
  }
  return files;
}

std::string name_of_command(const std::vector<std::string>& command) {
  if (const size_t script = script_index(command); script > 0) {
    return fs::path(command[script]).filename();
  }
  if (is_interpreter(command[0])) {
    for (size_t i = 1; i + 1 < command.size(); ++i) {
      if (command[i] == "-m") return command[i + 1];
    }
  }
  return fs::path(command[0]).filename();
}

std::string quoted(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) {
    if (!out.empty()) out += ' ';
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("_-./=:,@%+").find(c) != std::string_view::npos;
    });
    if (plain) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) {
      if (c == '\'')
        out += "'\\''";
      else
        out += c;
    }
    out += '\'';
  }
  return out;
}

}  // namespace headrace::run
