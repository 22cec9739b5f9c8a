#include "query/energy_card.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "energy/changed.h"
#include "model/emulated.h"
#include "query/cell_value.h"
#include "query/emulated_domains.h"
#include "query/energy_carbon.h"
#include "query/energy_reach.h"
#include "query/identify.h"
#include "query/own_energy.h"
#include "query/own_time.h"

namespace headrace::query {
namespace {

void add_once(const std::string& text, std::string* list) {
  if (text.empty() || ("; " + *list + ";").find("; " + text + ";") != std::string::npos) return;
  *list += (list->empty() ? "" : "; ") + text;
}

// Adds up what energy_error.h tells apart.
struct FigureSum {
  int64_t uj = 0;
  double sensor_j = 0;
  double model_j = 0;
  double own_j2 = 0;
  std::string truth;

  void add(int64_t part_uj, double sensor, double model, double own, const std::string& how) {
    uj += part_uj;
    sensor_j += sensor;
    model_j += model;
    own_j2 += own;
    // One that only waits for its children has nothing that could be true.
    if (part_uj == 0) return;
    truth = truth.empty() || truth == how ? how : "mixed";
  }
  EnergyFigure figure() const {
    return {uj, sensor_j, std::sqrt(model_j * model_j + own_j2), truth};
  }
};

struct LineSum {
  EnergyLine line;
  FigureSum sum;
  double covered_ns = 0;
  double time_ns = 0;
};

struct Workflow {
  int64_t place = 0;  // in the order in which they began
  std::string id;
  std::string name;
};

class Reading {
 public:
  Reading(const Session& session, const Thing* of) : session_(session), of_(of) {}

  Result<EnergyCard> read(const CarbonQuestion* carbon, const CarbonFactors* factors);

 private:
  using Key = std::tuple<int64_t, std::string, std::string>;  // workflow, activity, domain

  Status read_scope();
  Status read_lines();
  void add_row(const std::vector<Cell>& row);
  Status read_books();
  Status read_machines();
  Status read_time();
  Status count_without();
  Status read_resolutions();
  void mark_emulated();
  void finish();

