#include "serve/metrics.h"

#include <cstdio>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "query/json.h"
#include "serve/site.h"
#include "serve/stored_sums.h"

namespace headrace::serve {
namespace {

struct Label {
  std::string name;
  std::string value;
};

// One family after the other, each with its help and type.
class Text {
 public:
  Text& family(const std::string& name, const char* type, const char* help) {
    name_ = "headrace_" + name;
    out_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
    return *this;
  }
  Text& value(double v, const std::vector<Label>& labels = {}) {
    out_ += name_;
    for (size_t i = 0; i < labels.size(); ++i) {
      out_ += (i == 0 ? "{" : ",") + labels[i].name + "=\"" + escaped(labels[i].value) + "\"";
    }
    out_ += (labels.empty() ? " " : "} ") + query::json_number(v) + "\n";
    return *this;
  }
  Text& value(uint64_t v, const std::vector<Label>& labels = {}) {
    return value(static_cast<double>(v), labels);
  }
  std::string take() { return std::move(out_); }

 private:
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
    return out;
  }
  std::string name_;
  std::string out_;
};

void add_campaigns(const StoredSums& sums, Text* text) {
  text->family("campaign_tasks", "gauge",
               "Tasks of a campaign, of the hundred that began last, by what became of them.");
  for (const StoredSums::Campaign& one : sums.campaigns) {
    for (const auto& [status, count] : one.tasks) {
      text->value(count, {{"campaign", one.name}, {"campaign_id", one.id}, {"status", status}});
    }
  }
  text->family("campaign_energy_joules", "gauge",
               "Energy of a campaign's tasks, over domains that do not overlap.");
  for (const StoredSums::Campaign& one : sums.campaigns) {
    if (one.energy_j) text->value(*one.energy_j, {{"campaign", one.name}, {"campaign_id", one.id}});
  }
}

void add_store(Site& site, Text* text) {
  const auto view = site.live().view(1000);
  text->family("store_readable", "gauge", "1 when the store can be read.")
      .value(view.ok() ? 1.0 : 0.0);
  if (!view.ok()) return;
  const auto sums = (*view)->kept->get<StoredSums>(
      "metrics", (*view)->watermark,
      [&](const std::shared_ptr<const StoredSums>&) { return read_stored_sums((*view)->session); });
  text->family("tasks", "gauge", "Tasks in the store, by what became of them.");
  for (const auto& [status, count] : sums->tasks) text->value(count, {{"status", status}});
  add_campaigns(*sums, text);
  text->family("records", "gauge", "Records by where they are: accepted is the sum of all others.");
  for (const auto& [state, value] : sums->records) text->value(value, {{"state", state}});
  text->family("energy_joules", "gauge",
               "Energy of the captured processes: measured is the sum of all others.");
  for (const auto& e : sums->energy) {
    const auto add = [&](const char* share, double joules) {
      text->value(joules, {{"domain", e.domain}, {"truth", e.truth}, {"share", share}});
    };
    add("measured", e.measured_j);
    add("attributed", e.attributed_j);
    add("idle", e.idle_j);
    add("unattributed", e.unattributed_j);
  }
}

void add_folds(const LiveStoreCounts& counts, Text* text) {
  text->family("folds_total", "counter", "Times that something new was taken in.")
      .value(counts.folds);
  text->family("folded_tasks_total", "counter", "Tasks taken in.").value(counts.folded_tasks);
  text->family("folded_bytes_total", "counter", "Bytes of segments taken in.")
      .value(counts.folded_bytes);
  text->family("fold_seconds_total", "counter", "Time that this took.").value(counts.fold_s);
  text->family("folds_put_off_total", "counter",
               "Times that it had to wait for somebody who went on reading.")
      .value(counts.folds_put_off);
  text->family("late_seconds", "gauge", "How long something new waits to be taken in by now.")
      .value(counts.late_s);
}

void add_connections(const HttpServer& server, Text* text) {
  const ServerCounts& c = server.counts();
  text->family("connections_total", "counter", "Connections taken.").value(c.connections);
  text->family("connections_open", "gauge", "Connections open now.").value(c.connections_open);
  text->family("event_streams_open", "gauge", "Of them, those that listen for changes.")
      .value(c.streams_open);
  text->family("queued_requests", "gauge", "Requests that wait for a worker.")
      .value(uint64_t{server.queued()});
  text->family("response_bytes_total", "counter", "Bytes sent.").value(c.response_bytes);
  text->family("turned_away_total", "counter", "Connections and requests turned away, by why.")
      .value(c.connections_refused, {{"why", "too_many_connections"}})
      .value(c.peers_refused, {{"why", "other_user"}})
      .value(c.requests_malformed, {{"why", "malformed"}})
      .value(c.requests_too_large, {{"why", "too_large"}})
      .value(c.requests_timed_out, {{"why", "timed_out"}})
      .value(c.requests_refused, {{"why", "queue_full"}});
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

uint64_t resident_bytes() {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  unsigned long all = 0;
  unsigned long resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%lu %lu", &all, &resident) != 2) return 0;
  return uint64_t{resident} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

void add_cost(Text* text) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  text->family("server_cpu_seconds_total", "counter", "Processor time of the server itself.")
      .value(seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
  text->family("server_resident_memory_bytes", "gauge", "Memory of the server itself.")
      .value(resident_bytes());
}

}  // namespace

std::string metrics_text(Site& site) {
  Text text;
  text.family("build_info", "gauge", "1, with the version.")
      .value(1.0, {{"version", HEADRACE_VERSION}});
  add_store(site, &text);
  add_folds(site.live().counts(), &text);
  if (site.server() != nullptr) add_connections(*site.server(), &text);
  text.family("access_refused_total", "counter", "Requests without the right to ask.")
      .value(site.access().refusals());
  const auto paths = site.path_counts();
  text.family("http_requests_total", "counter", "Requests answered, by path.");
  for (const auto& [path, counts] : paths) text.value(counts.requests, {{"path", path}});
  text.family("http_errors_total", "counter", "Of them, with an error, by path.");
  for (const auto& [path, counts] : paths) text.value(counts.errors, {{"path", path}});
  text.family("http_seconds_total", "counter", "Time that answers took, by path.");
  for (const auto& [path, counts] : paths) text.value(counts.seconds, {{"path", path}});
  add_cost(&text);
  return text.take();
}

}  // namespace headrace::serve
