// The nodes of the graph that a forward marked, each with the slot whose backward begins there.
#pragma once

#include <cstddef>
#include <vector>

#include "binding/python.h"

namespace headrace::binding {

// By identity: PyTorch gives one object for a node as long as one is held, and these are.
class NodeMarks {
 public:
  NodeMarks() = default;
  NodeMarks(const NodeMarks&) = delete;
  NodeMarks& operator=(const NodeMarks&) = delete;
  ~NodeMarks() { clear(); }

  static constexpr int kNone = -1;
  // The slot of a node; kNone: it is not marked.
  int find(PyObject* node) const;
  // Throws std::bad_alloc.
  void put(PyObject* node, int slot);
  bool empty() const { return count_ == 0; }
  // Lets go of all nodes, which may run what the program does when a graph is gone.
  void clear();
  int traverse(visitproc visit, void* arg) const;

 private:
  struct Entry {
    PyObject* node = nullptr;
    int slot = 0;
  };
  size_t place_of(const PyObject* node) const;
  void grow();

  std::vector<Entry> entries_;  // a power of two of them, at most half full
  size_t count_ = 0;
};

}  // namespace headrace::binding
