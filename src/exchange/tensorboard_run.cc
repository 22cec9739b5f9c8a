#include "exchange/tensorboard_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "exchange/tensorboard_values.h"

namespace headrace::exchange {
namespace {

using collect::Value;

constexpr double kLastSecond = 9.2e9;  // a little before 2262
constexpr uint64_t kWarning = 30;

std::optional<int64_t> ns_of(double seconds) {
  if (!(seconds >= 0 && seconds < kLastSecond)) return std::nullopt;
  const double whole = std::floor(seconds);
  return static_cast<int64_t>(whole) * 1'000'000'000 + std::llround((seconds - whole) * 1e9);
}

// PyTorch's writer ends a text's tag like this.
std::string_view text_tag(std::string_view tag) {
  constexpr std::string_view kEnd = "/text_summary";
  return tag.ends_with(kEnd) ? tag.substr(0, tag.size() - kEnd.size()) : tag;
}

}  // namespace

TensorboardRun::TensorboardRun(std::string id, std::string name, std::string parent,
                               std::string campaign, std::string folder)
    : id_(std::move(id)),
      name_(std::move(name)),
      parent_(std::move(parent)),
      campaign_(std::move(campaign)),
      folder_(std::move(folder)) {}

Status TensorboardRun::begin(int64_t at_ns, collect::Intake& intake) {
  if (!last_ns_ || at_ns > *last_ns_) last_ns_ = at_ns;
  if (first_ns_ && *first_ns_ <= at_ns) return ok_status();
  collect::WorkflowTold workflow;
  workflow.id = id_;
  workflow.begin_ns = at_ns;
  if (!first_ns_) {
    workflow.name = name_;
    workflow.parent = parent_;
    workflow.campaign = campaign_;
    workflow.attributes.add("log_folder", Value::of(folder_));
  }
  first_ns_ = at_ns;
  return intake.workflow(workflow);
}

Status TensorboardRun::tell(std::string_view record, collect::Intake& intake) {
  Event event;
  if (!read_event(record, event)) return invalid_argument("it is no event of TensorBoard");
  const std::optional<int64_t> at_ns = ns_of(event.wall_time_s);
  if (!at_ns) return invalid_argument("its wall time is out of range");
  HEADRACE_RETURN_IF_ERROR(begin(*at_ns, intake));
  switch (event.kind) {
    case EventKind::kNothing:
    case EventKind::kFileVersion: break;
    case EventKind::kGraph: ++counts_.graphs; break;
    case EventKind::kRunMetadata: ++counts_.run_metadata; break;
    case EventKind::kLogMessage:
    case EventKind::kSessionLog:
      if (event.text.empty()) break;
      return tell_line(*at_ns, event.level >= kWarning ? LogStream::kStderr : LogStream::kStdout,
                       std::move(event.text), intake);
    case EventKind::kSummary: return tell_summary(event, *at_ns, intake);
  }
  return ok_status();
}

Status TensorboardRun::tell_summary(const Event& event, int64_t at_ns, collect::Intake& intake) {
  collect::RowTold row;
  row.workflow = id_;
  row.at_ns = at_ns;
  row.step = event.step;
  for (const SummaryValue& value : event.values) {
    const auto known = plugins_.find(value.tag);
    std::string plugin = known == plugins_.end() ? value.plugin : known->second;
    if (plugin == "hparams") {
      HEADRACE_RETURN_IF_ERROR(tell_hparams(value.plugin_content, at_ns, intake));
      continue;
    }
    if (known == plugins_.end() && !plugin.empty()) plugins_.emplace(value.tag, plugin);
    const bool is_strings = value.kind == SummaryKind::kTensor && value.tensor.dtype == "string";
    if (is_strings && plugin != "images" && plugin != "audio") {
      HEADRACE_RETURN_IF_ERROR(tell_text(value, at_ns, intake));
      continue;
    }
    if (value.kind == SummaryKind::kNone) continue;
    // A name has one value in a row, so a tag that comes twice makes two of them.
    const auto is_same = [&value](const collect::NamedValue& v) { return v.name == value.tag; };
    if (std::ranges::any_of(row.values.all, is_same)) {
      HEADRACE_RETURN_IF_ERROR(intake.row(row));
      row.values = {};
    }
    row.values.add(value.tag, summary_value(value, plugin));
  }
  return row.values.empty() ? ok_status() : intake.row(row);
}

Status TensorboardRun::tell_line(int64_t at_ns, LogStream stream, std::string text,
                                 collect::Intake& intake) {
  collect::LineTold line;
  line.workflow = id_;
  line.at_ns = at_ns;
  line.stream = stream;
  line.text = std::move(text);
  return intake.line(line);
}

Status TensorboardRun::tell_text(const SummaryValue& value, int64_t at_ns,
                                 collect::Intake& intake) {
  std::string text(text_tag(value.tag));
  text += ':';
  for (const std::string& part : value.tensor.strings) text += " " + part;
  return tell_line(at_ns, LogStream::kStdout, std::move(text), intake);
}

Status TensorboardRun::tell_hparams(const std::string& content, int64_t at_ns,
                                    collect::Intake& intake) {
  Hparams hparams;
  if (!read_hparams(content, hparams)) {
    return invalid_argument("its hyperparameters cannot be read");
  }
  collect::WorkflowTold workflow;
  workflow.id = id_;
  const auto add = [&workflow](const char* name, const std::string& text) {
    if (!text.empty()) workflow.attributes.add(name, Value::of(text));
  };
  if (hparams.is_experiment) {
    add("experiment", hparams.name);
    add("description", hparams.description);
    add("user", hparams.user);
  }
  if (hparams.is_start) {
    for (const auto& [name, value] : hparams.values) workflow.used.add(name, hparam_value(value));
    add("session_group", hparams.group_name);
    add("model_uri", hparams.model_uri);
    session_ended_ = false;
  }
  if (hparams.is_end && hparams.status != SessionStatus::kRunning) {
    const std::optional<int64_t> end_ns =
        hparams.end_time_s > 0 ? ns_of(hparams.end_time_s) : std::nullopt;
    workflow.end_ns = std::max(end_ns.value_or(at_ns), *first_ns_);
    const bool is_failed = hparams.status == SessionStatus::kFailure;
    workflow.status = is_failed ? TaskStatus::kFailed : TaskStatus::kFinished;
    told_end_ns_ = workflow.end_ns;
    session_ended_ = true;
  }
  return intake.workflow(workflow);
}

Status TensorboardRun::end(std::string_view reason, collect::Intake& intake) {
  if (!last_ns_ || session_ended_ || told_end_ns_ == last_ns_) return ok_status();
  collect::WorkflowTold workflow;
  workflow.id = id_;
  workflow.end_ns = last_ns_;
  workflow.status = TaskStatus::kFinished;
  workflow.attributes.add("end_inferred_from", Value::of(reason));
  told_end_ns_ = last_ns_;
  return intake.workflow(workflow);
}

void TensorboardRun::save(ByteWriter& out) const {
  out.i64(first_ns_.value_or(-1));
  out.i64(last_ns_.value_or(-1));
  out.i64(told_end_ns_.value_or(-1));
  out.u8(session_ended_ ? 1 : 0);
  out.u64(counts_.graphs);
  out.u64(counts_.run_metadata);
  out.u64(plugins_.size());
  for (const auto& [tag, plugin] : plugins_) {
    out.text(tag);
    out.text(plugin);
  }
}

void TensorboardRun::load(ByteReader& in) {
  const auto time = [&in]() -> std::optional<int64_t> {
    const int64_t ns = in.i64();
    return ns < 0 ? std::nullopt : std::optional(ns);
  };
  first_ns_ = time();
  last_ns_ = time();
  told_end_ns_ = time();
  session_ended_ = in.u8() != 0;
  counts_.graphs = in.u64();
  counts_.run_metadata = in.u64();
  const uint64_t tags = in.u64();
  for (uint64_t i = 0; i < tags && in.ok(); ++i) {
    const std::string tag(in.text());
    plugins_[tag] = std::string(in.text());
  }
}

}  // namespace headrace::exchange
