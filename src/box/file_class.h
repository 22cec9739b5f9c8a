// What kind of file a path is: the user's own data, or what programs open for themselves. Told from
// the path alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::box {

enum class FileClass : uint8_t {
  kUser,     // everything that is none of the below
  kTemp,     // /tmp, /var/tmp, /dev/shm, TMPDIR: treated as data, and named as what it is
  kCache,    // what can be made again: __pycache__, ~/.cache, compiled kernels
  kRuntime,  // a language's libraries: site-packages, a JDK, compiler's own
  kSystem,   // /etc, /usr, /lib, /proc, ...
  kOwn,      // Headrace's
};
const char* name_of(FileClass file_class);

// Data: what lineage names. The others are counted and listed in one record for each process.
constexpr bool is_data(FileClass c) { return c == FileClass::kUser || c == FileClass::kTemp; }

struct ClassRules {
  std::string work_folder;               // below it is the user's, wherever it lies
  std::vector<std::string> own_folders;  // absolute: .headrace, the logs'
  std::string temp_folder;               // TMPDIR, may be empty
};
// `path` absolute, without . and .. parts.
FileClass class_of(std::string_view path, const ClassRules& rules);

// `path` below `folder` where it is relative; . and .. and doubled slashes taken out by name alone.
std::string absolute_path(std::string_view folder, std::string_view path);

}  // namespace headrace::box
