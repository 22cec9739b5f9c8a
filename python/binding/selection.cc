#include "binding/selection.h"

#include <cmath>
#include <cstdio>
#include <new>
#include <utility>

#include "base/id.h"
#include "binding/names.h"
#include "binding/tick_rate.h"

namespace headrace::binding {
namespace {

Selection* g_first = nullptr;
// Of selections that are gone.
uint64_t g_gone_sampled_out = 0;
uint64_t g_gone_too_short = 0;
uint32_t g_gone_generation = 0;

void append_text(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) continue;
    out += c;
  }
  out += '"';
}

bool read_sample(PyObject* sample, uint64_t* every, uint64_t* threshold) {
  if (sample == nullptr || sample == Py_None) return true;
  if (PyLong_Check(sample) && !PyBool_Check(sample)) {
    const long long n = PyLong_AsLongLong(sample);
    if (n >= 1) {
      *every = static_cast<uint64_t>(n);
      return true;
    }
    PyErr_Clear();
  } else if (PyFloat_Check(sample)) {
    const double p = PyFloat_AS_DOUBLE(sample);
    if (p > 0 && p <= 1) {
      *every = p < 1 ? 0 : 1;
      *threshold = p < 1 ? static_cast<uint64_t>(std::ldexp(p, 64)) : 0;
      return true;
    }
  }
  PyErr_SetString(PyExc_ValueError,
                  "sample is a whole number n >= 1 (one call of n) or a probability above 0 and at "
                  "most 1.0");
  return false;
}

bool read_duration(PyObject* duration, double* out) {
  if (duration == nullptr || duration == Py_None) return true;
  *out = PyFloat_AsDouble(duration);
  if (!PyErr_Occurred() && *out >= 0 && std::isfinite(*out)) return true;
  PyErr_Clear();
  PyErr_SetString(PyExc_ValueError, "min_duration is a number of seconds, 0 or more");
  return false;
}

}  // namespace

Selection::Selection(std::string activity)
    : activity_(std::move(activity)), next_(g_first), random_(draw_producer()) {
  if (next_ != nullptr) next_->previous_ = this;
  g_first = this;
  generation_ = forks.load(std::memory_order_relaxed);
}

Selection::~Selection() {
  forget_parent();
  (previous_ != nullptr ? previous_->next_ : g_first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (g_gone_generation != forks.load(std::memory_order_relaxed)) {
    g_gone_generation = forks.load(std::memory_order_relaxed);
    g_gone_sampled_out = g_gone_too_short = 0;
  }
  g_gone_sampled_out += all_sampled_out_;
  g_gone_too_short += all_too_short_;
}

Selection* Selection::make(const std::string& activity, PyObject* sample, PyObject* min_duration) {
  uint64_t every = 1;
  uint64_t threshold = 0;
  double min_duration_s = 0;
  if (!read_sample(sample, &every, &threshold) || !read_duration(min_duration, &min_duration_s)) {
    return nullptr;
  }
  auto* made = new (std::nothrow) Selection(activity);
  if (made == nullptr) {
    PyErr_NoMemory();
    return nullptr;
  }
  made->every_ = every;
  made->threshold_ = threshold;
  made->min_duration_s_ = min_duration_s;
  return made;
}

// A fork child counts its own, and draws its own.
void Selection::forget_parent() {
  const uint32_t now = forks.load(std::memory_order_relaxed);
  if (generation_ == now) [[likely]]
    return;
  generation_ = now;
  sampled_out_ = too_short_ = all_sampled_out_ = all_too_short_ = calls_ = 0;
  random_ = draw_producer();
}

bool Selection::takes() {
  forget_parent();
  if (every_ == 1) return true;
  bool taken = false;
  if (every_ != 0) {
    taken = calls_++ % every_ == 0;
  } else {
    // splitmix64: every seed gives a full period.
    uint64_t z = random_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    taken = (z ^ z >> 31) < threshold_;
  }
  if (taken) return true;
  ++sampled_out_;
  ++all_sampled_out_;
  return false;
}

bool Selection::is_too_short(uint64_t duration_ticks) {
  if (min_duration_s_ <= 0) return false;
  if (static_cast<double>(duration_ticks) >= min_duration_s_ * ticks_per_s) return false;
  ++too_short_;
  ++all_too_short_;
  return true;
}

void Selection::add_counts(capture::Fields& fields) {
  static PyObject* sampled_out = PyUnicode_InternFromString("sampled_out");
  static PyObject* too_short = PyUnicode_InternFromString("too_short");
  if (sampled_out_ > 0) {
    fields.add_int(Role::kAttribute, name_of(sampled_out).id, static_cast<int64_t>(sampled_out_));
  }
  if (too_short_ > 0) {
    fields.add_int(Role::kAttribute, name_of(too_short).id, static_cast<int64_t>(too_short_));
  }
  sampled_out_ = too_short_ = 0;
}

LeftOut LeftOut::now() {
  LeftOut out;
  const uint32_t own = forks.load(std::memory_order_relaxed);
  if (g_gone_generation == own) {
    out.sampled_out = g_gone_sampled_out;
    out.too_short = g_gone_too_short;
  }
  for (Selection* one = g_first; one != nullptr; one = one->next_) {
    one->forget_parent();
    if (one->all_sampled_out_ + one->all_too_short_ == 0) continue;
    out.sampled_out += one->all_sampled_out_;
    out.too_short += one->all_too_short_;
    out.by_activity += out.by_activity.empty() ? "{" : ", ";
    append_text(out.by_activity, one->activity_);
    out.by_activity += ": [" + std::to_string(one->all_sampled_out_) + ", " +
                       std::to_string(one->all_too_short_) + "]";
  }
  if (!out.by_activity.empty()) out.by_activity += "}";
  return out;
}

}  // namespace headrace::binding