  const Session& session_;
  const Thing* of_;
  std::string reach_;
  EmulatedDomains emulated_;
  std::map<int64_t, Workflow> asked_;
  std::map<Key, LineSum> lines_;
  std::map<std::string, int64_t> attributed_uj_;  // by domain
  std::map<std::string, int64_t> elsewhere_uj_;
  std::map<std::tuple<std::string, std::string, bool>, int64_t> reasons_;
  FigureSum total_;
  EnergyCard card_;
};

Status Reading::read_scope() {
  std::string where = "true";
  if (of_ != nullptr) {
    where = std::string(of_->kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" +
            of_->id + "'";
  }
  const auto rows = session_.rows("SELECT wf, workflow::VARCHAR, name FROM workflow_row WHERE " +
                                  where + " ORDER BY begin_ns, workflow");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    const auto place = static_cast<int64_t>(asked_.size());
    asked_.emplace(whole_of(row[0]), Workflow{place, row[1].text, row[2].text});
  }
  if (of_ == nullptr) asked_.emplace(0, Workflow{static_cast<int64_t>(asked_.size()), "", ""});
  Result<std::string> reach = energy_reach(session_, of_);
  if (!reach.ok()) return reach.status();
  reach_ = std::move(*reach);
  Result<EmulatedDomains> emulated = EmulatedDomains::read(session_, reach_);
  if (!emulated.ok()) return emulated.status();
  emulated_ = std::move(*emulated);
  return {};
}

void Reading::add_row(const std::vector<Cell>& row) {
  const std::string& domain = row[2].text;
  const int64_t uj = whole_of(row[9]);
  const auto workflow = asked_.find(whole_of(row[0]));
  if (workflow == asked_.end()) {
    elsewhere_uj_[domain] += uj;
    return;
  }
  attributed_uj_[domain] += uj;
  const int64_t tasks = whole_of(row[8]);
  LineSum& sum = lines_[{workflow->second.place, row[1].text, domain}];
  sum.line.workflow_id = workflow->second.id;
  sum.line.workflow = workflow->second.name;
  sum.line.activity = row[1].text;
  sum.line.domain = domain;
  sum.line.tasks += tasks;
  const bool withheld = row[7].real != 0;
  if (withheld) sum.line.withheld += tasks;
  add_once(row[4].text, &sum.line.method);
  add_once(row[5].text, &sum.line.assumption);
  sum.sum.add(uj, row[10].real, row[11].real, row[12].real, row[3].text);
  total_.add(uj, row[10].real, row[11].real, row[12].real, row[3].text);
  if (uj != 0) card_.uj_by_truth[emulated_.shown(domain, row[3].text)] += uj;
  if (!row[13].is_null) sum.covered_ns += row[13].real;
  if (!row[14].is_null) sum.time_ns += row[14].real;
  if (!row[6].text.empty()) reasons_[{domain, row[6].text, withheld}] += tasks;
}

Status Reading::read_lines() {
  const auto rows = session_.rows(
      with_own_energy(reach_) +
      "SELECT coalesce(o.wf, 0), coalesce(a.name, ''), o.domain, o.truth, o.method, o.assumption, "
      "o.reason, o.withheld, count(*), sum(o.uj)::BIGINT, sum(o.sensor_j), sum(o.model_j), "
      "sum(o.own_j2), sum(o.coverage * o.dur), sum(o.dur) FILTER (o.coverage IS NOT NULL) FROM "
      "own_energy o LEFT JOIN activity_row a ON a.activity = o.activity GROUP BY ALL ORDER BY ALL");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) add_row(row);
  return {};
}

Status Reading::read_books() {
  const auto rows = session_.rows(
      "SELECT domain, CASE WHEN count(DISTINCT truth) > 1 THEN 'mixed' ELSE any_value(truth) END, "
      "sum(measured_uj)::BIGINT, sum(idle_uj)::BIGINT, sum(unattributed_uj)::BIGINT FROM "
      "energy_balance_row WHERE producer IN " +
      reach_ + " GROUP BY domain ORDER BY domain");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    EnergyBooks& one = card_.books.emplace_back();
    one.domain = row[0].text;
    one.truth = row[1].text;
    one.measured_uj = whole_of(row[2]);
    one.idle_uj = whole_of(row[3]);
    one.unattributed_uj = whole_of(row[4]);
    one.attributed_uj = attributed_uj_[one.domain];
    one.elsewhere_uj = elsewhere_uj_[one.domain];
    EnergyBooks& all = card_.all_books;
    all.truth = all.truth.empty() || all.truth == one.truth ? one.truth : "mixed";
    all.measured_uj += one.measured_uj;
    all.idle_uj += one.idle_uj;
    all.unattributed_uj += one.unattributed_uj;
    all.attributed_uj += one.attributed_uj;
    all.elsewhere_uj += one.elsewhere_uj;
  }
  return {};
}

// A node's counter is divided among nobody where its parts are counted.
Status Reading::read_machines() {
  const auto rows = session_.rows(
      "SELECT p.hostname, n.truth, n.measured_uj, n.other_uj, (SELECT sum(c.measured_uj)::BIGINT "
      "FROM energy_domain_row c JOIN producer_row q ON q.producer = c.producer WHERE q.hostname = "
      "p.hostname AND c.parent = 'node') FROM energy_domain_row n JOIN producer_row p ON "
      "p.producer = n.producer WHERE n.domain = 'node' AND n.other_uj IS NOT NULL AND p.hostname "
      "IN (SELECT hostname FROM producer_row WHERE producer IN " +
      reach_ + ") ORDER BY p.hostname");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    EnergyMachine one{row[0].text,      row[1].text, whole_of(row[4]),
                      whole_of(row[3]), 0,           whole_of(row[2])};
    one.uncompared_uj = one.measured_uj - one.parts_uj - one.rest_uj;
    card_.machines.push_back(std::move(one));
  }
  return {};
}

Status Reading::read_time() {
  const auto rows = session_.rows(
      std::string("SELECT max(ts + dur) - min(ts) FROM task_slots WHERE dur IS NOT NULL") +
      (of_ == nullptr ? std::string() : " AND wf IN " + workflows_of(*of_)));
  if (!rows.ok()) return rows.status();
  if (!(*rows)[0][0].is_null) card_.time_s = (*rows)[0][0].real * 1e-9;
  return {};
}

