#include "energy/subtree_error.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headrace::energy {
namespace {

constexpr uint32_t kUnset = UINT32_MAX;
constexpr uint32_t kVisiting = UINT32_MAX - 1;

}  // namespace

SubtreeErrors::SubtreeErrors(std::span<const TaskSpan> tasks, const ActivityPower& powers,
                             WindowNoise noise)
    : tasks_(tasks),
      noise_(noise),
      parents_(tasks.size()),
      depth_(tasks.size(), kUnset),
      inner_(tasks.size(), kNoTask) {
  for (const TypePower& one : powers.types) {
    sd_.push_back(one.resolution == Resolution::kResolved ? one.relative_sd : one.group_sd);
  }
  std::transform(tasks.begin(), tasks.end(), parents_.begin(),
                 [](const TaskSpan& task) { return task.parent; });
  std::vector<uint32_t> path;
  for (uint32_t i = 0; i < tasks.size(); ++i) {
    uint32_t at = i;
    while (at != kNoTask && depth_[at] == kUnset) {
      depth_[at] = kVisiting;
      path.push_back(at);
      at = parents_[at];
    }
    if (!path.empty() && at != kNoTask && depth_[at] == kVisiting) {
      parents_[path.back()] = at = kNoTask;
    }
    uint32_t depth = at == kNoTask ? 0 : depth_[at] + 1;
    for (; !path.empty(); path.pop_back()) depth_[path.back()] = depth++;
  }
  uint32_t deepest = 0;
  for (uint32_t i = 0; i < tasks.size(); ++i) {
    deepest = std::max(deepest, depth_[i]);
    const uint32_t parent = parents_[i];
    if (parent == kNoTask || inner_[parent] != kNoTask) continue;
    inner_[parent] = static_cast<uint32_t>(subtrees_.size());
    subtrees_.emplace_back();
  }
  now_.resize(size_t{deepest} + 1);
}

void SubtreeErrors::touch(uint32_t task) {
  Subtree& one = subtrees_[inner_[task]];
  if (one.is_in) return;
  one.is_in = true;
  now_[depth_[task]].push_back(task);
  deepest_ = std::max<size_t>(deepest_, depth_[task]);
}

void SubtreeErrors::add(uint32_t task, double expected, double own_s, bool runs_through) {
  const uint32_t at = inner_[task] != kNoTask ? task : parents_[task];
  if (at == kNoTask) return;
  touch(at);
  Subtree& one = subtrees_[inner_[at]];
  one.expected += expected;
  one.squares += expected * expected;
  if (own_s > 0) one.flicker += expected * expected / own_s;
  if (runs_through) one.through += expected * expected;
  one.doubt += expected * sd_[tasks_[task].type];
}

void SubtreeErrors::note_end(ShareError& error, double difference, bool follows, double begin_sd,
                             double correlation) {
  const double end = difference * begin_sd;
  error.rest += end * end + (follows ? 2 * correlation * error.end * end : 0);
  error.end = end;
}

void SubtreeErrors::note(Subtree& one, const WindowError& window) const {
  ShareError& error = one.error;
  const double part = window.seen_part * one.expected / window.sum;
  const bool follows = error.window + 1 == window.window;
  note_end(error, part - (follows ? static_cast<double>(error.share) : 0), follows, window.begin_sd,
           window.correlation);
  const double rest = (1 - part) * window.scale;
  error.own += rest * one.expected;
  one.own_sd += rest * one.doubt;
  one.own_through += rest * std::sqrt(one.through);
  error.rest += rest * rest * noise_.spread * (one.squares - one.through);
  const double others = window.scale * window.scale * std::max(0.0, window.squares - one.squares);
  error.rest += part * part * (noise_.spread * others + noise_.partial * window.composition);
  error.rest += noise_.flicker_s * window.scale * window.scale *
                ((1 - 2 * part) * one.flicker + part * part * window.flicker);
  error.share = static_cast<float>(part);
  error.window = window.window;
}

void SubtreeErrors::finish_window(const WindowError& window) {
  for (size_t depth = deepest_ + 1; depth-- > 0;) {
    for (const uint32_t task : now_[depth]) {
      Subtree& one = subtrees_[inner_[task]];
      if (const uint32_t parent = parents_[task]; parent != kNoTask) {
        touch(parent);
        Subtree& above = subtrees_[inner_[parent]];
        above.expected += one.expected;
        above.squares += one.squares;
        above.flicker += one.flicker;
        above.through += one.through;
        above.doubt += one.doubt;
      }
      note(one, window);
      one.expected = one.squares = one.flicker = one.through = one.doubt = 0;
      one.is_in = false;
      here_.push_back(inner_[task]);
    }
    now_[depth].clear();
  }
  deepest_ = 0;
  for (const uint32_t place : before_) {
    ShareError& error = subtrees_[place].error;
    if (error.window == window.window) continue;
    note_end(error, -static_cast<double>(error.share), true, window.begin_sd, window.correlation);
  }
  before_.swap(here_);
  here_.clear();
}

void SubtreeErrors::forget_window(double begin_sd, double correlation) {
  for (const uint32_t place : before_) {
    ShareError& error = subtrees_[place].error;
    note_end(error, -static_cast<double>(error.share), true, begin_sd, correlation);
  }
  before_.clear();
}

double SubtreeErrors::variance(uint32_t task, double systematic) const {
  const Subtree& one = subtrees_[inner_[task]];
  return systematic * one.error.own * one.error.own + one.own_sd * one.own_sd +
         noise_.spread * one.own_through * one.own_through + one.error.rest;
}

}  // namespace headrace::energy
