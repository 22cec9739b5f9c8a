// Which programs a preloaded library cannot see into, told from the file before it runs.
//
//   const Image image = inspect_program(AT_FDCWD, "/usr/bin/rclone");
//   if (image.blind != 0) ...  // kBlindStatic | kBlindGo
//
// Nothing here allocates, throws or needs more than libc, so that it may run in any process.
// Formats: System V ABI, elf(5); note of Go: type 4, name "Go"
// (go/src/cmd/link/internal/ld/elf.go);
// #! lines: Linux fs/binfmt_script.c.
#pragma once

#include <cstddef>
#include <cstdint>

struct stat;

namespace headrace::box {

// Bits, as kBlindSpot of box/log.h has them. A program may have several.
enum BlindSpot : uint32_t {
  kBlindStatic = 1U << 0,      // no loader that would preload anything
  kBlindGo = 1U << 1,          // makes its system calls itself, also where libc is loaded
  kBlindPrivileged = 1U << 2,  // setuid, setgid or file capabilities: the loader drops the variable
  kBlindMachine = 1U << 3,     // 32-bit or made for another processor
  kBlindLibc = 1U << 4,        // the loader of another libc
  kBlindUnreadable = 1U << 5,  // may be executed and not read, or is none of what this file knows
  kBlindNotRunnable = 1U << 6,  // is not there, no regular file, or may not be executed
};

// One word for one bit ("static"); null for what is no bit of the above.
const char* blind_spot_name(uint32_t bit) noexcept;

// Where the bytes of a file come from. Returns how many of `size` bytes at `offset` were placed in
// `out`: fewer at the end, 0 or less where there are none.
struct ByteSource {
  ptrdiff_t (*read_at)(void* context, uint64_t offset, void* out, size_t size);
  void* context;
};

enum class ImageKind : uint8_t { kOther, kElf, kScript };

constexpr size_t kMaxInterpreter = 256;  // what Linux reads of a #! line

struct Image {
  ImageKind kind = ImageKind::kOther;
  uint32_t blind = 0;
  // ELF: its loader. Script: what its first line names. Empty where there is none.
  char interpreter[kMaxInterpreter] = {};
};

// From the bytes alone: reads at most a few hundred KiB, whatever they hold.
Image inspect_image(ByteSource source) noexcept;

// Adds what the file's owner, mode and capabilities say when user `uid` of group `gid` runs it.
uint32_t inspect_mode(const struct stat& facts, bool has_capabilities, uint32_t uid,
                      uint32_t gid) noexcept;

// The file itself (`directory` as openat takes it) when this process runs it. A script is as its
// interpreter, up to the five that Linux follows; `kind` and `interpreter` are the first file's.
// About 10 us.
Image inspect_program(int directory, const char* path) noexcept;

}  // namespace headrace::box
