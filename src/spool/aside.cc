#include "spool/aside.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/whole_file.h"

namespace headrace {

Status set_aside(const Directory& directory, ProducerId producer, std::string_view from,
                 std::string_view bytes, std::string_view reason, bool* is_known) {
  namespace fs = std::filesystem;
  Sha256 hash;
  hash.update(reason);
  hash.update(std::string_view("\0", 1));
  hash.update(bytes);
  char name[160];
  std::snprintf(name, sizeof name, "%015" PRIx64 ".%.64s@%" PRIu64, producer,
                std::string(from).c_str(), load_le<uint64_t>(hash.finish().data()) >> 1);
  const std::string path = (directory.quarantine() / name).string();
  std::error_code error;
  fs::create_directories(directory.quarantine(), error);
  *is_known = fs::exists(path + ".bin", error);
  if (*is_known) return {};
  for (const auto& [ending, text] : {std::pair(".bin", bytes), std::pair(".reason", reason)}) {
    Result<WholeFile> file = WholeFile::open(path + ending);
    if (!file.ok()) return file.status();
    file->write(text);
    HEADRACE_RETURN_IF_ERROR(file->finish());
  }
  return {};
}

}  // namespace headrace