Status Reading::count_without() {
  const auto rows = session_.rows(
      std::string("SELECT count(*) FROM (SELECT producer, seq, wf FROM task_slots UNION ALL SELECT "
                  "producer, seq, wf FROM open_task) t ANTI JOIN task_energy_row e ON e.producer = "
                  "t.producer AND e.seq = t.seq WHERE ") +
      (of_ == nullptr ? "true"
                      : std::string("t.wf IN (SELECT wf FROM workflow_row WHERE ") +
                            (of_->kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" +
                            of_->id + "')"));
  if (!rows.ok()) return rows.status();
  card_.without_energy = whole_of((*rows)[0][0]);
  const Result<energy::IdlePolicy> policy = energy::kept_policy(session_.store().connection());
  if (!policy.ok()) return policy.status();
  card_.idle_policy = energy::name_of(*policy);
  return {};
}

Status Reading::read_resolutions() {
  auto activities = energy_activities(session_, of_);
  if (!activities.ok()) return activities.status();
  card_.activities = std::move(*activities);
  auto domains = energy_domains(session_, reach_);
  if (!domains.ok()) return domains.status();
  card_.domains = std::move(*domains);
  return {};
}

void Reading::mark_emulated() {
  for (EnergyLine& line : card_.lines) {
    if (!emulated_.is_emulated(line.domain, line.figure.truth)) continue;
    line.figure.truth = card_.total.truth = kEmulatedTruth;
    add_once(kEmulatedAssumption, &line.assumption);
  }
  for (EnergyBooks& one : card_.books) {
    if (emulated_.is_emulated(one.domain, one.truth))
      one.truth = card_.all_books.truth = kEmulatedTruth;
  }
  for (EnergyDomain& one : card_.domains) {
    if (emulated_.is_emulated(one.domain, one.truth)) one.truth = kEmulatedTruth;
  }
}

void Reading::finish() {
  std::vector<std::pair<int64_t, EnergyLine>> ordered;  // by the workflow's place
  double covered_ns = 0;
  double time_ns = 0;
  for (auto& [key, sum] : lines_) {
    sum.line.figure = sum.sum.figure();
    covered_ns += sum.covered_ns;
    time_ns += sum.time_ns;
    if (sum.time_ns > 0) sum.line.coverage = sum.covered_ns / sum.time_ns;
    ordered.emplace_back(std::get<0>(key), std::move(sum.line));
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, -a.second.figure.energy_uj) <
           std::pair(b.first, -b.second.figure.energy_uj);
  });
  for (auto& [place, line] : ordered) card_.lines.push_back(std::move(line));
  card_.total = total_.figure();
  if (time_ns > 0) card_.coverage = covered_ns / time_ns;
  for (const auto& [key, tasks] : reasons_) {
    card_.reasons.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), tasks});
  }
}

Result<EnergyCard> Reading::read(const CarbonQuestion* carbon, const CarbonFactors* factors) {
  HEADRACE_RETURN_IF_ERROR(read_scope());
  HEADRACE_RETURN_IF_ERROR(read_lines());
  HEADRACE_RETURN_IF_ERROR(read_books());
  HEADRACE_RETURN_IF_ERROR(read_machines());
  HEADRACE_RETURN_IF_ERROR(read_time());
  HEADRACE_RETURN_IF_ERROR(count_without());
  finish();
  HEADRACE_RETURN_IF_ERROR(read_resolutions());
  mark_emulated();
  if (factors != nullptr) {
    HEADRACE_RETURN_IF_ERROR(add_carbon(session_, reach_, *factors, *carbon, &card_));
  }
  return std::move(card_);
}

}  // namespace

double EnergyFigure::u95_j() const { return std::hypot(sensor_u95_j, split_u95_j); }

Result<EnergyCard> energy_card(const Session& session, const std::string& text,
                               const std::filesystem::path& here, const CarbonQuestion* carbon) {
  std::optional<Thing> thing;
  if (!text.empty()) {
    Result<Thing> found =
        identify(session, text, {ThingKind::kCampaign, ThingKind::kWorkflow}, here);
    if (!found.ok()) return found.status();
    thing = std::move(*found);
  }
  std::optional<CarbonFactors> factors;
  if (carbon != nullptr) {
    Result<CarbonFactors> read = CarbonFactors::read(*carbon);
    if (!read.ok()) return read.status();
    factors = std::move(*read);
  }
  Reading reading(session, thing ? &*thing : nullptr);
  Result<EnergyCard> card = reading.read(carbon, factors ? &*factors : nullptr);
  if (!card.ok()) return card.status();
  card->of = thing ? std::string(name_of(thing->kind)) + " " + thing->name : "everything";
  return card;
}

}  // namespace headrace::query
