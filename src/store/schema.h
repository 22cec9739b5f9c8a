// The tables and views of a store, and their version.
//
// Tables hold dictionary numbers and slots and may change with the version; views are what a reader
// may rely on. Every table with a view of the same subject is called <subject>_row. Captured values
// of tasks stand in typed slots: docs/design/store.md says how and why.
#pragma once

#include <string>

namespace headrace::store {

constexpr int kSchemaVersion = 2;

// Slots of a row, in this order: 8 DOUBLE, 8 BIGINT, 8 BOOLEAN, 8 VARCHAR. A task with more values
// of a kind goes on in rows of `task_page`.
constexpr int kSlotsPerKind = 8;
constexpr int kSlotKinds = 4;
constexpr int kSlotsPerPage = kSlotsPerKind * kSlotKinds;
// Added to the page number of a task that was only announced: its end brings pages of its own.
constexpr int kAnnouncedPage = 0x8000;

// "d0", "i3", "b7", "s2" for slot 0 .. 31 of a page.
std::string slot_name(int slot);

// CREATE statements for an empty database.
std::string schema_sql();
// CREATE OR REPLACE statements of all views. They read the registry as data, so they change only
// with the version.
std::string views_sql();

// SQL for the UUID of a task from its producer's prefix and its number.
std::string task_id_sql(const std::string& prefix, const std::string& number);
// SQL for the JSON object of the values of one role, from a list of slot texts and the list of
// fields that `role_fields_sql` gives; '{}' when there are none.
std::string json_object_sql(const std::string& slots, const std::string& fields);
// SQL for the list of a row's 32 slots as text; `row` is the row's alias and a dot, or empty.
std::string slot_texts_sql(const std::string& row);
// A query that gives (schema, used, generated, tag, error, attribute): the fields of each schema.
std::string role_fields_sql();

}  // namespace headrace::store
