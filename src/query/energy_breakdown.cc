#include "query/energy_breakdown.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "query/shown_document.h"

namespace headrace::query {
namespace {

constexpr std::array<std::string_view, kDeviceKinds> kNames = {"gpu", "cpu", "memory", "other"};

void add(BreakdownRow* row, std::string_view domain, int64_t uj, const std::string& truth) {
  row->uj[static_cast<size_t>(kind_of_domain(domain))] += uj;
  if (uj == 0 || truth.empty()) return;
  row->truth = row->truth.empty() || row->truth == truth ? truth : "mixed";
}

std::vector<const BreakdownRow*> rows_of(const EnergyBreakdown& all) {
  std::vector<const BreakdownRow*> out;
  for (const BreakdownRow& row : all.workflows) out.push_back(&row);
  if (all.elsewhere.total_uj() != 0) out.push_back(&all.elsewhere);
  for (const BreakdownRow* row : {&all.idle, &all.unattributed, &all.measured}) out.push_back(row);
  return out;
}

// Which kinds have anything at all.
std::vector<size_t> kinds_of(const EnergyBreakdown& all) {
  std::vector<size_t> out;
  for (size_t k = 0; k < kDeviceKinds; ++k) {
    const auto rows = rows_of(all);
    if (std::any_of(rows.begin(), rows.end(), [&](const auto* row) { return row->uj[k] != 0; })) {
      out.push_back(k);
    }
  }
  return out;
}

double joules(int64_t uj) { return static_cast<double>(uj) * 1e-6; }

std::string machines_text(const EnergyCard& card) {
  TableBuilder table({{"machine", ColumnKind::kText, ""},
                      {"its parts", ColumnKind::kReal, "J"},
                      {"+ rest of it", ColumnKind::kReal, "J"},
                      {"+ not compared", ColumnKind::kReal, "J"},
                      {"= its own counter", ColumnKind::kReal, "J"},
                      {"off by", ColumnKind::kText, ""},
                      {"truth", ColumnKind::kText, ""}});
  for (const EnergyMachine& one : card.machines) {
    table.text(one.hostname).real(joules(one.parts_uj)).real(joules(one.rest_uj));
    table.real(joules(one.uncompared_uj)).real(joules(one.measured_uj));
    table.text(std::to_string(one.difference_uj()) + " uJ").text(one.truth).end_row();
  }
  return shown_table(std::move(table));
}

Json row_json(const BreakdownRow& row) {
  Json::Map out = {{"name", row.name}, {"workflows", row.workflows}};
  for (size_t k = 0; k < kDeviceKinds; ++k) {
    out.emplace_back(std::string(kNames[k]) + "_uj", row.uj[k]);
  }
  out.emplace_back("total_uj", row.total_uj());
  out.emplace_back("truth", row.truth);
  return out;
}

}  // namespace

std::string_view name_of(DeviceKind kind) { return kNames[static_cast<size_t>(kind)]; }

DeviceKind kind_of_domain(std::string_view domain) {
  if (domain.starts_with("node/gpu") || domain.starts_with("node/accel")) return DeviceKind::kGpu;
  if (domain.starts_with("node/cpu") || domain == "process") return DeviceKind::kCpu;
  const bool memory = domain.starts_with("node/dram") || domain.starts_with("node/memory");
  return memory ? DeviceKind::kMemory : DeviceKind::kOther;
}

EnergyBreakdown energy_breakdown(const EnergyCard& card) {
  EnergyBreakdown out;
  std::map<std::string, size_t> places;
  std::map<std::string, std::set<std::string>> ids;
  for (const EnergyLine& line : card.lines) {
    const auto [found, is_new] = places.try_emplace(line.workflow, out.workflows.size());
    if (is_new) out.workflows.push_back({line.workflow, 0, {}, ""});
    ids[line.workflow].insert(line.workflow_id);
    add(&out.workflows[found->second], line.domain, line.figure.energy_uj, line.figure.truth);
  }
  for (BreakdownRow& row : out.workflows) {
    row.workflows = static_cast<int64_t>(ids[row.name].size());
  }
  out.elsewhere.name = "elsewhere";
  out.idle.name = "idle";
  out.unattributed.name = "unattributed";
  out.measured.name = "measured";
  out.difference.name = "difference";
  for (const EnergyBooks& one : card.books) {
    add(&out.elsewhere, one.domain, one.elsewhere_uj, one.truth);
    add(&out.idle, one.domain, one.idle_uj, one.truth);
    add(&out.unattributed, one.domain, one.unattributed_uj, one.truth);
    add(&out.measured, one.domain, one.measured_uj, one.truth);
    add(&out.difference, one.domain, one.measured_uj, "");
  }
  for (const BreakdownRow* row : rows_of(out)) {
    if (row == &out.measured) continue;
    for (size_t k = 0; k < kDeviceKinds; ++k) out.difference.uj[k] -= row->uj[k];
  }
  return out;
}

std::string energy_breakdown_text(const EnergyCard& card) {
  const EnergyBreakdown all = energy_breakdown(card);
  const std::vector<size_t> kinds = kinds_of(all);
  std::vector<BuiltColumn> columns = {{"part", ColumnKind::kText, ""},
                                      {"workflows", ColumnKind::kInteger, ""}};
  for (const size_t k : kinds) columns.push_back({std::string(kNames[k]), ColumnKind::kReal, "J"});
  columns.push_back({"all", ColumnKind::kReal, "J"});
  columns.push_back({"truth", ColumnKind::kText, ""});
  TableBuilder table(std::move(columns));
  for (const BreakdownRow* row : rows_of(all)) {
    table.text(row == &all.measured ? "= measured" : row->name);
    row->workflows > 0 ? table.integer(row->workflows) : table.null();
    for (const size_t k : kinds) table.real(joules(row->uj[k]));
    table.real(joules(row->total_uj())).text(row->truth).end_row();
  }
  table.text("off by").null();
  for (const size_t k : kinds) table.real(joules(all.difference.uj[k]));
  table.real(joules(all.difference.total_uj())).text("").end_row();
  std::string out = shown_table(std::move(table));
  if (!card.machines.empty()) out += "\n" + machines_text(card);
  return out;
}

Json energy_breakdown_json(const EnergyCard& card) {
  const EnergyBreakdown all = energy_breakdown(card);
  Json::List rows;
  for (const BreakdownRow& row : all.workflows) rows.push_back(row_json(row));
  Json::List machines;
  for (const EnergyMachine& one : card.machines) {
    machines.emplace_back(Json::Map{{"hostname", one.hostname},
                                    {"truth", one.truth},
                                    {"parts_uj", one.parts_uj},
                                    {"rest_uj", one.rest_uj},
                                    {"uncompared_uj", one.uncompared_uj},
                                    {"measured_uj", one.measured_uj},
                                    {"difference_uj", one.difference_uj()}});
  }
  return Json::Map{
      {"workflows", std::move(rows)},       {"elsewhere", row_json(all.elsewhere)},
      {"idle", row_json(all.idle)},         {"unattributed", row_json(all.unattributed)},
      {"measured", row_json(all.measured)}, {"difference", row_json(all.difference)},
      {"machines", std::move(machines)}};
}

}  // namespace headrace::query
