#include "run/file_hashes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace headrace::run {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr int kSamples = 18;
constexpr size_t kMostKept = 100'000;

box::FileState state_of(int fd) {
  box::FileState out;
  struct stat facts {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return out;
  out.dev = facts.st_dev;
  out.ino = facts.st_ino;
  out.size_bytes = facts.st_size;
  out.mtime_ns = int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
  out.ctime_ns = int64_t{facts.st_ctim.tv_sec} * 1'000'000'000 + facts.st_ctim.tv_nsec;
  out.is_known = true;
  return out;
}

// Adds up to `size` bytes at `offset`; how many, or nothing where the file cannot be read.
std::optional<size_t> add_piece(int fd, int64_t offset, size_t size, std::vector<char>& space,
                                Sha256* hash) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, space.data(), std::min(size - done, space.size()),
                            static_cast<off_t>(offset + static_cast<int64_t>(done)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    hash->update({space.data(), static_cast<size_t>(n)});
    done += static_cast<size_t>(n);
  }
  return done;
}

std::optional<FileHash> hash_of(int fd, int64_t size) {
  std::vector<char> space(kPieceBytes);
  Sha256 hash;
  FileHash out;
  out.is_sampled = size > FileHashes::kWholeBytes;
  if (!out.is_sampled) {
    const auto done = add_piece(fd, 0, static_cast<size_t>(size), space, &hash);
    if (!done || *done != static_cast<size_t>(size)) return std::nullopt;
  } else {
    hash.update(std::to_string(size));
    for (int i = 0; i < kSamples; ++i) {
      const int64_t at = (size - static_cast<int64_t>(kPieceBytes)) / (kSamples - 1) * i;
      if (!add_piece(fd, at, kPieceBytes, space, &hash)) return std::nullopt;
    }
  }
  out.sha256 = hash.finish();
  return out;
}

}  // namespace

FileHashes::FileHashes(std::filesystem::path kept_in) : kept_in_(std::move(kept_in)) {
  load();
  thread_ = std::thread([this] { run(); });
}

FileHashes::~FileHashes() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_all();
  thread_.join();
  save();
}

void FileHashes::want(const std::string& path, const box::FileState& state) {
  if (!state.is_known) return;
  {
    const std::lock_guard lock(mutex_);
    wanted_.emplace_back(path, state);
  }
  changed_.notify_all();
}

void FileHashes::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return wanted_.empty() && !is_reading_; });
}

void FileHashes::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stops_ || !wanted_.empty(); });
    if (stops_) return;
    const auto [path, state] = wanted_.front();
    wanted_.pop_front();
    is_reading_ = true;
    lock.unlock();
    if (!known(state)) read(path, state);
    lock.lock();
    is_reading_ = false;
    changed_.notify_all();
  }
}

std::optional<FileHash> FileHashes::known(const box::FileState& state) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find({state.dev, state.ino, state.size_bytes, state.mtime_ns});
  if (found == known_.end()) return std::nullopt;
  if (found->second.is_from_before && found->second.ctime_ns != state.ctime_ns) {
    return std::nullopt;
  }
  return found->second.hash;
}

void FileHashes::read(const std::string& path, const box::FileState& state) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return;
  const box::FileState before = state_of(fd);
  std::optional<FileHash> hash;
  if (box::is_same_content(before, state)) hash = hash_of(fd, before.size_bytes);
  const box::FileState after = state_of(fd);
  ::close(fd);
  if (!hash || !box::is_same_content(before, after)) return;
  const std::lock_guard lock(mutex_);
  known_[{after.dev, after.ino, after.size_bytes, after.mtime_ns}] = {*hash, after.ctime_ns, false};
  is_new_ = true;
}

std::optional<FileHash> FileHashes::of(const std::string& path, const box::FileState& state) {
  if (!state.is_known) return std::nullopt;
  if (const auto hash = known(state)) return hash;
  read(path, state);
  return known(state);
}

void FileHashes::load() {
  std::ifstream file(kept_in_);
  std::string word;
  uint64_t dev = 0;
  uint64_t ino = 0;
  int64_t size = 0;
  int64_t mtime = 0;
  int64_t ctime = 0;
  int sampled = 0;
  while (file >> dev >> ino >> size >> mtime >> ctime >> sampled >> word) {
    Known known;
    if (word.size() != 2 * known.hash.sha256.size()) continue;
    bool is_hex = true;
    for (size_t i = 0; i < known.hash.sha256.size(); ++i) {
      const auto digit = [&](char c) {
        const size_t at = std::string_view("0123456789abcdef").find(c);
        is_hex &= at != std::string_view::npos;
        return static_cast<uint8_t>(at & 15);
      };
      known.hash.sha256[i] = static_cast<uint8_t>(digit(word[2 * i]) << 4 | digit(word[2 * i + 1]));
    }
    if (!is_hex) continue;
    known.hash.is_sampled = sampled != 0;
    known.ctime_ns = ctime;
    known.is_from_before = true;
    known_[{dev, ino, size, mtime}] = known;
  }
}

void FileHashes::save() {
  if (!is_new_) return;
  if (known_.size() > kMostKept) {
    std::erase_if(known_, [](const auto& one) { return one.second.is_from_before; });
  }
  const std::filesystem::path part = kept_in_.string() + "." + std::to_string(getpid()) + ".part";
  {
    std::ofstream file(part);
    for (const auto& [key, known] : known_) {
      const auto& [dev, ino, size, mtime] = key;
      file << dev << ' ' << ino << ' ' << size << ' ' << mtime << ' ' << known.ctime_ns << ' '
           << (known.hash.is_sampled ? 1 : 0) << ' ' << hex(known.hash.sha256) << '\n';
    }
    if (!file.flush()) return;
  }
  std::error_code error;
  std::filesystem::rename(part, kept_in_, error);
  if (error) std::filesystem::remove(part, error);
}

}  // namespace headrace::run
