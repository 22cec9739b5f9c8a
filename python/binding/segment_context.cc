#include "binding/segment_context.h"

#include <algorithm>
#include <sys/stat.h>

#include "binding/tick_rate.h"

namespace headrace::binding {

bool SegmentContext::takes(const RecordView& view) {
  if (view.kind() == RecordKind::kClock) {
    ClockRecord record;
    if (!view.fixed(&record)) return true;
    if (first_clock_.ticks == 0) first_clock_ = record;
    last_clock_ = record;
    return true;
  }
  if (view.kind() != RecordKind::kDictionary) return false;
  DictionaryRecord record;
  if (!view.fixed(&record)) return true;
  const std::string_view bytes = view.bytes().substr(sizeof record);
  if (record.length_bytes <= bytes.size()) {
    entries_[record.id] = std::string(bytes.substr(0, record.length_bytes));
  }
  return true;
}

std::string SegmentContext::uuid(uint32_t id) const {
  const std::string_view bytes = entry(id);
  if (bytes.size() < 16) return "null";
  return '"' + Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data())).text() + '"';
}

int64_t SegmentContext::time_ns(uint64_t at_ticks) const {
  if (at_ticks == 0 || first_clock_.ticks == 0) return 0;
  const bool is_alone = last_clock_.ticks == first_clock_.ticks;
  const uint64_t ticks = is_alone ? now_.ticks : last_clock_.ticks;
  const int64_t monotonic_ns = is_alone ? now_.monotonic_ns : last_clock_.monotonic_ns;
  double ns_per_tick = 1e9 / ticks_per_s;
  if (ticks > first_clock_.ticks) {
    const double rate = static_cast<double>(monotonic_ns - first_clock_.monotonic_ns) /
                        static_cast<double>(ticks - first_clock_.ticks);
    // Of another boot, the reading taken now says nothing.
    if (rate > 0.99 * ns_per_tick && rate < 1.01 * ns_per_tick) ns_per_tick = rate;
  }
  const auto since = static_cast<double>(static_cast<int64_t>(at_ticks - first_clock_.ticks));
  return first_clock_.realtime_ns + static_cast<int64_t>(since * ns_per_tick);
}

namespace {

// What a dict says of a segment, which has one name whether sealed or not; 0 where it says nothing,
// -1 with an exception.
int64_t bytes_in(PyObject* dict, const SegmentFile& file) {
  const std::string name = file.path.stem().string();
  const Ref key = Ref::steal(PyUnicode_FromStringAndSize(name.data(), Py_ssize_t(name.size())));
  if (!key) return -1;
  PyObject* bytes = PyDict_GetItemWithError(dict, key.get());
  if (bytes == nullptr) return PyErr_Occurred() == nullptr ? 0 : -1;
  return PyLong_AsLongLong(bytes);
}

}  // namespace

int64_t bytes_of_part(const SpoolPart& part, const SegmentFile& file) {
  auto bytes = static_cast<int64_t>(file.size_bytes);
  if (part.until != nullptr) {
    const int64_t until = bytes_in(part.until, file);
    if (until < 0) return -1;
    bytes = std::min(bytes, until);
  }
  if (part.read == nullptr) return bytes;
  const int64_t read = bytes_in(part.read, file);
  if (read < 0) return -1;
  return read >= bytes ? 0 : bytes;
}

bool note_read(const SpoolPart& part, const SegmentFile& file, int64_t bytes) {
  if (part.read == nullptr) return true;
  const Ref count = Ref::steal(PyLong_FromLongLong(bytes));
  return count && PyDict_SetItemString(part.read, file.path.stem().c_str(), count.get()) == 0;
}

bool is_older(const std::filesystem::path& path, int64_t since_ns) {
  struct stat facts {};
  if (since_ns == 0 || ::stat(path.c_str(), &facts) != 0) return false;
  return int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec < since_ns;
}

}  // namespace headrace::binding
