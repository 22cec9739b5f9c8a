#include "binding/set_aside.h"

#include <string>

#include "capture/recorder.h"
#include "spool/aside.h"

namespace headrace::binding {
namespace {

// set_aside(from, bytes, reason): a piece that makes no sense, for the quarantine
PyObject* set_aside_piece(PyObject*, PyObject* args) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  PyObject* from = nullptr;
  PyObject* reason = nullptr;
  Py_buffer piece;
  if (PyArg_ParseTuple(args, "Uy*U:set_aside", &from, &piece, &reason) == 0) return nullptr;
  Status done;
  capture::Recorder* recorder = capture::Recorder::get();
  if (recorder != nullptr) {
    std::string word;
    for (const char c : text_of(from)) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '_';
      word += is_plain ? c : '_';
    }
    bool is_known = false;
    done = set_aside(
        recorder->directory(), recorder->producer(), word,
        std::string_view(static_cast<const char*>(piece.buf), static_cast<size_t>(piece.len))
            .substr(0, kMostBytes),
        text_of(reason), &is_known);
  }
  PyBuffer_Release(&piece);
  if (done.ok()) Py_RETURN_NONE;
  PyErr_SetString(PyExc_OSError, done.message().c_str());
  return nullptr;
}

PyMethodDef g_functions[] = {{"set_aside", or_none<set_aside_piece>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_set_aside_function(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
