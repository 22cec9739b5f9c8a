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

constexpr size_t kCampaignBytes = 500;

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

// Of one source; its name is a label where there are several.
struct Measured {
  std::vector<Label> labels;
  bool is_readable = false;
  LiveStoreCounts counts;
  MadeAhead::Counts ahead;
  std::shared_ptr<const StoredSums> sums;

  std::vector<Label> with(std::vector<Label> more) const {
    more.insert(more.begin(), labels.begin(), labels.end());
    return more;
  }
};

Measured measure(Source& source, bool is_one_of_several) {
  Measured out;
  if (is_one_of_several) out.labels.push_back({"source", source.name()});
  out.counts = source.live().counts();
  out.ahead = source.ahead().counts();
  const auto view = source.live().view(1000);
  out.is_readable = view.ok();
  if (!view.ok()) return out;
  out.sums = (*view)->kept->get<StoredSums>(
      "metrics", (*view)->watermark,
      [&](const std::shared_ptr<const StoredSums>&) { return read_stored_sums((*view)->session); },
      [](const StoredSums& sums) { return 4096 + sums.campaigns.size() * kCampaignBytes; });
  return out;
}

void add_campaigns(const std::vector<Measured>& all, Text* text) {
  text->family("campaign_tasks", "gauge",
               "Tasks of a campaign, of the hundred that began last, by what became of them.");
  const auto each = [&](auto&& see) {
    for (const Measured& one : all) {
      if (one.sums == nullptr) continue;
      for (const StoredSums::Campaign& campaign : one.sums->campaigns) {
        see(campaign, one.with({{"campaign", campaign.name}, {"campaign_id", campaign.id}}));
      }
    }
  };
  each([&](const StoredSums::Campaign& campaign, const std::vector<Label>& labels) {
    for (const auto& [status, count] : campaign.tasks) {
      std::vector<Label> more = labels;
      more.push_back({"status", status});
      text->value(count, more);
    }
  });
  text->family("campaign_energy_joules", "gauge",
               "Energy of a campaign's tasks, over domains that do not overlap.");
  each([&](const StoredSums::Campaign& campaign, const std::vector<Label>& labels) {
    if (campaign.energy_j) text->value(*campaign.energy_j, labels);
  });
}

void add_stores(const std::vector<Measured>& all, Text* text) {
  text->family("store_readable", "gauge", "1 when the store can be read.");
  for (const Measured& one : all) text->value(one.is_readable ? 1.0 : 0.0, one.labels);
  text->family("tasks", "gauge", "Tasks in the store, by what became of them.");
  for (const Measured& one : all) {
    if (one.sums == nullptr) continue;
    for (const auto& [status, count] : one.sums->tasks) {
      text->value(count, one.with({{"status", status}}));
    }
  }
  add_campaigns(all, text);
  text->family("records", "gauge", "Records by where they are: accepted is the sum of all others.");
  for (const Measured& one : all) {
    if (one.sums == nullptr) continue;
    for (const auto& [state, value] : one.sums->records) {
      text->value(value, one.with({{"state", state}}));
    }
  }
  text->family("energy_joules", "gauge",
               "Energy of the captured processes: measured is the sum of all others.");
  for (const Measured& one : all) {
    if (one.sums == nullptr) continue;
    for (const auto& e : one.sums->energy) {
      const auto add = [&](const char* share, double joules) {
        text->value(joules, one.with({{"domain", e.domain}, {"truth", e.truth}, {"share", share}}));
      };
      add("measured", e.measured_j);
      add("attributed", e.attributed_j);
      add("idle", e.idle_j);
      add("unattributed", e.unattributed_j);
    }
  }
}

void add_folds(const std::vector<Measured>& all, Text* text) {
  const auto each = [&](const char* name, const char* type, const char* help, auto&& value_of) {
    text->family(name, type, help);
    for (const Measured& one : all) {
      text->value(static_cast<double>(value_of(one)), one.labels);
    }
  };
  using One = const Measured&;
  each("folds_total", "counter", "Times that something new was taken in.",
       [](One m) { return m.counts.folds; });
  each("folded_tasks_total", "counter", "Tasks taken in.",
       [](One m) { return m.counts.folded_tasks; });
  each("folded_bytes_total", "counter", "Bytes of segments taken in.",
       [](One m) { return m.counts.folded_bytes; });
  each("fold_seconds_total", "counter", "Time that this took.",
       [](One m) { return m.counts.fold_s; });
  each("folds_put_off_total", "counter",
       "Times that it had to wait for somebody who went on reading.",
       [](One m) { return m.counts.folds_put_off; });
  each("late_seconds", "gauge", "How long something new waits to be taken in by now.",
       [](One m) { return m.counts.late_s; });
  each("made_ahead_total", "counter", "Rounds of answers made before they were asked for.",
       [](One m) { return m.ahead.rounds; });
  each("made_ahead_seconds_total", "counter", "Time that these took.",
       [](One m) { return m.ahead.seconds; });
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
      .value(c.requests_refused, {{"why", "queue_full"}})
      .value(c.requests_left, {{"why", "client_left"}});
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
  std::vector<Measured> all;
  for (const auto& source : site.sources()) {
    all.push_back(measure(*source, site.sources().size() > 1));
  }
  add_stores(all, &text);
  add_folds(all, &text);
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
