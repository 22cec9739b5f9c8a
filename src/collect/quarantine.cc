#include "collect/quarantine.h"

#include <fstream>
#include <system_error>

#include "base/clock.h"

namespace headrace::collect {

void Quarantine::keep(uint32_t producer, const Refused& refused) {
  const std::string name = refused.segment + "@" + std::to_string(refused.offset) + ".bin";
  std::error_code error;
  std::filesystem::create_directories(directory_.quarantine(), error);
  std::ofstream file(directory_.quarantine() / name, std::ios::binary | std::ios::trunc);
  file.write(refused.bytes.data(), static_cast<std::streamsize>(refused.bytes.size()));
  file.close();
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
  rows->set(6, static_cast<uint64_t>(refused.bytes.size()));
  rows->set_text(7, refused.reason);
  rows->set(8, now_realtime_ns());
  if (file) rows->set_text(9, name);
}

}  // namespace headrace::collect
