// The tables and views of a store, and their version.
//
// Tables hold dictionary numbers and slots and may change with the version; views are what a reader
// may rely on. Every table with a view of the same subject is called <subject>_row. Captured values
// of tasks stand in typed slots: docs/design/store.md says how and why.
#pragma once

#include <set>
#include <string>

namespace headrace::store {

constexpr int kSchemaVersion = 5;

// Slots of a row, in this order: 8 DOUBLE, 8 BIGINT, 8 BOOLEAN, 8 VARCHAR. A task with more values
// of a kind goes on in rows of `task_page`.
constexpr int kSlotsPerKind = 8;
constexpr int kSlotKinds = 4;
constexpr int kSlotsPerPage = kSlotsPerKind * kSlotKinds;
// Behind them in task_slots and open_task, made when they are needed: columns x0, x1, ... that
// belong to one key each. Their slots go on from kSlotsPerPage, on page 0.
constexpr int kMostExclusive = 64;
// Added to the page number of a task that was only announced: its end brings pages of its own.
constexpr int kAnnouncedPage = 0x8000;

// "d0", "i3", "b7", "s2" for slot 0 .. 31 of a page, "x0" for the first exclusive one.
std::string slot_name(int slot);
// The SQL type of a kind of slot: 0 DOUBLE, 1 BIGINT, 2 BOOLEAN, 3 VARCHAR.
std::string slot_type(int kind);

// CREATE statements for an empty database.
std::string schema_sql();
// CREATE OR REPLACE statements of all views. They read the registry as data, so they change only
// with the version; `task` also with the number of exclusive columns.
std::string views_sql(int exclusive_columns);

// SQL for the UUID of a task from its producer's prefix and its number.
std::string task_id_sql(const std::string& prefix, const std::string& number);
// The same by a function that only this program's connections have (task_id_function.h), for views
// that are made for one query; `producer` is the alias
// of a producer_row.
std::string quick_task_id_sql(const std::string& producer, const std::string& number);
// CREATE TEMP VIEW for a stored view that computes task ids, with the quick ones; "" for others.
// `columns`: those that the query may touch; empty: all.
std::string quick_view_sql(const std::string& view, const std::set<std::string>& columns);
// SQL for the JSON object of the values of one role, from a list of slot texts and the list of
// fields that `role_fields_sql` gives; '{}' when there are none.
std::string json_object_sql(const std::string& slots, const std::string& fields);
// SQL for the list of a row's 32 slots as text; `row` is the row's alias and a dot, or empty.
std::string slot_texts_sql(const std::string& row);
// The same of its exclusive columns, the last one first: role_fields_sql() counts them from the end
// of a list of all slots.
std::string exclusive_texts_sql(const std::string& row, int exclusive_columns);
// A query that gives (schema, used, generated, tag, error, attribute): the fields of each schema.
std::string role_fields_sql();

}  // namespace headrace::store
