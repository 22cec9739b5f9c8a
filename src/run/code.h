// Which files a command line runs: the executable, and the script that an interpreter is given.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headrace::run {

struct CodeFile {
  std::string role;  // executable, script, interpreter
  std::filesystem::path path;
};

// Of `command`, as a shell would start it. A script that is started by its own first line comes
// with the interpreter named there. Files that cannot be read are left out.
std::vector<CodeFile> code_of(const std::vector<std::string>& command);

// A short name: the script's, the module's after `-m`, else the executable's.
std::string name_of_command(const std::vector<std::string>& command);

// As a shell would take it: words quoted where they need it.
std::string quoted(const std::vector<std::string>& command);

}  // namespace headrace::run
