// Goes through the windows of a counter and says how long each layer of a model ran in each.
//
// Of an interval it is known how long each part (layer and phase) ran in it, not when: it is taken
// to be spread evenly over it. In an interval in which one part was repeated, that part ran all the
// time, and no other: other intervals around it are spread over what it leaves of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::energy {

struct PartTime {
  uint32_t part = 0;
  int64_t self_ns = 0;
  int64_t calls = 0;
};

// Over an interval, how long parts ran themselves.
struct LayerInterval {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  bool repeated = false;  // one part, by itself, to measure it
  size_t first = 0;       // its times: `count` from here
  size_t count = 0;
};

// Of one model, or of all those that the same tasks run.
struct LayerExposure {
  std::vector<LayerInterval> intervals;  // by begin
  std::vector<PartTime> times;
  size_t parts = 0;  // they are numbered from 0
};

// What the tasks that ran the layers got of one or several windows of a counter.
struct LayerWindow {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  double own_s = 0;      // how long they ran themselves
  int64_t share_uj = 0;  // theirs
  int64_t others_uj = 0;
  double begin_spread_s = 0;  // standard deviation of the ends' times
  double end_spread_s = 0;
  bool known = true;  // all of it was counted
  uint16_t gaps = 0;  // else why not
};

struct PartSeconds {
  uint32_t part = 0;
  double s = 0;           // in all
  double repeated_s = 0;  // of it, while it was repeated
  double calls = 0;       // without those
};

class LayerWalk {
 public:
  // `windows` in the order of time, none reaching into the next.
  LayerWalk(std::span<const LayerWindow> windows, const LayerExposure& exposure);

  bool next();
  const LayerWindow& window() const { return windows_[at_]; }
  std::span<const PartSeconds> parts() const { return out_; }
  // Of the tasks' own time, what no part ran.
  double outside_s() const { return outside_s_; }
  // Sum over the intervals that the window's end (begin) cuts of f (1 - f) length^2, f being the
  // part of it before the cut: in how far it is not known what ran on which side.
  double end_cut_s2() const { return end_cut_s2_; }
  double begin_cut_s2() const { return begin_cut_s2_; }

 private:
  void add(const LayerInterval& interval);
  double repeated_until(int64_t at_ns) const;
  static double cut_s2(double part, double length_ns);

  std::span<const LayerWindow> windows_;
  const LayerExposure& exposure_;
  struct Repeat {
    int64_t begin_ns;
    int64_t end_ns;
    double before_ns;  // of all repeats that began earlier
  };
  std::vector<Repeat> repeats_;
  size_t at_ = SIZE_MAX;
  size_t next_interval_ = 0;
  std::vector<uint32_t> active_;  // intervals that began before and may go on
  std::vector<uint32_t> place_;   // of each part in out_; UINT32_MAX: none
  std::vector<PartSeconds> out_;
  double outside_s_ = 0;
  double begin_cut_s2_ = 0;
  double end_cut_s2_ = 0;
};

}  // namespace headrace::energy
