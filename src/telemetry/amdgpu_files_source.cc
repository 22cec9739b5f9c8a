// amdgpu's files: <sysfs>/class/drm/cardN/device/{gpu_metrics,unique_id,mem_info_vram_used} and the
// card's hwmon power, which is finer than the table's whole watts.
#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "telemetry/amd_source.h"
#include "telemetry/gpu_metrics.h"
#include "telemetry/kept_file.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

class AmdgpuFiles : public AmdSource {
 public:
  explicit AmdgpuFiles(Roots roots) : roots_(std::move(roots)) {}
  std::string name() const override { return "amdgpu files"; }

  Result<size_t> start() override {
    const std::string root = roots_.sysfs + "/class/drm";
    std::vector<std::pair<uint64_t, std::filesystem::path>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("card")) continue;
      const auto index = number(std::string_view(name).substr(4));  // card0-HDMI-A-1 is a connector
      if (index && line(entry.path() / "device/vendor") == "0x1002") {
        found.emplace_back(*index, entry.path() / "device");
      }
    }
    std::sort(found.begin(), found.end());
    std::string why;
    for (const auto& [index, folder] : found) {
      Card card;
      card.serial = line(folder / "unique_id");
      if (const Status s = card.metrics.open(folder / "gpu_metrics"); !s.ok()) why = s.message();
      const Result<AmdCard> now = parse_gpu_metrics(card.metrics.read(buffer_));
      if (!now.ok() && why.empty()) why = now.status().message();
      static_cast<void>(card.memory.open(folder / "mem_info_vram_used"));
      for (const auto& entry : std::filesystem::directory_iterator(folder / "hwmon", error)) {
        if (!card.power.open(entry.path() / "power1_average").ok()) {
          static_cast<void>(card.power.open(entry.path() / "power1_input"));
        }
      }
      if (now.ok() || card.power.is_open()) cards_.push_back(std::move(card));
    }
    if (found.empty()) return not_found("no AMD card in " + root);
    if (cards_.empty()) return unavailable(why);
    return cards_.size();
  }

  std::string serial(size_t card) override { return cards_[card].serial; }

  AmdCard read(size_t index) override {
    Card& card = cards_[index];
    std::array<char, 64> small;
    const std::string_view table = card.metrics.read(buffer_);
    AmdCard out = parse_gpu_metrics(table).value_or(AmdCard());
    out.why = card.metrics.failure(table);
    if (card.power.is_open()) out.power_uw = only_number(card.power.read(small));
    out.memory_bytes = only_number(card.memory.read(small));
    return out;
  }

 private:
  struct Card {
    std::string serial;
    KeptFile metrics;
    KeptFile memory;
    KeptFile power;
  };
  static std::string line(const std::filesystem::path& path) {
    return std::string(trimmed(read_once(path).value_or("")));
  }

  const Roots roots_;
  std::array<char, 4096> buffer_{};
  std::vector<Card> cards_;
};

}  // namespace

std::unique_ptr<AmdSource> amdgpu_files_source(Roots roots) {
  return std::make_unique<AmdgpuFiles>(std::move(roots));
}

}  // namespace headrace::telemetry
