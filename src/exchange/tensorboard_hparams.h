// What the hparams plugin writes into event files: HParamsPluginData of tensorboard's
// plugins/hparams/plugin_data.proto, as the plugin content of summaries whose tags begin with
// `_hparams_/`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headrace::exchange {

// A google.protobuf.Value: null, number, text, truth; a list or struct as its text in JSON,
// with NaN and Infinity as Python writes them.
struct HparamJson {
  std::string text;
  bool operator==(const HparamJson&) const = default;
};
using HparamValue = std::variant<std::monostate, double, std::string, bool, HparamJson>;

enum class SessionStatus : uint8_t { kUnknown = 0, kSuccess = 1, kFailure = 2, kRunning = 3 };

struct Hparams {
  bool is_experiment = false;
  std::string name;  // of the experiment
  std::string description;
  std::string user;
  std::vector<std::string> hparam_names;
  std::vector<std::string> metric_tags;  // "group/tag" where a group is named

  bool is_start = false;
  std::vector<std::pair<std::string, HparamValue>> values;
  std::string group_name;
  std::string model_uri;
  double start_time_s = 0;  // since the epoch; 0: not said

  bool is_end = false;
  SessionStatus status = SessionStatus::kUnknown;
  double end_time_s = 0;
};

// False when `content` is no such message.
bool read_hparams(std::string_view content, Hparams& out);

}  // namespace headrace::exchange
