#include "top/changes.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "base/clock.h"
#include "query/json_or_null.h"
#include "query/units.h"
#include "query/utf8.h"
#include "top/running.h"
#include "top/words.h"

namespace headrace::top {
namespace {

using query::Json;
using query::json_or_null;

// Of one kind in one look; the rest is counted.
constexpr size_t kMostLines = 20;
// Stragglers told are remembered, as many as matter.
constexpr size_t kMostTold = 100'000;
// What cost less beyond the median is no news for a log; headrace stragglers lists all.
constexpr double kLeastExcessS = 1;

// 0.1666… as 0.166667; what is no number as it stands.
std::string shortened(const std::string& value) {
  double number = 0;
  const auto end = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = end.ec == std::errc() && end.ptr == value.data() + value.size();
  return is_number ? query::number_text(number) : value;
}

std::string described(const WorkflowLine& line) {
  std::string out = query::counted(line.ended, "task") + " done";
  if (line.failed > 0) out += ", " + count_text(line.failed) + " failed";
  if (line.elapsed_s) out += ", " + query::duration_text(*line.elapsed_s);
  if (line.energy.energy_j) {
    out += ", " + energy_text(line.energy) + emulated_text(line.energy.truth);
  }
  return out;
}

Json::Map json_of(const WorkflowLine& line) {
  return {{"workflow", line.name},
          {"workflow_id", line.id},
          {"campaign", line.campaign.empty() ? Json() : Json(line.campaign)},
          {"status", std::string(name_of(line.status))},
          {"tasks", line.ended},
          {"running", line.running},
          {"failed", line.failed},
          {"elapsed_s", json_or_null(line.elapsed_s)},
          {"energy_j", json_or_null(line.energy.energy_j)},
          {"energy_truth", line.energy.truth.empty() ? Json() : Json(line.energy.truth)}};
}

Json::Map json_of(const Picture& picture) {
  return {{"scope", picture.title},
          {"status", std::string(name_of(picture.status))},
          {"workflows", picture.workflow_count},
          {"tasks", picture.ended},
          {"running", picture.running},
          {"failed", picture.failed},
          {"tasks_per_s", picture.rate},
          {"elapsed_s", json_or_null(picture.elapsed_s)},
          {"energy_j", json_or_null(picture.energy.energy_j)},
          {"energy_truth", picture.energy.truth.empty() ? Json() : Json(picture.energy.truth)},
          {"power_w", json_or_null(picture.machine.power_w)},
          {"projected_j", json_or_null(picture.projection.energy_j)},
          {"left_s", picture.projection.energy_j ? Json(picture.projection.left_s) : Json()},
          {"lost", picture.losses.dropped + picture.losses.missing + picture.losses.quarantined}};
}

std::string totals(const Picture& picture) {
  std::string out = query::counted(picture.workflow_count, "workflow") + ", " +
                    query::counted(picture.ended, "task") + " done, " + count_text(picture.failed) +
                    " failed";
  if (picture.energy.energy_j) {
    out += ", " + energy_text(picture.energy) + emulated_text(picture.energy.truth);
  }
  return out;
}

int64_t lost_of(const Losses& losses) {
  return losses.dropped + losses.missing + losses.quarantined;
}

}  // namespace

std::string line_of(const Change& change) {
  std::string time = utc_text(change.time_ns).substr(0, 19);
  time[10] = ' ';
  return time + "  " + change.text;
}

std::string json_line_of(const Change& change) {
  Json::Map out{{"time", utc_text(change.time_ns)}, {"event", change.event}};
  for (const auto& field : change.json) out.push_back(field);
  return Json(std::move(out)).dump();
}

void Changes::add(int64_t time_ns, const std::string& event, const std::string& text,
                  Json::Map json) {
  out_.push_back({time_ns, event, query::terminal_text(text), std::move(json)});
}

std::vector<Change> Changes::since_last(const Folder& folder, const Scope& scope, int64_t now_ns) {
  out_.clear();
  now_ns_ = now_ns;
  const Picture picture = make_picture(folder, scope, now_ns);
  if (picture.is_empty) return {};
  const std::set<uint32_t> mine = workflows_of(folder, scope);
  workflows(folder, picture);
  failures(folder, mine);
  stragglers(picture);
  metrics(folder, mine);
  losses(picture);
  std::stable_sort(out_.begin(), out_.end(),
                   [](const Change& a, const Change& b) { return a.time_ns < b.time_ns; });
  budget(picture);
  progress(picture);
  is_first_ = false;
  return std::move(out_);
}

void Changes::workflows(const Folder& folder, const Picture& picture) {
  int64_t ended_before = 0;
  std::map<std::string, const WorkflowFacts*> facts;
  for (const auto& [number, w] : folder.workflows) facts.emplace(w.id.text(), &w);
  for (const WorkflowLine& line : picture.workflows) {
    const auto known = statuses_.find(line.id);
    const bool is_new = known == statuses_.end();
    const bool has_ended = line.status != TaskStatus::kRunning;
    if (!is_new && known->second == line.status) continue;
    statuses_[line.id] = line.status;
    if (is_first_ && has_ended) {
      ++ended_before;
      continue;
    }
    const WorkflowFacts& w = *facts.at(line.id);
    const std::string name = "workflow " + line.name;
    if (is_new) {
      Json::Map json = json_of(line);
      for (auto& [key, value] : json) {
        if (key == "status") value = "running";
      }
      add(w.begin_ns.value_or(now_ns_), "workflow", name + " started", std::move(json));
    }
    if (has_ended) {
      add(w.end_ns.value_or(now_ns_), "workflow",
          name + " " + (line.status == TaskStatus::kLost ? "was " : "") +
              std::string(name_of(line.status)) + ": " + described(line),
          json_of(line));
    }
  }
  if (ended_before > 0) {
    add(now_ns_, "workflow", query::counted(ended_before, "workflow") + " ended before",
        {{"ended_before", ended_before}});
  }
}

void Changes::failures(const Folder& folder, const std::set<uint32_t>& mine) {
  const uint64_t all = folder.tally.failed_rows();
  const uint64_t fresh = all - std::min(failures_, all);
  failures_ = all;
  if (is_first_) return;
  const std::deque<TaskRow>& rows = folder.tally.failures();
  size_t said = 0;
  int64_t more = fresh > rows.size() ? static_cast<int64_t>(fresh - rows.size()) : 0;
  for (size_t i = rows.size() - std::min<size_t>(fresh, rows.size()); i < rows.size(); ++i) {
    const TaskRow& row = rows[i];
    if (!mine.contains(row.workflow)) continue;
    if (++said > kMostLines) {
      ++more;
      continue;
    }
    const std::string id = task_id(folder, row);
    const std::string activity = activity_name(folder, row);
    const std::string word(name_of(row.status));
    const double took_s = static_cast<double>(row.duration_ns.value_or(0)) / 1e9;
    const std::string& workflow = folder.workflows.at(row.workflow).name;
    add(row.begin_ns + row.duration_ns.value_or(0), "task " + word,
        "task " + activity + " " + word + " after " + query::duration_text(took_s) + " in " +
            workflow + " on " + place_of(folder, row) + "; headrace show " + id,
        {{"activity", activity},
         {"task_id", id},
         {"workflow", workflow},
         {"duration_s", took_s},
         {"where", place_of(folder, row)}});
  }
  if (more > 0) {
    add(now_ns_, "task failed", "and " + query::counted(more, "more task") + " failed",
        {{"more", more}});
  }
}

void Changes::stragglers(const Picture& picture) {
  size_t said = 0;
  for (const TroubleLine& line : picture.troubles) {
    if (line.status != TaskStatus::kFinished || line.excess_s < kLeastExcessS) continue;
    if (stragglers_.size() >= kMostTold) break;
    if (said >= kMostLines || !stragglers_.insert(line.id).second || is_first_) continue;
    ++said;
    add(line.end_ns, "straggler", "straggler: " + line.sentence,
        {{"task_id", line.id}, {"excess_s", line.excess_s}, {"sentence", line.sentence}});
  }
}

void Changes::metrics(const Folder& folder, const std::set<uint32_t>& mine) {
  size_t said = 0;
  for (const MetricPoint& point : folder.metrics) {
    if (!mine.contains(point.workflow) || said >= kMostLines) continue;
    const WorkflowFacts& w = folder.workflows.at(point.workflow);
    if (is_first_ && w.status != TaskStatus::kRunning) continue;  // over before we looked
    int64_t& last_ns = metric_said_ns_[{point.workflow, point.name}];
    if (last_ns != 0 && now_ns_ - last_ns < every_ns_) continue;
    last_ns = now_ns_;
    ++said;
    add(point.time_ns, "metric",
        "metric " + point.name + " " + shortened(point.value) + " in " + w.name,
        {{"metric", point.name}, {"value", point.value}, {"workflow", w.name}});
  }
}

void Changes::losses(const Picture& picture) {
  const int64_t lost = lost_of(picture.losses);
  if (lost > lost_) {
    add(now_ns_, "lost",
        query::counted(lost - lost_, "record") + " lost, " + count_text(lost) +
            " in all; headrace doctor says which and why",
        {{"dropped", picture.losses.dropped},
         {"missing", picture.losses.missing},
         {"quarantined", picture.losses.quarantined}});
  }
  lost_ = lost;
}

void Changes::budget(const Picture& picture) {
  if (budget_j_ <= 0) return;
  const double so_far_j = picture.energy.energy_j.value_or(0);
  const bool is = so_far_j > budget_j_;
  const bool will = picture.projection.energy_j.value_or(0) > budget_j_;
  if (is ? budget_is_ : (!will || budget_will_)) return;
  (is ? budget_is_ : budget_will_) = true;
  const RunningLine& task = picture.dearest;
  std::string text =
      "energy budget of " + query::si_text(budget_j_, "J") +
      (is ? " is exceeded: " + energy_text(picture.energy) + emulated_text(picture.energy.truth)
          : " will be exceeded: ≈ " + query::si_text(*picture.projection.energy_j, "J") +
                " when what runs has ended, in " + query::duration_text(picture.projection.left_s));
  if (!task.activity.empty()) {
    text += "; most is used by task " + task.activity + " of " + task.workflow + ", " + task.id +
            ", since " + query::duration_text(task.elapsed_s);
  }
  add(now_ns_, "energy budget", text,
      {{"budget_j", budget_j_},
       {"exceeded", is},
       {"energy_j", so_far_j},
       {"projected_j", json_or_null(picture.projection.energy_j)},
       {"task_id", task.id.empty() ? Json() : Json(task.id)},
       {"activity", task.activity.empty() ? Json() : Json(task.activity)},
       {"workflow", task.workflow.empty() ? Json() : Json(task.workflow)}});
}

// Behind what happened meanwhile.
void Changes::progress(const Picture& picture) {
  const std::pair state(picture.ended, picture.running);
  if (progress_said_ns_ == 0) {
    progress_said_ns_ = now_ns_;
    progress_said_ = state;
    return;
  }
  if (now_ns_ - progress_said_ns_ < every_ns_) return;
  progress_said_ns_ = now_ns_;
  if (state == progress_said_ && picture.running == 0) return;
  progress_said_ = state;
  std::string text = picture.title + ": " + query::counted(picture.ended, "task") + " done, " +
                     count_text(picture.running) + " running, " + count_text(picture.failed) +
                     " failed, " + (picture.rate > 0 ? rate_text(picture.rate) : "0") + " tasks/s";
  if (picture.energy.energy_j) {
    text += ", " + energy_text(picture.energy) + emulated_text(picture.energy.truth);
  }
  if (picture.machine.power_w) {
    text += std::string(", ") + (picture.machine.power_truth == "measured" ? "" : "≈ ") +
            query::si_text(*picture.machine.power_w, "W");
  }
  if (picture.projection.energy_j) {
    text += ", ≈ " + query::si_text(*picture.projection.energy_j, "J") +
            " when what runs has ended, in " + query::duration_text(picture.projection.left_s);
  }
  add(now_ns_, "progress", text, json_of(picture));
}

Change Changes::summary(const Folder& folder, const Scope& scope, int64_t now_ns) {
  const Picture picture = make_picture(folder, scope, now_ns);
  const std::string how = has_failed(folder, scope) ? "failed" : "finished";
  return {
      now_ns, "summary",
      query::terminal_text(
          picture.title + " " + how + ": " + totals(picture) +
          (picture.elapsed_s ? ", " + query::duration_text(*picture.elapsed_s) : "") +
          (picture.losses.any() ? ", " + query::counted(lost_of(picture.losses), "record") + " lost"
                                : "")),
      json_of(picture)};
}

bool is_over(const Folder& folder, const Scope& scope) {
  const std::set<uint32_t> mine = workflows_of(folder, scope);
  if (mine.empty()) return false;
  for (const uint32_t number : mine) {
    const WorkflowFacts& w = folder.workflows.at(number);
    if (w.status == TaskStatus::kRunning) return false;
    const auto process = folder.processes.find(w.producer);
    if (process != folder.processes.end() && process->second.is_running) return false;
  }
  return scope.kind != Scope::Kind::kEverything ||
         std::none_of(folder.processes.begin(), folder.processes.end(),
                      [](const auto& entry) { return entry.second.is_running; });
}

bool has_failed(const Folder& folder, const Scope& scope) {
  for (const uint32_t number : workflows_of(folder, scope)) {
    const TaskStatus status = folder.workflows.at(number).status;
    if (status == TaskStatus::kFailed || status == TaskStatus::kLost) return true;
  }
  return false;
}

}  // namespace headrace::top
