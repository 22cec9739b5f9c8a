// The line "env": language, packages, machine, job.
#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {

void Story::environment() {
  const Json python = attribute("python");
  const Json machine = attribute("machine");
  const Json job = attribute("job");
  const ProcessFacts own = process();
  const auto* packages = own.packages.as<Json::Map>();
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  };
  const Json& version =
      python["python"]["version"].is_null() ? python["version"] : python["python"]["version"];
  add(version.is_null() ? own.language : "Python " + version.text());
  if (const auto count = python["package_count"].number()) {
    add(number_text(*count) + " packages");
  } else if (packages != nullptr) {
    add(std::to_string(packages->size()) + " packages");
  }
  if (!machine["cpu"]["model"].is_null()) add(machine["cpu"]["model"].text());
  if (const auto* gpus = machine["gpus"].as<Json::List>(); gpus != nullptr && !gpus->empty()) {
    add(std::to_string(gpus->size()) + " × " + gpus->front().text());
  }
  const Json& host = node(*actor_).facts["hostname"];
  if (!host.is_null()) add("on " + host.text());
  if (!job["job_id"].is_null()) add(job["scheduler"].text() + " job " + job["job_id"].text());
  if (!text.empty()) line("env", text);
  if (python.is_null() && machine.is_null()) {
    miss(packages == nullptr ? "packages, seeds and machine" : "the machine",
         "run the program under headrace run");
  }
  fact("environment", members({{"python", python},
                               {"packages", own.packages},
                               {"seeds", own.seeds},
                               {"machine", machine},
                               {"job", job},
                               {"hostname", host}}));
}

}  // namespace headrace::query
