#include "energy/domain_table.h"

#include <algorithm>

#include "energy/self_energy.h"
#include "model/sensor.h"

namespace headrace::energy {
namespace {

constexpr uint16_t kSeveral = 1;

uint8_t truth_bit(const std::string& truth) {
  for (const Truth one : {Truth::kMeasured, Truth::kMixed, Truth::kEstimated}) {
    if (name_of(one) == truth) return static_cast<uint8_t>(1u << static_cast<unsigned>(one));
  }
  return 1u << static_cast<unsigned>(Truth::kEstimated);
}

}  // namespace

DomainTable::DomainTable(std::string domain, const TaskForest& forest)
    : domain_(std::move(domain)),
      forest_(forest),
      rows_(forest.size()),
      hows_{{}, {"several", "its parts were got in several ways: see its children"}} {}

uint16_t DomainTable::intern(const How& how) {
  for (size_t i = 0; i < hows_.size(); ++i) {
    if (hows_[i].method == how.method && hows_[i].assumption == how.assumption) {
      return static_cast<uint16_t>(i);
    }
  }
  if (hows_.size() > UINT16_MAX) return kSeveral;
  hows_.push_back(how);
  return static_cast<uint16_t>(hows_.size() - 1);
}

Balance DomainTable::add(const EnergySource& source) {
  Balance balance;
  balance.producer = source.reporter;
  balance.domain = source.domain;
  balance.truth = source.truth;
  balance.idle_uj = source.idle.total();
  balance.unattributed_uj = source.others;
  balance.measured_uj = source.node.total();
  for (const Part& part : source.parts) {
    if (!source.is_node) balance.measured_uj += part.timeline.total();
    add_part(source, part, balance);
  }
  return balance;
}

void DomainTable::add_part(const EnergySource& source, const Part& part, Balance& balance) {
  const auto& ranges = forest_.producers();
  const auto range = std::find_if(ranges.begin(), ranges.end(), [&](const TaskForest::Range& r) {
    return r.producer == part.producer;
  });
  if (range == ranges.end()) {
    balance.unattributed_uj += part.timeline.total();
    return;
  }
  const std::vector<TaskSpan> spans = forest_.spans(*range);
  const SelfEnergy divided = divide(part.timeline, spans, order_events(spans));
  balance.unattributed_uj += divided.unattributed;
  const uint16_t how = intern({part.method, part.assumption});
  const uint8_t truth = truth_bit(part.truth);
  for (size_t i = 0; i < spans.size(); ++i) {
    const TaskEnergy& energy = divided.tasks[i];
    Row& row = rows_[range->first + i];
    row.self_uj += energy.self;
    balance.attributed_uj += energy.self;
    const auto length_ns = static_cast<double>(spans[i].end_ns - spans[i].begin_ns);
    if (!(energy.covered_ns > 0) && energy.self == 0) continue;
    row.coverage = std::clamp(energy.covered_ns / length_ns, 0.0, 1.0);
    row.process_uj = energy.window;
    row.edge_uj = energy.edge;
    row.how = how;
    row.truths |= truth;
    row.window_uj = energy.window;
    if (!source.is_node) continue;
    row.window_uj = source.node.value_at(spans[i].end_ns) - source.node.value_at(spans[i].begin_ns);
    if (!source.knows_idle) continue;
    row.idle_uj = source.idle.value_at(spans[i].end_ns) - source.idle.value_at(spans[i].begin_ns);
  }
}

void DomainTable::roll_up() {
  for (Row& row : rows_) row.inclusive_uj = row.self_uj;
  for (const uint32_t i : forest_.upward()) {
    const uint32_t parent = forest_.parent(i);
    if (parent == kNoTask) continue;
    const Row& row = rows_[i];
    Row& above = rows_[parent];
    above.inclusive_uj += row.inclusive_uj;
    above.truths |= row.truths;
    if (row.how == 0 || row.how == above.how) continue;
    above.how = above.how == 0 ? row.how : kSeveral;
  }
}

}  // namespace headrace::energy
