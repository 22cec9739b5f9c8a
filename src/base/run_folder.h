// Names of what the processes of one `headrace run` tell each other in its log folder, beside the
// logs of box/log.h.
#pragma once

namespace headrace {

// Holds the number of the process that `headrace run` started, in decimal.
constexpr char kProgramFile[] = "program";
// "<pid>.again": the process became another program by exec, although it had become one before
// (`env`, `nice`, `sh -c "exec ..."`), so what it is now is no longer what was started.
constexpr char kExecAgainSuffix[] = ".again";

}  // namespace headrace
