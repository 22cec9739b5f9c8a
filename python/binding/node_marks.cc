#include "binding/node_marks.h"

#include <cstdint>
#include <utility>

namespace headrace::binding {

size_t NodeMarks::place_of(const PyObject* node) const {
  const size_t mask = entries_.size() - 1;
  size_t at = (reinterpret_cast<uintptr_t>(node) >> 4) * 0x9E3779B97F4A7C15ULL >> 32 & mask;
  while (entries_[at].node != nullptr && entries_[at].node != node) at = (at + 1) & mask;
  return at;
}

int NodeMarks::find(PyObject* node) const {
  if (count_ == 0) return kNone;
  const Entry& entry = entries_[place_of(node)];
  return entry.node == nullptr ? kNone : entry.slot;
}

void NodeMarks::put(PyObject* node, int slot) {
  if (2 * (count_ + 1) > entries_.size()) grow();
  Entry& entry = entries_[place_of(node)];
  if (entry.node == nullptr) {
    entry.node = Py_NewRef(node);
    ++count_;
  }
  entry.slot = slot;
}

void NodeMarks::grow() {
  constexpr size_t kFirst = 64;
  std::vector<Entry> old(entries_.empty() ? kFirst : 2 * entries_.size());
  old.swap(entries_);
  for (const Entry& entry : old) {
    if (entry.node != nullptr) entries_[place_of(entry.node)] = entry;
  }
}

void NodeMarks::clear() {
  constexpr size_t kMostKept = 1024;
  if (count_ == 0) return;
  std::vector<Entry> gone;
  gone.swap(entries_);
  count_ = 0;
  for (Entry& entry : gone) Py_CLEAR(entry.node);
  // What letting go ran may have marked something anew.
  if (entries_.empty() && gone.size() <= kMostKept) entries_ = std::move(gone);
}

int NodeMarks::traverse(visitproc visit, void* arg) const {
  for (const Entry& entry : entries_) Py_VISIT(entry.node);
  return 0;
}

}  // namespace headrace::binding
