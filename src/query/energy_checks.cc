// Whether what was counted agrees: a node's sensor with the sum of its parts', a board's with the
// nearer ones, and with `against` all of it with what somebody else measured over the same time.
// Discrepancies are told and nothing is forced to agree.
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <utility>

#include "base/clock.h"
#include "query/answer_table.h"
#include "query/emulated_domains.h"
#include "query/energy_meter.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/node_counters.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

// What a vendor's counter is taken to be right within, as in energy/uncertainty.h.
constexpr double kSensorRelative = 0.05;

Result<AnswerTable> of_parts(const Session& session, const EnergyScope& scope,
                             int64_t* inconsistent) {
  AnswerTable out({{"hostname", "node"},
                   {"domain", "domain"},
                   {"role", "role"},
                   {"measured_j", "measured", ColumnKind::kReal, "J"},
                   {"parts_j", "its parts", ColumnKind::kReal, "J"},
                   {"other_j", "other", ColumnKind::kReal, "J"},
                   {"uncompared_j", "not compared", ColumnKind::kReal, "J"},
                   {"difference_uj", "off by uJ", ColumnKind::kInteger},
                   {"tolerance_j", "tolerance", ColumnKind::kReal, "J"},
                   {"inconsistent", "inconsistent", ColumnKind::kBool},
                   {"coverage", "covered", ColumnKind::kReal},
                   {"truth", "truth"}});
  const Result<std::string> reach = energy_reach(session, scope.asked());
  if (!reach.ok()) return reach.status();
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session, *reach);
  if (!emulated.ok()) return emulated.status();
  const auto rows = session.rows(
      "SELECT p.hostname, d.domain, d.role, d.measured_uj, d.children_uj, d.other_uj, "
      "d.uncompared_uj, d.tolerance_j, d.inconsistent, d.coverage, d.truth FROM "
      "energy_domain_row d JOIN producer_row p ON p.producer = d.producer WHERE d.producer IN " +
      *reach + " ORDER BY 1, 2");
  if (!rows.ok()) return rows.status();
  const auto joules = [](const Cell& cell) {
    return cell.is_null ? Json() : Json(cell.real * 1e-6);
  };
  for (const auto& row : *rows) {
    const bool has_parts = !row[4].is_null;
    const bool is_off = row[8].real != 0;
    if (is_off) ++*inconsistent;
    out.add(
        {row[0].text, row[1].text, row[2].text, joules(row[3]), joules(row[4]),
         has_parts ? joules(row[5]) : Json(), has_parts ? joules(row[6]) : Json(),
         has_parts ? Json(whole_of(row[3]) - whole_of(row[4]) - whole_of(row[5]) - whole_of(row[6]))
                   : Json(),
         has_parts ? Json(row[7].real) : Json(), is_off,
         row[9].is_null ? Json() : Json(row[9].real), emulated->shown(row[1].text, row[10].text)});
  }
  return out;
}

// Whole seconds without their fraction.
std::string time_text(int64_t at_ns) {
  std::string out = utc_text(at_ns);
  if (const size_t at = out.find(".000000000"); at != std::string::npos) out.erase(at, 10);
  return out;
}

std::string first_label(const std::string& hostname) {
  return hostname.substr(0, hostname.find('.'));
}

// Over the same time what is divided among tasks, and what the node's own sensor counted.
struct Ours {
  std::set<std::string> nodes;
  double parts_j = 0;
  double whole_j = 0;
  bool has_whole = false;
  double covered = 1;  // the least of its counters
};

Ours ours_of(const std::vector<energy::CountedDomain>& counters, const MeterReading& reading) {
  std::set<std::string> wanted;
  std::istringstream names(reading.hostname);
  for (std::string name; names >> name;) wanted.insert(first_label(name));
  Ours out;
  const TimeSpan stretch{reading.begin_ns, reading.end_ns};
  for (const energy::CountedDomain& one : counters) {
    if (!wanted.empty() && !wanted.contains(first_label(one.hostname))) continue;
    const bool is_whole = one.domain == "node";
    if (!one.divided && !is_whole) continue;
    const double joules = counted_uj(one.timeline, stretch) * 1e-6;
    if (one.divided) out.parts_j += joules;
    if (is_whole) {
      out.whole_j += joules;
      out.has_whole = true;
    }
    out.nodes.insert(one.hostname);
    out.covered = std::min(out.covered, covered_share(one.timeline, stretch));
  }
  return out;
}

