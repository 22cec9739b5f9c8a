#include "box/elf.h"

#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace headrace::box {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif
constexpr unsigned kMaxSegments = 512;
constexpr unsigned kMaxSections = 4096;
constexpr unsigned kMaxNoteSegments = 8;
constexpr unsigned kMaxNotes = 16;
constexpr uint32_t kGoBuildIdNote = 4;

struct Reader {
  ByteSource source;

  bool exact(uint64_t offset, void* out, size_t size) const {
    return source.read_at(source.context, offset, out, size) == static_cast<ptrdiff_t>(size);
  }
  // Fills what there is and ends it with a zero.
  size_t text(uint64_t offset, char* out, size_t size) const {
    const ptrdiff_t got = source.read_at(source.context, offset, out, size - 1);
    const size_t n = got > 0 ? static_cast<size_t>(got) : 0;
    out[n] = '\0';
    return n;
  }
};

// Notes are {name size, description size, type, name, description}, each padded to 4 (or 8).
bool has_go_note(const Reader& reader, const Elf64_Phdr& segment) {
  const uint64_t step = segment.p_align == 8 ? 8 : 4;
  uint64_t at = 0;
  for (unsigned i = 0; i < kMaxNotes && at + sizeof(Elf64_Nhdr) <= segment.p_filesz; ++i) {
    Elf64_Nhdr note;
    char name[4];
    if (!reader.exact(segment.p_offset + at, &note, sizeof note)) return false;
    if (note.n_type == kGoBuildIdNote && note.n_namesz == 4 &&
        reader.exact(segment.p_offset + at + sizeof note, name, 4) &&
        std::memcmp(name, "Go\0", 4) == 0) {
      return true;
    }
    const uint64_t names = (note.n_namesz + 3ULL) & ~3ULL;
    at += (sizeof note + names + note.n_descsz + step - 1) & ~(step - 1);
  }
  return false;
}

bool has_go_section(const Reader& reader, const Elf64_Ehdr& header) {
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum) return false;
  Elf64_Shdr names;
  if (!reader.exact(header.e_shoff + header.e_shstrndx * sizeof names, &names, sizeof names)) {
    return false;
  }
  const unsigned count = header.e_shnum < kMaxSections ? header.e_shnum : kMaxSections;
  for (unsigned i = 0; i < count; ++i) {
    Elf64_Shdr section;
    char name[16];
    if (!reader.exact(header.e_shoff + i * sizeof section, &section, sizeof section)) return false;
    reader.text(names.sh_offset + section.sh_name, name, sizeof name);
    if (std::strcmp(name, ".go.buildinfo") == 0 || std::strcmp(name, ".gopclntab") == 0) {
      return true;
    }
  }
  return false;
}

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

bool starts_with(const char* text, const char* with) {
  return std::strncmp(text, with, std::strlen(with)) == 0;
}

// glibc's loaders: ld-linux-x86-64.so.2, ld-linux-aarch64.so.1, ld-2.31.so, ld64.so.1, ld.so.1.
// musl's is ld-musl-x86_64.so.1; Android's is linker64.
bool is_known_loader(const char* path) {
  const char* name = base_name(path);
  if (starts_with(name, "ld-musl") || starts_with(name, "ld-uClibc")) return false;
  return starts_with(name, "ld-") || starts_with(name, "ld.so") || starts_with(name, "ld64.so");
}

void inspect_elf(const Reader& reader, const Elf64_Ehdr& header, Image& image) {
  image.kind = ImageKind::kElf;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine) {
    image.blind |= kBlindMachine;
    return;
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    image.blind |= kBlindUnreadable;
    return;
  }
  bool go = false;
  unsigned notes = 0;
  bool loaded = false;
  const unsigned count = header.e_phnum < kMaxSegments ? header.e_phnum : kMaxSegments;
  for (unsigned i = 0; header.e_phentsize == sizeof(Elf64_Phdr) && i < count; ++i) {
    Elf64_Phdr segment;
    if (!reader.exact(header.e_phoff + i * sizeof segment, &segment, sizeof segment)) break;
    if (segment.p_type == PT_INTERP && !loaded) {
      loaded = true;
      const size_t size =
          segment.p_filesz < kMaxInterpreter - 1 ? segment.p_filesz : kMaxInterpreter - 1;
      reader.text(segment.p_offset, image.interpreter, size + 1);
    } else if (segment.p_type == PT_NOTE && notes++ < kMaxNoteSegments) {
      go = go || has_go_note(reader, segment);
    }
  }
  if (!loaded) image.blind |= kBlindStatic;
  if (loaded && !is_known_loader(image.interpreter)) image.blind |= kBlindLibc;
  if (go || has_go_section(reader, header)) image.blind |= kBlindGo;
}

