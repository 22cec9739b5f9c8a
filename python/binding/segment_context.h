// Segments gone through one by one: what records refer to, and when they came about.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "binding/python.h"
#include "encode/record.h"
#include "spool/segment_reader.h"

namespace headrace::binding {

// The dictionary and the clock readings that stand before the records that need them.
class SegmentContext {
 public:
  // True for a dictionary entry or a clock reading, which is noted.
  bool takes(const RecordView& view);
  // The bytes of an entry; empty if there is none.
  std::string_view entry(uint32_t id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? std::string_view() : std::string_view(found->second);
  }
  // The uuid at the begin of an entry, as JSON.
  std::string uuid(uint32_t id) const;
  // ns since the epoch by the two clock readings that are farthest apart, where there is one so
  // far by that and one taken now; 0 where no clock is known.
  int64_t time_ns(uint64_t ticks) const;

 private:
  std::unordered_map<uint32_t, std::string> entries_;
  ClockRecord first_clock_{};
  ClockRecord last_clock_{};
  ClockReading now_ = read_clocks();
};

// Whether a file was last written before a moment; false where that cannot be told.
bool is_older(const std::filesystem::path& path, int64_t since_ns);

// What of a spool is gone through. Dicts of Python's, {name of a segment: bytes}, or null.
struct SpoolPart {
  PyObject* read = nullptr;   // by an earlier call: those are left out, and what is read is noted
  PyObject* until = nullptr;  // no further than this, and no other segments
};
// How many of a segment's bytes the part has; 0 where that is no more than was read, -1 with an
// exception where the dicts are none.
int64_t bytes_of_part(const SpoolPart& part, const SegmentFile& file);
// Notes so many as read; false with an exception.
bool note_read(const SpoolPart& part, const SegmentFile& file, int64_t bytes);

// For each segment of a spool that was written to since then, and has anything of the part:
// begin(file) gives what is called with (record, ring, number) for each of its records. False, with
// an exception, where one cannot be opened.
template <typename Begin>
bool for_each_segment(const char* directory, int64_t since_ns, const SpoolPart& part,
                      Begin&& begin) {
  for (SegmentFile file : list_segments(Directory{directory})) {
    if (is_older(file.path, since_ns)) continue;
    const int64_t bytes = bytes_of_part(part, file);
    if (bytes < 0) return false;
    if (bytes == 0) continue;
    Result<FileBytes> content = FileBytes::open(file.path);
    if (!content.ok() && !file.sealed) {  // it was sealed, and so renamed, since it was listed
      file.sealed = true;
      content = FileBytes::open(file.path.replace_extension(".seg"));
    }
    if (!content.ok()) {
      PyErr_SetString(PyExc_OSError, content.status().message().c_str());
      return false;
    }
    const std::string_view whole = content->view();
    const std::string_view view = whole.substr(0, static_cast<size_t>(bytes));
    auto see = begin(file);
    SegmentReader reader(view, file.sealed && view.size() == whole.size());
    while (reader.next()) {
      const uint32_t ring = reader.frame().header.ring;
      for_each_record(reader.frame(), [&see, ring](const RecordView& record, uint64_t number) {
        see(record, ring, number);
      });
    }
    if (!note_read(part, file, bytes)) return false;
  }
  return true;
}

}  // namespace headrace::binding
