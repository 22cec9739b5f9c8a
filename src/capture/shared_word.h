// Words of the ring file that other threads, and whoever reads it after a kill, look at.
//
// Plain fields of plain structs, because they are a file format; reached only through these where
// more than one thread may. On x86-64 each is one ordinary load or store.
#pragma once

namespace headrace::capture {

template <typename T>
T load_relaxed(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_RELAXED);
}
template <typename T>
T load_acquire(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
template <typename T>
void store_relaxed(T& word, T value) {
  __atomic_store_n(&word, value, __ATOMIC_RELAXED);
}
// All stores before it, this thread's, are seen by whoever sees this one.
template <typename T>
void store_release(T& word, T value) {
  __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}

}  // namespace headrace::capture
