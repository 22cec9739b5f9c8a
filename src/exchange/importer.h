// What a kind of foreign source must bring so that `headrace import KIND SOURCE` can read it.
//
//   const Importer kTensorboard = {"tensorboard", "a folder of TensorBoard event files", open_it};
//
// A new kind: one file that defines its Importer, declared and listed in importers.cc.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "collect/intake.h"

namespace headrace::exchange {

// A source that is open for reading. Used by one thread.
class ForeignSource {
 public:
  virtual ~ForeignSource() = default;

  // Tells `intake` what is there after intake.position() and calls its commit() (once or more), so
  // that all of it is taken in when it returns. Called again and again by --follow: each call tells
  // what has come since the one before, and is cheap when nothing has.
  // `stop` is asked between pieces: when it says true, commit what was told and return.
  // Pieces that make no sense go to intake.quarantine(). Errors: of the intake, kIo, kCorrupt when
  // the source as a whole is no longer what it was.
  virtual Status read(collect::Intake& intake, const std::function<bool()>& stop) = 0;

  // What a person should know of what was read so far, a sentence each: skipped, unknown, guessed.
  virtual std::vector<std::string> notes() const { return {}; }
};

// A source and what its records are known by.
struct OpenedSource {
  collect::Source source;
  std::unique_ptr<ForeignSource> reader;
};

struct Importer {
  std::string_view kind;   // as on the command line and in Source::kind
  std::string_view reads;  // "a folder of TensorBoard event files"
  // `source` as the user wrote it, a path or an address; `name` what the user calls it (--name), or
  // empty. Looks whether it is such a source, reads nothing yet. Errors: kNotFound when nothing is
  // there, kInvalidArgument when it is something else, kUnsupported for a version that is unknown;
  // each says what was found and what would be right.
  Result<OpenedSource> (*open)(const std::string& source, const std::string& name);
};

// All kinds, by name.
std::span<const Importer> importers();
// Null for an unknown one.
const Importer* find_importer(std::string_view kind);

}  // namespace headrace::exchange
