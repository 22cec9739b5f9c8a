// A small kernel file that is opened once and read many times from its start. Keeping it open makes
// a reading 6 to 9 times cheaper than opening it each time (measured: 0.7 us against 6.6 us in
// sysfs).
//
//   KeptFile file;
//   if (Status s = file.open("/proc/stat"); !s.ok()) ...
//   if (std::string_view text = file.read(buffer); text.empty()) ... // this reading is a gap
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "telemetry/provider.h"

namespace headrace::telemetry {

class KeptFile {
 public:
  KeptFile() = default;
  ~KeptFile();
  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) noexcept;
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  Status open(const std::string& path);
  bool is_open() const { return fd_ >= 0; }
  // What fits into `buffer`, whose bytes the result views. Empty when the reading failed or the
  // file is empty; error_number() is then errno or 0. A file that fails is opened anew now and
  // then, for a driver that was loaded anew; see kRetries.
  std::string_view read(std::span<char> buffer);
  int error_number() const { return error_; }
  // Why `text`, which read() gave, is no answer.
  ReadFailure failure(std::string_view text) const {
    return text.empty() ? failure_of_errno(error_) : ReadFailure::kTorn;
  }
  // Of a file of one number: that, or why there is none.
  void read_number(Reading& out);
  // Failed readings after which it is opened anew: 1, 2, 4, ... and from here on every so many.
  static constexpr uint32_t kRetries = 64;

 private:
  void close();
  void open_anew();
  int fd_ = -1;
  int error_ = 0;
  uint32_t failures_ = 0;
  std::string path_;  // once it was open
};

// The whole of a small file, at most 64 KiB.
Result<std::string> read_once(const std::string& path);

}  // namespace headrace::telemetry
