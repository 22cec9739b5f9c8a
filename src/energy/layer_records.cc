#include "energy/layer_records.h"

#include <map>
#include <tuple>
#include <unordered_map>

namespace headrace::energy {
namespace {

using Key = std::tuple<uint32_t, uint32_t, uint32_t>;  // producer, workflow, activity

struct Open {
  WatchedLayers layers;
  std::unordered_map<std::string, uint32_t> numbers;  // by model, layer and phase

  uint32_t number(std::string_view model, std::string_view layer, std::string_view phase) {
    std::string key(model);
    key.append(1, '\0').append(layer).append(1, '\0').append(phase);
    const auto [at, is_new] =
        numbers.try_emplace(std::move(key), static_cast<uint32_t>(layers.names.size()));
    if (is_new) {
      layers.names.push_back({std::string(model), std::string(layer), std::string(phase)});
    }
    return at->second;
  }
};

}  // namespace

Result<std::vector<WatchedLayers>> read_layers(const store::Connection& connection,
                                               const std::vector<Mark>& producers,
                                               const TaskForest& forest) {
  Result<store::QueryResult> rows = connection.query(
      "SELECT producer, seq, begin_ts, end_ts, repeated, ring, number, model, layer, phase, "
      "self_ns, calls FROM exposure_row WHERE seq IS NOT NULL AND producer IN " +
      in_list(producers) + " ORDER BY producer, begin_ts, end_ts, ring, number");
  if (!rows.ok()) return rows.status();
  std::map<Key, Open> open;
  std::tuple<int64_t, int64_t, int64_t> record;  // of the interval that is being read
  Open* now = nullptr;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const std::tuple its(c.integer(0, row), c.integer(5, row), c.integer(6, row));
      if (now == nullptr || its != record) {
        const auto producer = static_cast<uint32_t>(c.integer(0, row));
        const uint32_t place = forest.find(producer, c.integer(1, row));
        if (place == kNoTask) {
          now = nullptr;
          continue;
        }
        record = its;
        const TaskRow& task = forest.task(place);
        now = &open[{producer, task.workflow, task.activity}];
        LayerExposure& exposure = now->layers.exposure;
        exposure.intervals.push_back(
            {c.integer(2, row), c.integer(3, row), c.boolean(4, row), exposure.times.size(), 0});
      }
      LayerExposure& exposure = now->layers.exposure;
      const uint32_t part = now->number(c.text(7, row), c.text(8, row), c.text(9, row));
      exposure.times.push_back({part, c.integer(10, row), c.integer(11, row)});
      ++exposure.intervals.back().count;
    }
  }
  std::vector<WatchedLayers> out;
  for (auto& [key, one] : open) {
    std::tie(one.layers.producer, one.layers.workflow, one.layers.activity) = key;
    one.layers.exposure.parts = one.layers.names.size();
    out.push_back(std::move(one.layers));
  }
  return out;
}

}  // namespace headrace::energy
