#include "collect/intake_notes.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/sha256.h"
#include "base/whole_file.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "HRI2";
constexpr uint64_t kIsHash = uint64_t{1} << 63;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string encode(const Notes& notes, uint64_t told) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  out.u64(notes.producer);
  for (const uint64_t number : notes.numbers) out.u64(number);
  out.u64(told);
  out.u64(notes.redacted);
  out.text(notes.position);
  out.u32(static_cast<uint32_t>(notes.open_workflows.size()));
  for (const Uuid& id : notes.open_workflows) {
    const auto b = id.bytes();
    out.raw(b.data(), b.size());
  }
  out.u32(static_cast<uint32_t>(notes.open_tasks.size()));
  for (const TaskNumber number : notes.open_tasks) out.u64(number);
  out.u32(static_cast<uint32_t>(notes.parts.size()));
  for (const std::string& part : notes.parts) out.text(part);
  out.u32(crc32c(bytes));
  return bytes;
}

bool decode(std::string_view bytes, Notes* notes, uint64_t* told) {
  if (bytes.size() < kMagic.size() + 4 || !bytes.starts_with(kMagic)) return false;
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (crc32c(body) != load_le<uint32_t>(bytes.data() + body.size())) return false;
  ByteReader in(body.substr(kMagic.size()));
  notes->producer = in.u64();
  for (uint64_t& number : notes->numbers) number = in.u64();
  *told = in.u64();
  notes->redacted = in.u64();
  notes->position = in.text();
  const uint32_t workflows = in.u32();
  for (uint32_t i = 0; i < workflows && in.ok(); ++i) {
    const std::string_view id = in.raw(16);
    if (!in.ok()) return false;
    notes->open_workflows.push_back(Uuid::from_bytes(reinterpret_cast<const uint8_t*>(id.data())));
  }
  const uint32_t tasks = in.u32();
  for (uint32_t i = 0; i < tasks && in.ok(); ++i) notes->open_tasks.push_back(in.u64());
  const uint32_t parts = in.u32();
  for (uint32_t i = 0; i < parts && in.ok(); ++i) notes->parts.emplace_back(in.text());
  return in.ok() && in.remaining() == 0;
}

Status synced_file(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot open " + path.string(), errno);
  const int failed = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return failed == 0 ? Status() : io_error("cannot sync " + path.string(), failed);
}

}  // namespace

uint64_t told_key(std::string_view kind, std::string_view content) {
  Sha256 hash;
  hash.update(kind);
  hash.update(std::string_view("\0", 1));
  hash.update(content);
  return load_le<uint64_t>(hash.finish().data()) | kIsHash;
}

Result<IntakeNotes> IntakeNotes::open(const Directory& directory, const std::string& kind,
                                      const std::string& identity) {
  const std::string name = kind + std::string("\0", 1) + identity;
  const fs::path folder =
      directory.root / "imports" / (kind + "-" + hex(sha256(name)).substr(0, 16));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return io_error("cannot make " + folder.string(), error.value());
  const fs::path path = folder / "lock";
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return io_error("cannot open " + path.string(), errno);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    std::string holder = read_file(path);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    close(lock);
    if (why != EWOULDBLOCK) return io_error("cannot lock " + path.string(), why);
    return unavailable("another process" + (holder.empty() ? "" : " (" + holder + ")") + " takes " +
                       kind + " " + identity + " in already; wait for it, or end it");
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string holder = std::to_string(getpid()) + " on " + host + "\n";
  if (ftruncate(lock, 0) == 0) static_cast<void>(!pwrite(lock, holder.data(), holder.size(), 0));
  return IntakeNotes(folder, lock);
}

IntakeNotes::IntakeNotes(IntakeNotes&& other) noexcept
    : folder_(std::move(other.folder_)),
      lock_(std::exchange(other.lock_, -1)),
      is_writing_(other.is_writing_) {}

IntakeNotes::~IntakeNotes() {
  if (lock_ >= 0) close(lock_);
}

Notes IntakeNotes::read(ToldKeys* told, bool* is_whole) const {
  Notes notes;
  uint64_t count = 0;
  *is_whole = decode(read_file(folder_ / "notes"), &notes, &count);
  if (!*is_whole) notes = {};
  const std::string keys = read_file(folder_ / "told");
  for (size_t at = 0; at + 8 <= keys.size(); at += 8) {
    told->insert(load_le<uint64_t>(keys.data() + at));
  }
  if (keys.size() / 8 < count || fs::exists(folder_ / "writing")) *is_whole = false;
  return notes;
}

Status IntakeNotes::begin_writing() {
  if (is_writing_) return {};
  const fs::path path = folder_ / "writing";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("cannot make " + path.string(), errno);
  close(fd);
  is_writing_ = true;
  return {};
}

Status IntakeNotes::commit(const Notes& notes, const std::vector<uint64_t>& told, bool synced) {
  const fs::path keys = folder_ / "told";
  std::error_code error;
  const uint64_t size = fs::file_size(keys, error);
  uint64_t count = error ? 0 : size / 8;
  // A key that was cut by a kill is overwritten.
  if (!error && size % 8 != 0) fs::resize_file(keys, count * 8, error);
  if (!told.empty()) {
    std::ofstream file(keys, std::ios::binary | std::ios::app);
    file.write(reinterpret_cast<const char*>(told.data()),
               static_cast<std::streamsize>(told.size() * sizeof(uint64_t)));
    file.close();
    if (!file) return io_error("cannot write " + keys.string(), errno);
    count += told.size();
    if (synced) HEADRACE_RETURN_IF_ERROR(synced_file(keys));
  }
  Result<WholeFile> file = WholeFile::open(folder_ / "notes");
  if (!file.ok()) return file.status();
  file->write(encode(notes, count));
  HEADRACE_RETURN_IF_ERROR(file->finish());
  if (synced) {
    HEADRACE_RETURN_IF_ERROR(synced_file(folder_ / "notes"));
    HEADRACE_RETURN_IF_ERROR(synced_file(folder_));
  }
  fs::remove(folder_ / "writing", error);
  is_writing_ = false;
  return {};
}

}  // namespace headrace::collect