// A reading's row; the node's own sensor is compared where there is one, else the sum of parts.
Json::List compared(const MeterReading& reading, const Ours& ours, bool* agrees) {
  const std::string nodes = reading.hostname.empty() ? "all" : reading.hostname;
  Json::List row = {nodes, time_text(reading.begin_ns), time_text(reading.end_ns), reading.source,
                    reading.joules};
  *agrees = true;
  if (ours.nodes.empty() || ours.covered <= 0) {
    row.insert(row.end(), {Json(), Json(), Json(), Json(), Json(), Json(), 0.0,
                           ours.nodes.empty() ? "no counter of this node was read"
                                              : "no counter was read at that time"});
    return row;
  }
  const double joules = ours.has_whole ? ours.whole_j : ours.parts_j;
  const double off = joules - reading.joules;
  const double allowed = std::hypot(kSensorRelative * joules, kSensorRelative * reading.joules);
  *agrees = std::abs(off) <= allowed;
  std::string reason;
  if (ours.covered < 0.999) reason = "our counters were read for part of that time";
  if (!ours.has_whole) {
    reason += std::string(reason.empty() ? "" : "; ") +
              "parts alone: no sensor of the whole node was read";
  }
  row.insert(row.end(),
             {ours.has_whole ? Json(ours.whole_j) : Json(), Json(ours.parts_j), Json(off),
              reading.joules > 0 ? Json(off / reading.joules) : Json(), Json(allowed),
              Json(*agrees), Json(ours.covered), reason.empty() ? Json() : Json(reason)});
  return row;
}

}  // namespace

Result<EnergyAnswer> energy_checks(const Session& session, const EnergyScope& scope,
                                   const EnergyQuestion& question) {
  int64_t inconsistent = 0;
  const Result<AnswerTable> parts = of_parts(session, scope, &inconsistent);
  if (!parts.ok()) return parts.status();
  std::string text = "What sensors of " + scope.of + " say of each other:\n\n";
  text += parts->size() == 0 ? "no counter of energy was read\n" : parts->text();
  Json::Map facts = {
      {"of", scope.of}, {"domains", parts->json(question.limit)}, {"inconsistent", inconsistent}};
  if (question.against.empty()) {
    return EnergyAnswer{std::move(facts), terminal_lines(text)};
  }
  const Result<MeterReadings> meter = read_meter(question.against);
  if (!meter.ok()) return meter.status();
  const auto counters = node_counters(session, scope.asked());
  if (!counters.ok()) return counters.status();
  AnswerTable rows({{"hostname", "node"},
                    {"begin", "from"},
                    {"end", "until"},
                    {"source", "source"},
                    {"meter_j", "meter", ColumnKind::kReal, "J"},
                    {"node_j", "node's sensor", ColumnKind::kReal, "J"},
                    {"parts_j", "sum of parts", ColumnKind::kReal, "J"},
                    {"off_by_j", "off by", ColumnKind::kReal, "J"},
                    {"off_by_share", "share", ColumnKind::kReal},
                    {"allowed_j", "allowed", ColumnKind::kReal, "J"},
                    {"agrees", "agrees", ColumnKind::kBool},
                    {"coverage", "covered", ColumnKind::kReal},
                    {"reason", "but"}});
  int64_t differ = 0;
  for (const MeterReading& one : meter->readings) {
    bool agrees = true;
    rows.add(compared(one, ours_of(*counters, one), &agrees));
    differ += agrees ? 0 : 1;
  }
  const std::string name = std::filesystem::path(question.against).filename().string();
  text += "\nAgainst " + name + ", sha256 " + meter->sha256 + ":\n\n" + rows.text() +
          (differ == 0 ? "no reading differs by more than the sensors' errors allow\n"
                       : counted(static_cast<uint64_t>(differ), "reading") +
                             " beyond what the sensors' errors allow (5 % of each)\n");
  facts.emplace_back("meter", rows.json(question.limit));
  facts.emplace_back("differ", differ);
  facts.emplace_back("file", Json::Map{{"path", question.against}, {"sha256", meter->sha256}});
  return EnergyAnswer{std::move(facts), terminal_lines(text)};
}

}  // namespace headrace::query
