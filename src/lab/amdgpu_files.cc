// amdgpu in sysfs: the binary gpu_metrics in the layout that a driver's version has, and the card's
// hwmon folder. Layouts: kgd_pp_interface.h of Linux.
#include <cerrno>
#include <cstring>

#include "lab/amd_card.h"
#include "lab/exhibit.h"

namespace headrace::lab {
namespace {

struct Layout {
  int content;
  size_t size;
  size_t temperature, power, use, energy, clock;  // offsets
};
// Format 1. The energy of content 0 has 32 bits; all count steps of 2^-16 J.
constexpr Layout kLayouts[] = {
    {0, 80, 18, 34, 28, 36, 8},   {1, 96, 6, 22, 16, 24, 32},   {2, 104, 6, 22, 16, 24, 32},
    {3, 120, 6, 22, 16, 24, 32},  {4, 288, 4, 10, 12, 24, 32},  {5, 328, 4, 10, 12, 56, 64},
    {6, 1664, 4, 10, 12, 16, 24}, {7, 2208, 4, 10, 12, 24, 32}, {8, 3360, 4, 10, 12, 24, 32},
};

template <typename T>
void place(std::string& table, size_t at, T value) {
  std::memcpy(table.data() + at, &value, sizeof value);
}

std::string metrics(const Layout& layout, const AmdNow& now) {
  // What a card does not have is all ones.
  std::string table(layout.size, '\xff');
  place(table, 0, static_cast<uint16_t>(layout.size));
  table[2] = 1;
  table[3] = static_cast<char>(layout.content);
  place(table, layout.temperature, static_cast<uint16_t>(now.temperature_c));
  place(table, layout.power, static_cast<uint16_t>(now.power_uw / 1'000'000));
  place(table, layout.use, static_cast<uint16_t>(now.use_percent));
  if (layout.content == 0) {
    place(table, layout.energy, static_cast<uint32_t>(now.energy_steps));
  } else {
    place(table, layout.energy, now.energy_steps);
  }
  place(table, layout.clock, static_cast<uint64_t>(now.at_ns));
  return table;
}

struct Card {
  AmdCard card;
  const Layout* layout;
  std::string folder;
};

}  // namespace

Exhibit amdgpu_files(const Scenario& scenario) {
  auto cards = std::make_shared<std::vector<Card>>();
  for (const Instrument& one : scenario.of_kind("amd")) {
    const std::string layout = one.key("metrics", "1.3");
    const size_t content = layout.size() == 3 ? static_cast<size_t>(layout[2] - '0') : 3;
    cards->push_back({AmdCard(one), &kLayouts[content < std::size(kLayouts) ? content : 3],
                      "class/drm/card" + one.name + "/device/"});
  }
  return [cards](int64_t now_ns, Trees& trees) {
    for (Card& card : *cards) {
      const AmdNow now = card.card.at(now_ns);
      FileTree& sysfs = trees.sysfs;
      sysfs.put(card.folder + "vendor", "0x1002\n");
      sysfs.put(card.folder + "unique_id", card.card.serial() + "\n");
      const auto put = [&](const std::string& name, const std::string& text) {
        if (now.error != 0) {
          sysfs.fail(card.folder + name, now.error);
        } else {
          sysfs.put(card.folder + name, text);
        }
      };
      const std::string table = metrics(*card.layout, now);
      put("gpu_metrics", now.torn ? table.substr(0, table.size() / 8) : table);
      put("gpu_busy_percent", line_of(now.use_percent, now.torn));
      put("mem_info_vram_used", line_of(now.memory_bytes, now.torn));
      sysfs.put(card.folder + "hwmon/hwmon0/name", "amdgpu\n");
      put("hwmon/hwmon0/power1_average", line_of(now.power_uw, now.torn));
      put("hwmon/hwmon0/temp1_input", line_of(now.temperature_c * 1000, now.torn));
    }
  };
}

}  // namespace headrace::lab
