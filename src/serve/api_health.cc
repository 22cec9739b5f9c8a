// Whether all is there: the account of each process, losses, versions, what capture and serving
// cost.
#include <sys/resource.h>

#include "base/clock.h"
#include "serve/api.h"
#include "serve/site.h"

namespace headrace::serve {
namespace {

using query::Json;

constexpr size_t kAccountBytes = 1 << 20;  // of 1000 processes, about

// What capture's own threads cost a process: what it wrote and its drain thread took it says when
// it ends; the sampler's thread and the whole process are sensors of it.
constexpr const char* kCost = R"sql(WITH cpu AS (
  SELECT s.producer, max(m.raw * s.scale) FILTER (s.name = 'headrace.sampler.cpu_time') AS sampler,
    max(m.raw * s.scale) FILTER (s.name = 'process.cpu_time') AS process
  FROM sensor_row s JOIN sample_row m ON m.sensor = s.sensor
  WHERE s.name IN ('headrace.sampler.cpu_time', 'process.cpu_time') AND m.flags & 1 = 0 GROUP BY 1),
cost AS (
  SELECT printf('%015x', p.uid) AS producer, TRY_CAST(p.facts::JSON->>'$.bytes' AS BIGINT) AS bytes,
    TRY_CAST(p.facts::JSON->>'$.drain_cpu_ns' AS BIGINT) / 1e9 AS drain_cpu_s,
    cpu.sampler AS sampler_cpu_s, cpu.process AS process_cpu_s
  FROM producer_row p LEFT JOIN cpu ON cpu.producer = p.producer)
)sql";

// The rows of a query as a list of maps.
Result<Json::List> maps_of(const query::Session& session, const std::string& sql) {
  Result<query::ResultTable> table = session.own_sql(sql);
  if (!table.ok()) return table.status();
  Json::List out;
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      Json::Map map;
      for (size_t i = 0; i < table->columns().size(); ++i) {
        map.emplace_back(table->columns()[i].name, table->json(i, row));
      }
      out.emplace_back(std::move(map));
    }
  }
}

double own_cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

Json server_json(Site& site, Source& source) {
  const LiveStoreCounts counts = source.live().counts();
  const double up_s = static_cast<double>(now_realtime_ns() - site.started_ns()) / 1e9;
  return Json::Map{{"version", HEADRACE_VERSION},
                   {"started_at", utc_text(site.started_ns())},
                   {"up_s", up_s},
                   {"cpu_s", own_cpu_s()},
                   {"folds", static_cast<int64_t>(counts.folds)},
                   {"fold_s", counts.fold_s},
                   {"folds_put_off", static_cast<int64_t>(counts.folds_put_off)},
                   {"late_s", counts.late_s},
                   {"allow_write", site.allows_write()}};
}

Json store_json(Source& source, const StoreView& view) {
  const Change latest = source.live().latest();
  const std::string& note = view.session.note();
  return Json::Map{{"readable", true},
                   {"note", note.empty() ? Json() : Json(note)},
                   {"watermark", view.watermark},
                   {"tasks", latest.tasks},
                   {"failed", latest.failed},
                   {"running", latest.running}};
}

// What the store says of its processes and losses.
Result<Json::Map> account_of(const query::Session& session) {
  Json::Map out;
  Result<Json::List> totals =
      maps_of(session,
              "SELECT count(*) AS producers, count(*) FILTER (state = 'running') AS running, "
              "sum(accepted)::BIGINT AS accepted, sum(stored)::BIGINT AS stored, "
              "sum(spooled)::BIGINT AS spooled, sum(quarantined)::BIGINT AS quarantined, "
              "sum(dropped)::BIGINT AS dropped, sum(missing)::BIGINT AS missing FROM accounting");
  if (!totals.ok()) return totals.status();
  if (!totals->empty()) out.emplace_back("totals", std::move(totals->front()));
  Result<Json::List> capture =
      maps_of(session, std::string(kCost) +
                           "SELECT sum(bytes)::BIGINT AS bytes, sum(drain_cpu_s) AS drain_cpu_s, "
                           "sum(sampler_cpu_s) AS sampler_cpu_s, sum(process_cpu_s) FILTER (told) "
                           "AS process_cpu_s, sum(drain_cpu_s + sampler_cpu_s) FILTER (told) / "
                           "sum(process_cpu_s) FILTER (told) AS share FROM (SELECT *, drain_cpu_s "
                           "+ sampler_cpu_s IS NOT NULL AND process_cpu_s > 0 AS told FROM cost)");
  if (!capture.ok()) return capture.status();
  if (!capture->empty()) out.emplace_back("capture", std::move(capture->front()));
  // More processes than a page shows; those that lost something come first.
  const std::pair<const char*, std::string> parts[] = {
      {"producers",
       std::string(kCost) +
           "SELECT a.*, c.* EXCLUDE (producer) FROM accounting a LEFT JOIN cost c ON c.producer = "
           "a.producer ORDER BY missing + dropped + quarantined DESC, accepted DESC, a.producer "
           "LIMIT 1000"},
      {"gaps",
       "SELECT reason, count(*) AS gaps, sum(count)::BIGINT AS records FROM gap GROUP BY 1 "
       "ORDER BY 3 DESC LIMIT 100"},
      {"quarantine",
       "SELECT reason, count(*) AS places, sum(records)::BIGINT AS records FROM quarantine "
       "GROUP BY 1 ORDER BY 2 DESC LIMIT 100"}};
  for (const auto& [name, sql] : parts) {
    Result<Json::List> rows = maps_of(session, sql);
    if (!rows.ok()) return rows.status();
    out.emplace_back(name, std::move(*rows));
  }
  return out;
}

// The server's own part is there whatever the store says, and new each time.
Result<Answer> health(const Call& call) {
  Site& site = call.site();
  Source& source = call.source();
  Json::Map out{{"folder", source.live().directory().root.string()},
                {"server", server_json(site, source)}};
  const auto view = source.live().view(2000);
  if (!view.ok()) {
    out.emplace_back("store", Json::Map{{"readable", false}, {"why", view.status().message()}});
    return Answer(Json(std::move(out)));
  }
  out.emplace_back("store", store_json(source, **view));
  Status failed;
  const auto account = (*view)->kept->get<Json::Map>(
      "account", (*view)->watermark,
      [&](const auto&) {
        auto read = account_of((*view)->session);
        if (!read.ok()) failed = read.status();
        return read.ok() ? std::make_shared<const Json::Map>(std::move(*read)) : nullptr;
      },
      [](const Json::Map&) { return kAccountBytes; });
  if (account == nullptr) return failed;
  out.insert(out.end(), account->begin(), account->end());
  return Answer(Json(std::move(out)));
}

}  // namespace

void add_health_routes(std::vector<Route>* out) {
  out->push_back({.method = "GET",
                  .path = "/health",
                  .about =
                      "Accounts of all processes, losses, versions, what capture's own threads "
                      "and serving cost; `share` is that of the CPU time of the processes "
                      "that told both",
                  .answer = health,
                  .is_of_store = false});
}

}  // namespace headrace::serve