bool ends_line(char c) { return c == '\0' || c == '\n'; }
bool blank(char c) { return c == ' ' || c == '\t'; }

void inspect_script(const char* line, Image& image) {
  image.kind = ImageKind::kScript;
  const char* at = line + 2;
  while (blank(*at)) ++at;
  size_t n = 0;
  while (!ends_line(at[n]) && !blank(at[n]) && n < kMaxInterpreter - 1) ++n;
  std::memcpy(image.interpreter, at, n);
  image.interpreter[n] = '\0';
  if (n == 0) image.blind |= kBlindNotRunnable;
}

ptrdiff_t read_file(void* context, uint64_t offset, void* out, size_t size) {
  return pread(*static_cast<const int*>(context), out, size, static_cast<off_t>(offset));
}

// One file, without following a script's first line.
Image inspect_file(int directory, const char* path) {
  Image image;
  struct stat facts {};
  if (fstatat(directory, path, &facts, 0) != 0 || !S_ISREG(facts.st_mode) ||
      faccessat(directory, path, X_OK, AT_EACCESS) != 0) {
    image.blind = kBlindNotRunnable;
    return image;
  }
  const int file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file < 0) {
    image.blind = kBlindUnreadable | inspect_mode(facts, false, geteuid(), getegid());
    return image;
  }
  const bool capable = fgetxattr(file, "security.capability", nullptr, 0) > 0;
  int context = file;
  image = inspect_image({read_file, &context});
  close(file);
  // A script's own bits mean nothing; its interpreter's do.
  if (image.kind != ImageKind::kScript) {
    image.blind |= inspect_mode(facts, capable, geteuid(), getegid());
  }
  // A loader that is itself the command preloads as ever.
  if (starts_with(base_name(path), "ld-linux")) image.blind &= ~uint32_t{kBlindStatic};
  return image;
}

}  // namespace

const char* blind_spot_name(uint32_t bit) noexcept {
  switch (bit) {
    case kBlindStatic: return "static";
    case kBlindGo: return "go";
    case kBlindPrivileged: return "privileged";
    case kBlindMachine: return "other machine";
    case kBlindLibc: return "other libc";
    case kBlindUnreadable: return "unreadable";
    case kBlindNotRunnable: return "not runnable";
    default: return nullptr;
  }
}

Image inspect_image(ByteSource source) noexcept {
  Image image;
  const Reader reader{source};
  char start[kMaxInterpreter + 1] = {};
  const size_t size = reader.text(0, start, sizeof start);
  if (size >= 2 && start[0] == '#' && start[1] == '!') {
    inspect_script(start, image);
    return image;
  }
  if (size < sizeof(Elf32_Ehdr) || std::memcmp(start, ELFMAG, SELFMAG) != 0) {
    image.blind = kBlindUnreadable;
    return image;
  }
  Elf64_Ehdr header;
  std::memcpy(&header, start, sizeof header);
  inspect_elf(reader, header, image);
  return image;
}

uint32_t inspect_mode(const struct stat& facts, bool has_capabilities, uint32_t uid,
                      uint32_t gid) noexcept {
  const bool other_user = (facts.st_mode & S_ISUID) != 0 && facts.st_uid != uid;
  // Without execution by the group the bit means mandatory locking.
  const bool other_group =
      (facts.st_mode & S_ISGID) != 0 && (facts.st_mode & S_IXGRP) != 0 && facts.st_gid != gid;
  return other_user || other_group || (has_capabilities && uid != 0) ? kBlindPrivileged : 0U;
}

Image inspect_program(int directory, const char* path) noexcept {
  Image first = inspect_file(directory, path);
  Image image = first;
  for (int depth = 0; image.kind == ImageKind::kScript && image.blind == 0; ++depth) {
    if (depth == 5) {
      first.blind |= kBlindNotRunnable;
      return first;
    }
    char interpreter[kMaxInterpreter];
    std::memcpy(interpreter, image.interpreter, sizeof interpreter);
    image = inspect_file(AT_FDCWD, interpreter);
  }
  first.blind |= image.blind;
  return first;
}

}  // namespace headrace::box
