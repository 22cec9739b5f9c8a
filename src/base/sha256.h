// SHA-256 (FIPS 180-4), with the CPU's SHA instructions where it has them: what identifies the
// content of datasets, models and files. A file is read once, in 1 MiB pieces.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  Sha256Digest finish();  // once

 private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> block_;
  size_t filled_ = 0;
  uint64_t total_bytes_ = 0;
};

Sha256Digest sha256(std::string_view bytes);
std::string hex(const Sha256Digest& digest);

struct FileDigest {
  Sha256Digest sha256{};
  uint64_t size_bytes = 0;
};
Result<FileDigest> digest_file(const std::filesystem::path& path);

}  // namespace headrace
