// `headrace import flowcept`: a buffer file of Flowcept's, or its channel on a Redis server.
#pragma once

#include "exchange/importer.h"

namespace headrace::exchange {

extern const Importer kFlowcept;

}  // namespace headrace::exchange
