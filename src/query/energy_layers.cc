// What each layer of a model used, in each phase: energy/layer_energy.h's figures, which with the
// tasks' time outside layers add up to what those tasks used themselves.
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "query/answer_table.h"
#include "query/emulated_domains.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/own_energy.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

// Of the tasks of one activity that ran layers, in one process and domain.
struct LayerBooks {
  std::string workflow_id, workflow, activity, domain, truth;
  int64_t layers_uj = 0;
  int64_t outside_uj = 0;
  int64_t repeated_uj = 0;
  int64_t tasks_uj = 0;
  double layers_s = 0;
  double outside_s = 0;
  double repeated_s = 0;
  std::map<std::string, int64_t> layers;  // how many, by resolution

  int64_t difference_uj() const { return tasks_uj - layers_uj - outside_uj - repeated_uj; }
};
// Producer, workflow, activity, domain: the store's numbers.
using Place = std::tuple<std::string, std::string, std::string, std::string>;
using Books = std::map<Place, LayerBooks>;

AnswerTable empty_rows() {
  return AnswerTable({{"workflow_id", "", ColumnKind::kId},
                      {"workflow", "workflow"},
                      {"activity", "activity"},
                      {"model", "model"},
                      {"layer", "layer"},
                      {"phase", "phase"},
                      {"domain", "domain"},
                      {"calls", "calls", ColumnKind::kInteger},
                      {"time_s", "time", ColumnKind::kReal, "s"},
                      {"share_j", "share", ColumnKind::kReal, "J"},
                      {"attributed_j", "energy", ColumnKind::kReal, "J"},
                      {"u95_j", "± 95 %", ColumnKind::kReal, "J"},
                      {"split_u95_j", "", ColumnKind::kReal},
                      {"call_j", "a call", ColumnKind::kReal, "J"},
                      {"power_w", "power", ColumnKind::kReal, "W"},
                      {"resolution", "resolution"},
                      {"group", "group", ColumnKind::kInteger},
                      {"group_size", "", ColumnKind::kInteger},
                      {"group_j", "group's", ColumnKind::kReal, "J"},
                      {"windows", "", ColumnKind::kInteger},
                      {"coverage", "", ColumnKind::kReal},
                      {"method", ""},
                      {"truth", "truth"},
                      {"reason", ""},
                      {"hostname", ""},
                      {"pid", "", ColumnKind::kInteger}});
}

Json text_json(const Cell& cell) { return cell.is_null ? Json() : Json(cell.text); }
Json real_json(const Cell& cell) { return cell.is_null ? Json() : Json(cell.real); }
Json whole_json(const Cell& cell) { return cell.is_null ? Json() : Json(whole_of(cell)); }

std::string layers_sql(const EnergyScope& scope) {
  return "SELECT e.producer, coalesce(e.wf, 0), coalesce(e.activity, 0), e.domain, w.workflow, "
         "w.name, a.name, e.model, e.layer, e.phase, e.calls, e.time_s, e.share_uj, e.u95_j, "
         "e.split_u95_j, e.power_w, e.resolution, e.group_number, count(*) FILTER (e.layer IS NOT "
         "NULL) OVER (PARTITION BY e.producer, e.wf, e.activity, e.domain, e.group_number), "
         "e.group_uj, e.windows, e.coverage, e.method, e.truth, e.reason, p.hostname, p.pid FROM "
         "layer_energy_row e JOIN producer_row p ON p.producer = e.producer LEFT JOIN workflow_row "
         "w ON w.wf = e.wf LEFT JOIN activity_row a ON a.activity = e.activity WHERE " +
         scope.workflows("w.workflow") +
         " ORDER BY w.begin_ns, w.workflow, e.producer, e.activity, e.domain, e.layer IS NULL, "
         "e.share_uj DESC, e.model, e.layer, e.phase";
}

// Fills the books and gives the rows of layers.
Result<AnswerTable> read_layers(const Session& session, const EnergyScope& scope, Books* books) {
  AnswerTable out = empty_rows();
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session);
  if (!emulated.ok()) return emulated.status();
  const auto rows = session.rows(layers_sql(scope));
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    LayerBooks& book = (*books)[{row[0].text, row[1].text, row[2].text, row[3].text}];
    book.workflow_id = row[4].text;
    book.workflow = row[5].text;
    book.activity = row[6].text;
    book.domain = row[3].text;
    book.truth = emulated->shown(row[3].text, row[23].text);
    const int64_t share_uj = whole_of(row[12]);
    if (row[8].is_null) {
      (row[9].is_null ? book.outside_uj : book.repeated_uj) += share_uj;
      (row[9].is_null ? book.outside_s : book.repeated_s) += row[11].real;
      continue;
    }
    book.layers_uj += share_uj;
    book.layers_s += row[11].real;
    ++book.layers[row[16].text];
    const bool is_resolved = row[16].text == "resolved";
    const double share_j = joules_of_uj(share_uj);
    const int64_t calls = whole_of(row[10]);
    out.add({text_json(row[4]),
             text_json(row[5]),
             text_json(row[6]),
             text_json(row[7]),
             text_json(row[8]),
             text_json(row[9]),
             text_json(row[3]),
             whole_json(row[10]),
             real_json(row[11]),
             share_j,
             is_resolved ? Json(share_j) : Json(),
             real_json(row[13]),
             real_json(row[14]),
             is_resolved && calls > 0 ? Json(share_j / static_cast<double>(calls)) : Json(),
             real_json(row[15]),
             text_json(row[16]),
             whole_json(row[17]),
             whole_json(row[18]),
             joules_of_uj(whole_of(row[19])),
             whole_json(row[20]),
             real_json(row[21]),
             text_json(row[22]),
             emulated->shown(row[3].text, row[23].text),
             text_json(row[24]),
             text_json(row[25]),
             whole_json(row[26])});
  }
  return out;
}

