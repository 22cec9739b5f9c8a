// `headrace import tensorboard DIR`: a log directory of TensorBoard, read once or as it grows.
//
// Each folder with event files is a workflow, part of the one whose folder it lies in
// (tensorboard_run.h says what of its events becomes what); all belong to the campaign that the
// user names, if any. Damaged records are quarantined with their file and place.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "exchange/importer.h"

namespace headrace::exchange {

extern const Importer kTensorboard;

// A run goes on no more when nothing was written to it for so long.
constexpr std::chrono::minutes kSilence{10};

// Why the writer of this event file writes no more; empty when it may: its name says that a process
// of this machine wrote it which is there no more, or nothing was written for kSilence.
std::string why_ended(const std::filesystem::path& event_file);

}  // namespace headrace::exchange
