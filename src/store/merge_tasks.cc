#include "store/merge_tasks.h"

#include <set>
#include <string>

#include "store/schema.h"

namespace headrace::store {
namespace {

// Where finished tasks stand, or announced ones.
struct Kind {
  const char* table;
  bool is_announced;
};
constexpr Kind kKinds[] = {{"task_slots", false}, {"open_task", true}};

constexpr const char* kCoreNames =
    "producer, seq, wf, activity, schema, ts, dur, status, attempt, parent_producer, parent_seq";
constexpr const char* kCore =
    "m.new, t.seq, w.new, a.new, s.new, t.ts, t.dur, t.status, t.attempt, q.new, t.parent_seq";

// Of the producers that have news, with one layout of values.
std::string tasks_from(const Kind& kind, size_t layout) {
  return std::string(" FROM incoming.") + kind.table +
         " t JOIN merge_news m ON m.old = t.producer "
         "JOIN merge_schema s ON s.old = t.schema AND s.layout = " +
         std::to_string(layout) +
         " LEFT JOIN merge_workflow w ON w.old = t.wf "
         "LEFT JOIN merge_activity a ON a.old = t.activity "
         "LEFT JOIN merge_producer q ON q.old = t.parent_producer";
}

// Announcements of a task that is here are settled by the writer.
std::string unless_here(const Kind& kind, const std::string& row) {
  if (kind.is_announced) return "";
  return " WHERE NOT EXISTS (FROM task_slots h WHERE h.producer = m.new AND h.seq = " + row +
         ".seq)";
}

std::string is_page_of(const Kind& kind) {
  return std::string("g.page ") + (kind.is_announced ? ">= " : "< ") +
         std::to_string(kAnnouncedPage);
}

std::string slot_names(size_t count) {
  std::string out;
  for (size_t slot = 0; slot < count; ++slot) {
    out += (slot > 0 ? ", " : "") + slot_name(static_cast<int>(slot));
  }
  return out;
}

Status in_place(const Connection& connection, const Kind& kind, size_t columns) {
  const std::string slots = slot_names(kSlotsPerPage);
  HEADRACE_RETURN_IF_ERROR(connection.run(
      "INSERT INTO task_page SELECT m.new, g.seq, s.new, g.page, " + slots +
      " FROM incoming.task_page g JOIN merge_news m ON m.old = g.producer "
      "JOIN merge_schema s ON s.old = g.schema AND s.layout = 0" +
      unless_here(kind, "g") + (kind.is_announced ? " WHERE " : " AND ") + is_page_of(kind)));
  const std::string all = slot_names(kSlotsPerPage + columns);
  return connection.run(std::string("INSERT INTO ") + kind.table + "(" + kCoreNames + ", " + all +
                        ") SELECT " + kCore + ", " + all + tasks_from(kind, 0) +
                        unless_here(kind, "t"));
}

// (producer, seq, m0, m1, ...): the values of every move of a layout in one row a task, whatever
// pages they stand on.
std::string gathered(const Kind& kind, const std::vector<SlotMove>& moves, size_t layout) {
  std::string first;
  std::string paged;
  std::string one;
  for (size_t i = 0; i < moves.size(); ++i) {
    const std::string name = " AS m" + std::to_string(i);
    const std::string slot = slot_name(moves[i].from_slot);
    const std::string page = std::to_string(moves[i].from_page);
    first += (moves[i].from_page == 0 ? ", " + slot : ", NULL") + name;
    paged += (moves[i].from_page == 0 ? ", NULL"
                                      : ", CASE WHEN page % " + std::to_string(kAnnouncedPage) +
                                            " = " + page + " THEN " + slot + " END") +
             name;
    one += ", any_value(m" + std::to_string(i) + ")" + name;
  }
  const std::string of_layout =
      " WHERE schema IN (SELECT old FROM merge_schema WHERE layout = " + std::to_string(layout) +
      ") AND producer IN (SELECT old FROM merge_news)";
  return "SELECT producer, seq" + one + " FROM (SELECT producer, seq" + first + " FROM incoming." +
         kind.table + of_layout + " UNION ALL SELECT producer, seq" + paged +
         " FROM incoming.task_page g" + of_layout + " AND " + is_page_of(kind) +
         ") GROUP BY producer, seq";
}

// The columns of page `page` here, and what stands in them.
void targets(const std::vector<SlotMove>& moves, uint16_t page, std::string& names,
             std::string& values, const std::string& row) {
  for (size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].to_page != page) continue;
    names += ", " + slot_name(moves[i].to_slot);
    values +=
        ", " + (row == "t." ? row + slot_name(moves[i].from_slot) : row + "m" + std::to_string(i));
  }
}

Status moved(const Connection& connection, const Kind& kind, const std::vector<SlotMove>& moves,
             size_t layout) {
  std::set<uint16_t> pages;
  bool is_paged = false;
  for (const SlotMove& move : moves) {
    if (move.to_page > 0) pages.insert(move.to_page);
    is_paged = is_paged || move.to_page > 0 || move.from_page > 0;
  }
  std::string join;
  if (is_paged) {
    HEADRACE_RETURN_IF_ERROR(connection.run("CREATE OR REPLACE TEMP TABLE merge_values AS " +
                                            gathered(kind, moves, layout)));
    join = " JOIN merge_values v ON v.producer = t.producer AND v.seq = t.seq";
  }
  for (const uint16_t page : pages) {
    std::string names;
    std::string values;
    targets(moves, page, names, values, "v.");
    const int number = kind.is_announced ? page + kAnnouncedPage : page;
    HEADRACE_RETURN_IF_ERROR(
        connection.run("INSERT INTO task_page(producer, seq, schema, page" + names +
                       ") SELECT m.new, t.seq, " + "s.new, " + std::to_string(number) + values +
                       tasks_from(kind, layout) + join + unless_here(kind, "t")));
  }
  std::string names;
  std::string values;
  targets(moves, 0, names, values, is_paged ? "v." : "t.");
  return connection.run(std::string("INSERT INTO ") + kind.table + "(" + kCoreNames + names +
                        ") SELECT " + kCore + values + tasks_from(kind, layout) + join +
                        unless_here(kind, "t"));
}

}  // namespace

Status merge_tasks(const Connection& connection, const MergeNumbers& numbers,
                   size_t incoming_columns) {
  for (const Kind& kind : kKinds) {
    HEADRACE_RETURN_IF_ERROR(in_place(connection, kind, incoming_columns));
    for (size_t layout = 1; layout < numbers.layouts().size(); ++layout) {
      HEADRACE_RETURN_IF_ERROR(moved(connection, kind, numbers.layouts()[layout], layout));
    }
  }
  return {};
}

}  // namespace headrace::store
