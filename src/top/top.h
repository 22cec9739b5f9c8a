// `headrace top`: a live view of a folder in a terminal.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "spool/directory.h"
#include "top/cells.h"

namespace headrace::top {

// `where`: the folder, see FolderReader.
//
// Until the person ends it. Gives the signal that ended it, 0 for none. `name`: a campaign or
// workflow, "" for everything; it may appear later. Errors: Screen::open's; those of the store that
// no waiting mends; a name that may mean several things.
Result<int> run_top(const std::function<Directory()>& where, const std::string& name,
                    const PaintOptions& options);

// One frame of that size as text. Errors: as above, and kNotFound for a folder or name that is not
// there.
Result<std::string> one_frame(const std::function<Directory()>& where, const std::string& name,
                              int columns, int rows, const PaintOptions& options);

}  // namespace headrace::top
