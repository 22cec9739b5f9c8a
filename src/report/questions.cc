#include "report/questions.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "query/session.h"

namespace headrace::report {

std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

query::Json questions_json(const AskedAgain& asked) {
  query::Json::List out;
  const auto add = [&out](const char* section, const char* label, std::string text) {
    out.emplace_back(
        query::Json::Map{{"section", section}, {"label", label}, {"text", std::move(text)}});
  };
  const std::string name = shell_word(asked.name);
  const bool is_workflow = !asked.workflow_id.empty();
  const std::string where =
      " WHERE " + (is_workflow ? "workflow_id = " + store::sql_text(asked.workflow_id)
                               : "campaign = " + store::sql_text(asked.name));
  const std::string flow = shell_word("workflow:" + asked.workflow_id);
  if (!asked.quality.empty()) {
    for (const char* cost : {"energy", "time"}) {
      add("tradeoff", "CLI",
          "headrace tradeoff " + name + " --cost " + cost + " --quality " +
              shell_word(asked.quality) + (asked.minimise ? " --minimise" : ""));
    }
    add("tradeoff", "SQL",
        "SELECT task_id, used, generated." + store::sql_name(asked.quality) +
            ", duration_s FROM task" + where + " AND activity = " +
            store::sql_text(asked.activity) + " ORDER BY 3" + (asked.minimise ? "" : " DESC"));
  }
  add("timeline", "CLI",
      is_workflow ? "headrace ls tasks " + flow : "headrace ls tasks --campaign " + name);
  add("timeline", "SQL",
      "SELECT activity, count(*) AS tasks, sum(duration_s) AS seconds FROM task" + where +
          " GROUP BY activity ORDER BY seconds DESC");
  if (!asked.object.empty()) add("lineage", "CLI", "headrace why " + asked.object);
  add("workflows", "CLI",
      is_workflow ? "headrace show workflow:" + asked.workflow_id
                  : "headrace ls workflows --campaign " + name);
  add("energy", "SQL",
      "SELECT domain, method, truth, assumption, count(*) AS tasks FROM task_energy GROUP BY ALL");
  add("energy", "SQL", "SELECT name, quantity, unit, truth, source, assumption FROM sensor");
  add("capture", "CLI", "headrace doctor");
  add("capture", "SQL", "SELECT * FROM gap");
  return out;
}

}  // namespace headrace::report
