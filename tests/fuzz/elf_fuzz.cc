// Any bytes as a program's file: what box/elf.h says of it comes after few reads, each inside of
// what it asked for, and never contradicts itself.
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "box/elf.h"
#include "tests/fuzz/check.h"

using namespace headrace::box;  // NOLINT: a program, not a header

namespace {

struct File {
  std::string_view bytes;
  size_t reads = 0;
  size_t bytes_read = 0;
};

// As pread: an error beyond what a file may hold, nothing behind its end.
ptrdiff_t read_at(void* context, uint64_t offset, void* out, size_t size) {
  File& file = *static_cast<File*>(context);
  ++file.reads;
  if (offset > std::numeric_limits<int64_t>::max()) return -1;
  if (offset >= file.bytes.size()) return 0;
  const std::string_view part = file.bytes.substr(static_cast<size_t>(offset), size);
  std::memcpy(out, part.data(), part.size());
  file.bytes_read += part.size();
  return static_cast<ptrdiff_t>(part.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  File file{{reinterpret_cast<const char*>(data), size}};
  const Image image = inspect_image({read_at, &file});
  FUZZ_CHECK(file.reads < 10'000);
  FUZZ_CHECK(file.bytes_read < 512 * 1024);
  FUZZ_CHECK(image.blind < kBlindNotRunnable << 1);
  const size_t named = strnlen(image.interpreter, kMaxInterpreter);
  FUZZ_CHECK(named < kMaxInterpreter);
  switch (image.kind) {
    case ImageKind::kElf:
      FUZZ_CHECK(image.blind != 0 || named != 0);
      FUZZ_CHECK((image.blind & kBlindStatic) == 0 || named == 0);
      break;
    case ImageKind::kScript:
      FUZZ_CHECK((named == 0) == (image.blind == kBlindNotRunnable));
      FUZZ_CHECK(std::strpbrk(image.interpreter, " \t\n") == nullptr);
      break;
    case ImageKind::kOther: FUZZ_CHECK(image.blind == kBlindUnreadable && named == 0);
  }
  return 0;
}
