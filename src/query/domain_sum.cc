#include "query/domain_sum.h"

#include "query/emulated_domains.h"

namespace headrace::query {
namespace {

void add_once(const std::string& text, std::string* list) {
  if (text.empty() || list->find(text) != std::string::npos) return;
  *list += (list->empty() ? "" : "; ") + text;
}

}  // namespace

bool is_covered(std::string_view domain, std::string_view by) {
  if (domain.size() > by.size() && domain.starts_with(by) && domain[by.size()] == '/') return true;
  if (domain == "node/cpu") return by.starts_with("node/cpu-");
  return domain == "process" && (by == "node" || by.starts_with("node/cpu"));
}

EnergySum sum_domains(const std::vector<DomainEnergy>& domains) {
  EnergySum sum;
  bool is_null = false;
  double joules = 0;
  double u95_j = 0;
  bool has_u95 = true;
  for (const DomainEnergy& one : domains) {
    bool covered = false;
    for (const DomainEnergy& other : domains) covered |= is_covered(one.domain, other.domain);
    if (covered) continue;
    is_null |= !one.attributed_j;
    has_u95 &= one.u95_j.has_value();
    joules += one.attributed_j.value_or(0);
    u95_j += one.u95_j.value_or(0);
    sum.truth = joint_truth(sum.truth, one.truth);
    add_once(one.method, &sum.method);
    add_once(one.assumption, &sum.assumption);
  }
  if (!domains.empty() && !is_null) {
    sum.joules = joules;
    if (has_u95) sum.u95_j = u95_j;
  } else {
    sum.truth.clear();
    if (domains.empty()) sum.method.clear();
  }
  return sum;
}

}  // namespace headrace::query
