// How far the sum of a task and all that it holds may be off.
//
// The shares of one window are parts of one known sum, so what one task got too much another got
// too little: where a window is all of the same subtree's, nothing of the division is in doubt for
// the subtree. Adding up the tasks' own errors would forget that. So each window's shares are first
// summed by subtree, and the error is that of the sum (energy/share_error.h).
//
// The deviation of a task that runs through the whole window is the same in its other windows, and
// adds up in proportion; those of others are many, and add up by their squares.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/activity_power.h"
#include "energy/share_error.h"
#include "energy/task_span.h"
#include "energy/window_noise.h"

namespace headrace::energy {

class SubtreeErrors {
 public:
  SubtreeErrors(std::span<const TaskSpan> tasks, const ActivityPower& powers, WindowNoise noise);

  // Whether the task holds others in the process: only of those is anything kept here.
  bool holds_any(uint32_t task) const { return inner_[task] != kNoTask; }

  // What was expected of a task in the window that is being added.
  void add(uint32_t task, double expected, double own_s, bool runs_through);
  // After all of them. `window`: its number; `sum`, `squares`: of what is expected of all in it;
  // `scale`: what was counted for each of what was expected; `seen_part`: of what was counted, that
  // which is not the sensor's; `begin_sd`, `correlation`: of the energy on the wrong side of its
  // begin, and that error's with the one of the end before.
  struct WindowError {
    uint32_t window = 0;
    double sum = 0;
    double squares = 0;
    double flicker = 0;
    double scale = 1;
    double composition = 0;
    double seen_part = 1;
    double begin_sd = 0;
    double correlation = 0;
  };
  void finish_window(const WindowError& window);
  // A window of which nothing is known follows.
  void forget_window(double begin_sd, double correlation);

  // `systematic`: mean variance of the relative errors of the powers of all types.
  double variance(uint32_t task, double systematic) const;

 private:
  struct Subtree {
    ShareError error;        // own: of what is thought of powers, in proportion to their deviation
    double own_sd = 0;       // sum of (1 - f) m sd
    double own_through = 0;  // sum of (1 - f) (root of the sum of m^2) of those that run through
    // Of this window.
    double expected = 0;
    double squares = 0;
    double flicker = 0;
    double through = 0;
    double doubt = 0;  // sum of m sd
    bool is_in = false;
  };

  void touch(uint32_t task);
  void note(Subtree& one, const WindowError& window) const;
  static void note_end(ShareError& error, double difference, bool follows, double begin_sd,
                       double correlation);

  std::span<const TaskSpan> tasks_;
  const WindowNoise noise_;
  std::vector<double> sd_;         // of each type's power, relative
  std::vector<uint32_t> parents_;  // without cycles, which damage can make
  std::vector<uint32_t> depth_;
  std::vector<uint32_t> inner_;  // place in subtrees_; kNoTask: holds nothing
  std::vector<Subtree> subtrees_;
  std::vector<std::vector<uint32_t>> now_;  // by depth: tasks whose subtrees this window is of
  size_t deepest_ = 0;
  std::vector<uint32_t> here_, before_;  // places of the subtrees of this window and the last
};

}  // namespace headrace::energy
