// A library that is found at run time and never linked.
#pragma once

#include <dlfcn.h>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "base/status.h"

namespace headrace::telemetry {

class SharedLibrary {
 public:
  // The first of these names or paths that loads. It stays loaded for good: drivers do not expect
  // to be unloaded. Errors: kNotFound with the loader's reason for the first.
  static Result<SharedLibrary> load(std::initializer_list<std::string> names) {
    std::string why;
    for (const std::string& name : names) {
      if (name.empty()) continue;
      if (void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
        return SharedLibrary(handle, name);
      }
      const char* text = dlerror();
      if (why.empty()) why = text != nullptr ? text : "cannot load " + name;
    }
    return not_found(why);
  }

  // Sets `function`, null where the library has none of that name.
  template <typename Function>
  void find(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(dlsym(handle_, symbol));
  }
  // The same, and notes in missing() where there is none.
  template <typename Function>
  void need(Function& function, const char* symbol) {
    find(function, symbol);
    if (function == nullptr) missing_ += (missing_.empty() ? "" : ", ") + std::string(symbol);
  }
  // Errors: kUnsupported when a needed function is missing.
  Status complete() const {
    return missing_.empty() ? ok_status() : unsupported(name_ + " lacks " + missing_);
  }

 private:
  SharedLibrary(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}

  void* handle_;
  std::string name_;
  std::string missing_;
};

}  // namespace headrace::telemetry
