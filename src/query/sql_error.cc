#include "query/sql_error.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "query/nearest.h"
#include "query/session.h"

namespace headrace::query {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string first_word(const std::string& sql) {
  const size_t begin = sql.find_first_not_of(" \t\r\n(");
  if (begin == std::string::npos) return "";
  return upper(sql.substr(begin, sql.find_first_of(" \t\r\n(;", begin) - begin));
}

// The line of `sql` that byte `at` is in, with a caret under it.
std::string pointed_at(const std::string& sql, size_t at) {
  const size_t begin = at == 0 ? 0 : sql.rfind('\n', at - 1) + 1;
  const auto line_number =
      1 + std::count(sql.begin(), sql.begin() + static_cast<long>(begin), '\n');
  const std::string head = "LINE " + std::to_string(line_number) + ": ";
  return "\n" + head + sql.substr(begin, sql.find('\n', begin) - begin) + "\n" +
         std::string(head.size() + at - begin, ' ') + "^";
}

std::string without_class(std::string message) {
  for (const char* name : {"Binder Error: ", "Catalog Error: ", "Parser Error: ",
                           "Conversion Error: ", "Invalid Input Error: ", "Out of Range Error: ",
                           "Not implemented Error: ", "Permission Error: ", "IO Error: "}) {
    if (message.rfind(name, 0) == 0) return message.erase(0, std::string(name).size());
  }
  return message;
}

// What stands between two texts, the first time.
std::optional<std::string> between(const std::string& text, const std::string& before,
                                   const std::string& after) {
  const size_t from = text.find(before);
  if (from == std::string::npos) return std::nullopt;
  const size_t begin = from + before.size();
  const size_t end = text.find(after, begin);
  if (end == std::string::npos) return std::nullopt;
  return text.substr(begin, end - begin);
}

}  // namespace

Status parse_error(const std::string& sql, const Json& error) {
  const std::string what = error["error_message"].text();
  if (what.rfind("Only SELECT", 0) == 0) {
    // DuckDB would first look for the values and make a type of them.
    if (upper(sql).find("PIVOT") != std::string::npos) {
      return invalid_argument(
          "PIVOT needs the values that become columns: PIVOT task ON status IN ('finished', "
          "'failed') USING count(*)");
    }
    return invalid_argument(first_word(sql) +
                            " is not possible here: the store is only read. SELECT, FROM, WITH, "
                            "VALUES, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN are.");
  }
  std::string message = what;
  const std::string position = error["position"].text();
  size_t at = 0;
  if (std::from_chars(position.data(), position.data() + position.size(), at).ec == std::errc() &&
      at <= sql.size()) {
    message += pointed_at(sql, at);
  }
  return invalid_argument(message);
}

Status reader_error(const Status& error) {
  // DuckDB's advice is about settings, which a reader cannot change.
  if (error.message().rfind("Out of Memory Error: ", 0) == 0) {
    return exhausted(
        "the query needs more memory than it may have; narrow it with WHERE, group before "
        "joining, or ask for fewer rows");
  }
  std::string message = without_class(error.message());
  if (const auto table = between(message, "Table with name ", " does not exist")) {
    const size_t place = message.find("\nLINE ");
    const std::string where = place == std::string::npos ? "" : message.substr(place);
    const auto near = nearest_names(*table, view_names());
    message = "there is no table or view " + *table +
              (near.empty() ? "; there are " + listed(view_names()) : did_you_mean(near)) + where;
  }
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return {error.code(), message};
}

}  // namespace headrace::query
