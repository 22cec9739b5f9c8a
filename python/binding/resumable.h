// Coroutines and generators of captured functions: each is one task from its first resumption to
// its end, current on its thread only while it runs.
#pragma once

#include "binding/activity.h"
#include "binding/python.h"
#include "capture/task.h"

namespace headrace::binding {

bool add_resumable_types(PyObject* module);

// Each takes over the reference `inner` and the detached task `state`, whose arguments are added
// already, and gives a new reference; on failure `inner` itself, uncaptured. `owner` keeps
// `activity` alive.
PyObject* wrap_generator(PyObject* inner, capture::TaskState* state, PyObject* owner,
                         Activity* activity);
PyObject* wrap_coroutine(PyObject* inner, capture::TaskState* state, PyObject* owner,
                         Activity* activity);
PyObject* wrap_async_generator(PyObject* inner, capture::TaskState* state, PyObject* owner,
                               Activity* activity);

}  // namespace headrace::binding