// What those tasks used themselves, as the tasks' own rows have it.
Status read_tasks(const Session& session, const EnergyScope& scope, Books* books) {
  if (books->empty()) return {};
  const Result<std::string> reach = energy_reach(session, scope.asked());
  if (!reach.ok()) return reach.status();
  const auto rows = session.rows(with_own_energy(*reach) +
                                 "SELECT producer, coalesce(wf, 0), coalesce(activity, 0), domain, "
                                 "sum(uj)::BIGINT FROM own_energy GROUP BY 1, 2, 3, 4");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    const auto at = books->find({row[0].text, row[1].text, row[2].text, row[3].text});
    if (at != books->end()) at->second.tasks_uj += whole_of(row[4]);
  }
  return {};
}

AnswerTable books_table(const Books& books) {
  AnswerTable out({{"workflow_id", "", ColumnKind::kId},
                   {"workflow", "workflow"},
                   {"activity", "activity"},
                   {"domain", "domain"},
                   {"layers_j", "layers", ColumnKind::kReal, "J"},
                   {"outside_j", "+ outside", ColumnKind::kReal, "J"},
                   {"repeated_j", "+ repeats", ColumnKind::kReal, "J"},
                   {"tasks_j", "= tasks themselves", ColumnKind::kReal, "J"},
                   {"difference_uj", "off by uJ", ColumnKind::kInteger},
                   {"layers_s", "in layers", ColumnKind::kReal, "s"},
                   {"outside_s", "outside", ColumnKind::kReal, "s"},
                   {"repeated_s", "repeating", ColumnKind::kReal, "s"},
                   {"resolved", "resolved", ColumnKind::kInteger},
                   {"grouped", "grouped", ColumnKind::kInteger},
                   {"unresolved", "unresolved", ColumnKind::kInteger},
                   {"truth", "truth"}});
  for (const auto& [place, one] : books) {
    const auto count = [&layers = one.layers](const char* resolution) {
      const auto at = layers.find(resolution);
      return at == layers.end() ? int64_t{0} : at->second;
    };
    out.add({one.workflow_id, one.workflow, one.activity, one.domain, joules_of_uj(one.layers_uj),
             joules_of_uj(one.outside_uj), joules_of_uj(one.repeated_uj),
             joules_of_uj(one.tasks_uj), one.difference_uj(), one.layers_s, one.outside_s,
             one.repeated_s, count("resolved"), count("grouped"), count("unresolved"), one.truth});
  }
  return out;
}

std::string text_of(const EnergyScope& scope, const AnswerTable& rows, const Books& books) {
  std::string out = "Layers of " + scope.of + ":";
  if (rows.size() == 0) {
    return out +
           " none is known. Layers are told by hr.torch.watch(model) inside a task, and have "
           "joules "
           "where a sensor was read meanwhile.\n";
  }
  out += "\n\n" + rows.text() + "\n" + books_table(books).text();
  for (const auto& [place, one] : books) {
    if (one.layers.contains("grouped") || one.layers.contains("unresolved")) {
      return out +
             "\nLayers of one group always ran together: only their sum is known, `group's`. "
             "hr.torch.watch(model, resolve=\"2%\") tells them apart.\n";
    }
  }
  return out;
}

}  // namespace

Result<EnergyAnswer> energy_layers(const Session& session, const EnergyScope& scope,
                                   const EnergyQuestion& question) {
  Books books;
  const Result<AnswerTable> rows = read_layers(session, scope, &books);
  if (!rows.ok()) return rows.status();
  HEADRACE_RETURN_IF_ERROR(read_tasks(session, scope, &books));
  return EnergyAnswer{Json::Map{{"of", scope.of},
                                {"layers", rows->json(question.limit)},
                                {"conservation", books_table(books).json()}},
                      terminal_lines(text_of(scope, *rows, books))};
}

}  // namespace headrace::query
