#include "cli/lab_load.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace headrace::cli {
namespace {

constexpr const char* kPower = "load";
constexpr int64_t kStep_ns = 1'000'000;

class LabLoad : public telemetry::Load {
 public:
  explicit LabLoad(lab::Stage stage)
      : stage_(std::move(stage)), begin_ns_(now_monotonic_ns()), lab_ns_(stage_.clock.now_ns()) {}
  void keep(int64_t) override {}
  std::vector<telemetry::LoadSpan> spans(int64_t now_ns) const override {
    // A refresh at the beginning shows what was drawn before.
    constexpr int64_t kBefore_ns = 5'000'000'000;
    const lab::PowerTrace& power = stage_.scenario.traces.at(kPower);
    const int64_t first_ns = std::max<int64_t>(0, lab_ns_ - kBefore_ns);
    const int64_t last_ns = lab_ns_ + now_ns - begin_ns_;
    int64_t least = power.power_mw(first_ns);
    int64_t most = least;
    for (int64_t at_ns = first_ns; at_ns < last_ns; at_ns += kStep_ns) {
      least = std::min(least, power.power_mw(at_ns));
      most = std::max(most, power.power_mw(at_ns));
    }
    std::vector<telemetry::LoadSpan> out;
    bool on = false;
    for (int64_t at_ns = first_ns; at_ns < last_ns; at_ns += kStep_ns) {
      const bool is_on = power.power_mw(at_ns) > (least + most) / 2;
      const int64_t here_ns = at_ns - lab_ns_ + begin_ns_;
      if (is_on && !on) out.push_back({here_ns, here_ns});
      if (is_on) out.back().to_ns = here_ns + kStep_ns;
      on = is_on;
    }
    return out;
  }

 private:
  lab::Stage stage_;
  int64_t begin_ns_;
  int64_t lab_ns_;
};

}  // namespace

Result<std::unique_ptr<telemetry::Load>> lab_load() {
  Result<lab::Stage> stage = lab::Stage::from_environment();
  if (!stage.ok()) return stage.status();
  if (!stage->scenario.traces.contains(kPower)) {
    return not_found(
        "this emulated machine has no power named 'load' that goes on and off; try "
        "headrace lab --machine square -- headrace sensor-check");
  }
  return std::unique_ptr<telemetry::Load>(std::make_unique<LabLoad>(std::move(*stage)));
}

}  // namespace headrace::cli
