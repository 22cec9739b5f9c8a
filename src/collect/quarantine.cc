#include "collect/quarantine.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/clock.h"

namespace headrace::collect {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReason = ".reason";

std::vector<fs::path> waiting_reasons(const Directory& directory) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory.quarantine(), error)) {
    if (entry.path().extension() == kReason) out.push_back(entry.path());
  }
  return out;
}

}  // namespace

std::string aside_name(const std::string& file, uint64_t offset) {
  return file + "@" + std::to_string(offset);
}

bool has_aside(const Directory& directory) { return !waiting_reasons(directory).empty(); }

void Quarantine::keep(uint32_t producer, const Refused& refused) {
  const std::string name = aside_name(refused.segment, refused.offset) + ".bin";
  std::error_code error;
  fs::create_directories(directory_.quarantine(), error);
  std::ofstream file(directory_.quarantine() / name, std::ios::binary | std::ios::trunc);
  file.write(refused.bytes.data(), static_cast<std::streamsize>(refused.bytes.size()));
  file.close();
  row(producer, refused, refused.bytes.size(), file ? name : std::string());
}

void Quarantine::row(uint32_t producer, const Refused& refused, uint64_t length_bytes,
                     const std::string& kept_as) {
  store::Appender* rows = writer_.rows(store::Table::kQuarantine);
  if (rows == nullptr || !rows->next_row().ok()) return;
  rows->set(0, producer);
  if (refused.ring) {
    rows->set(1, *refused.ring);
    rows->set(2, refused.first_number);
  }
  rows->set(3, refused.records);
  rows->set_text(4, refused.segment);
  rows->set(5, refused.offset);
  rows->set(6, length_bytes);
  rows->set_text(7, refused.reason);
  rows->set(8, now_realtime_ns());
  if (!kept_as.empty()) rows->set_text(9, kept_as);
}

Result<uint64_t> Quarantine::take_in_aside(const store::Connection& connection) {
  uint64_t taken = 0;
  for (const fs::path& path : waiting_reasons(directory_)) {
    const std::string name = path.stem().string();  // "<producer>.ring@<offset>"
    const size_t at = name.rfind('@');
    ProducerId producer = 0;
    Refused refused;
    if (at == std::string::npos) continue;
    std::from_chars(name.data(), name.data() + at, producer, 16);
    std::from_chars(name.data() + at + 1, name.data() + name.size(), refused.offset);
    refused.segment = name.substr(0, at);
    const Result<int64_t> known = connection.integer(
        "SELECT count(*) FROM quarantine_row WHERE kept_as = '" + name + ".bin'");
    if (!known.ok()) return known.status();
    reasons_.push_back(path);
    if (*known > 0 || producer == 0) continue;
    std::ifstream file(path, std::ios::binary);
    const std::string reason{std::istreambuf_iterator<char>(file), {}};
    refused.reason = reason;
    std::error_code error;
    const uintmax_t size = fs::file_size(directory_.quarantine() / (name + ".bin"), error);
    row(writer_.producer(producer), refused, error ? 0 : size, name + ".bin");
    ++taken;
  }
  return taken;
}

void Quarantine::forget_aside() {
  std::error_code error;
  for (const fs::path& path : reasons_) fs::remove(path, error);
  reasons_.clear();
}

}  // namespace headrace::collect
