// Objects: identified artefacts (datasets, models, checkpoints, files) that link tasks into
// lineage.
//
//   headrace::Object mesh = headrace::file_object("mesh.vtk", "dataset");
//   headrace::Task task("solve", {{"mesh", mesh}});
//   write_field("field.bin");
//   task.generated({{"field", headrace::file_object("field.bin", "field")}});
//
// An object is found again by its content: the task elsewhere that uses the same file with the same
// bytes is connected to the one that wrote it.
#pragma once

#include <string>

#include <headrace/value.h>

namespace headrace {

class Object {
 public:
  Object() = default;
  explicit Object(headrace_id id) : id_(id) {}
  // False when capture is off or the file could not be read.
  explicit operator bool() const {
    for (const uint8_t byte : id_.bytes) {
      if (byte != 0) return true;
    }
    return false;
  }
  const headrace_id& id() const { return id_; }
  // The UUID's text.
  std::string text() const {
    char text[HEADRACE_ID_TEXT_BYTES] = "";
    headrace_id_text(id_, text);
    return text;
  }

 private:
  headrace_id id_{};
};

// The file as it is now. Reads all of it for its SHA-256 (about 1 GB/s). `attributes`: facts of
// your own that are kept with it.
inline Object file_object(Text path, Text kind = "file", Values attributes = {}) {
  return Object(headrace_file_object(path.c_str(), kind.c_str(), detail::c_values(attributes),
                                     attributes.size()));
}
// Content that is no file: a table in a database, a remote dataset, a set of weights in memory.
inline Object named_object(Text kind, Text name, Text version = "", Values attributes = {}) {
  return Object(headrace_named_object(kind.c_str(), name.c_str(), version.c_str(),
                                      detail::c_values(attributes), attributes.size()));
}

inline Value::Value(Name name, const Object& object) {
  refer(name, HEADRACE_OBJECT, &object.id(), sizeof(headrace_id));
}

}  // namespace headrace
