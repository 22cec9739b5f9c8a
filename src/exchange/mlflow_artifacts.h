// The artifacts of MLflow's runs and models, where they lie in this file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/status.h"

namespace headrace::exchange {

// The folder that an artifact location names: "file:///a/b", "/a/b", or "./mlruns/0" below `base`.
// Empty when it is elsewhere (s3://, mlflow-artifacts:/).
std::filesystem::path artifact_folder(const std::string& location,
                                      const std::filesystem::path& base);

struct Artifact {
  std::string name;  // within the folder
  std::filesystem::path path;
  uint64_t size_bytes = 0;
  int64_t written_ns = 0;  // by the file system's own clock
};

// Each plain file below `folder`, in the order of names; links to folders are not followed. Nothing
// when there is no such folder. Stops when `artifact` returns an error, and returns it.
Status each_artifact(const std::filesystem::path& folder,
                     const std::function<Status(const Artifact&)>& artifact);

}  // namespace headrace::exchange
