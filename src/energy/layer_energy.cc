#include "energy/layer_energy.h"

#include <cmath>
#include <map>

#include "energy/apportion.h"

namespace headrace::energy {
namespace {

// Shorter says nothing more: layers are told in intervals of this and more.
constexpr double kShortest_s = 0.05;

}  // namespace

bool LayerEnergy::holds() const {
  int64_t sum = outside + repeated;
  for (const PartEnergy& one : parts) sum += one.share;
  return sum == whole;
}

void LayerWindows::flush() {
  if (!is_open_) return;
  const auto& knots = timeline_.knots();
  open_.begin_ns = knots[first_].at_ns;
  open_.end_ns = knots[past_].at_ns;
  open_.begin_spread_s = 1e-9 * knots[first_].spread_ns;
  open_.end_spread_s = 1e-9 * knots[past_].spread_ns;
  if (open_.own_s > 0 || open_.share_uj != 0) out_.push_back(open_);
  open_ = {};
  is_open_ = false;
}

void LayerWindows::add(const Window& window, int64_t share_uj, double own_s, int64_t others_uj) {
  const uint16_t gaps = timeline_.knots()[window.index + 1].gaps;
  const bool known = gaps == 0;
  const bool follows = is_open_ && past_ == window.index && open_.known == known;
  if (!follows) flush();
  if (!is_open_) first_ = window.index;
  is_open_ = true;
  past_ = window.index + 1;
  open_.known = known;
  open_.gaps |= gaps;
  open_.share_uj += share_uj;
  open_.own_s += own_s;
  open_.others_uj += others_uj;
  const auto& knots = timeline_.knots();
  const double length_s = 1e-9 * static_cast<double>(knots[past_].at_ns - knots[first_].at_ns);
  if (length_s >= kShortest_s) flush();
}

std::span<const LayerWindow> LayerWindows::finish() {
  flush();
  return out_;
}

LayerEnergy divide_layers(std::span<const LayerWindow> windows, const LayerExposure& exposure) {
  LayerEnergy out;
  out.powers = find_layer_powers(windows, exposure);
  out.parts.resize(exposure.parts);
  Apportionment apportionment;
  std::vector<double> shares;
  for (LayerWalk walk(windows, exposure); walk.next();) {
    const std::span<const PartSeconds> parts = walk.parts();
    const LayerWindow& window = walk.window();
    shares.clear();
    double repeated_uj = 0;
    for (const PartSeconds& one : parts) {
      const double power_uw = out.powers.parts[one.part].power_uw;
      shares.push_back(power_uw * (one.s - one.repeated_s));
      repeated_uj += power_uw * one.repeated_s;
      out.parts[one.part].time_s += one.s - one.repeated_s;
      out.parts[one.part].calls += one.calls;
      if (window.known) out.parts[one.part].covered_s += one.s - one.repeated_s;
      out.repeated_s += one.repeated_s;
    }
    shares.push_back(repeated_uj);
    shares.push_back(out.powers.outside_uw * walk.outside_s());
    out.outside_s += walk.outside_s();
    out.whole += window.share_uj;
    out.gaps |= window.gaps;
    const std::span<const int64_t> given = apportionment.divide(shares, window.share_uj);
    for (size_t i = 0; i < parts.size(); ++i) out.parts[parts[i].part].share += given[i];
    out.repeated += given[parts.size()];
    out.outside += given[parts.size() + 1];
  }
  std::map<uint32_t, int64_t> groups{{kOutsideGroup, out.outside}};
  for (size_t i = 0; i < exposure.parts; ++i) {
    groups[out.powers.parts[i].group] += out.parts[i].share;
  }
  for (size_t i = 0; i < exposure.parts; ++i) {
    out.parts[i].group = groups[out.powers.parts[i].group];
  }
  return out;
}

}  // namespace headrace::energy
