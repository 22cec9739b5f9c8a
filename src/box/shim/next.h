// The function that a wrapper stands in front of: the next one of its name among the objects that
// the program was started with, as dlsym(RTLD_NEXT) would find it, but without its lock, memory and
// error state, since wrappers run in signal handlers and before libc is ready.
#pragma once

#include <stdint.h>  // NOLINT(modernize-deprecated-headers)

namespace headrace::box {

enum class Symbol : uint32_t {
#define HEADRACE_WRAPPED(name, since) k_##name,
#include "box/shim/symbols.def"
#undef HEADRACE_WRAPPED
  kCount
};

// Atomic; null: not looked for yet.
extern __attribute__((visibility("hidden"))) void* g_next[static_cast<uint32_t>(Symbol::kCount)];
__attribute__((visibility("hidden"))) void* look_for_next(Symbol symbol);

// Null where there is none. About 1 us the first time, then a load.
inline void* next_function(Symbol symbol) {
  void* found = __atomic_load_n(&g_next[static_cast<uint32_t>(symbol)], __ATOMIC_RELAXED);
  return found != nullptr ? found : look_for_next(symbol);
}

// The path of this library as it was loaded; empty where not known.
const char* own_path();

// Calls `each(context, name)` for every object mapped now.
void for_each_object(void (*each)(void* context, const char* name), void* context);

}  // namespace headrace::box

// The next function of the wrapper's own name, typed as the wrapper.
#define HEADRACE_NEXT(name)            \
  reinterpret_cast<decltype(&(name))>( \
      ::headrace::box::next_function(::headrace::box::Symbol::k_##name))
