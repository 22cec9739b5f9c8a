// The door for foreign records, measured: tasks told through it into the spool.
#pragma once

#include <cstdint>

#include "spool/directory.h"

namespace headrace {

struct DoorFigures {
  double tasks_per_s = 0;     // told and committed, with the making of what is told
  double bytes_per_task = 0;  // memory kept to know that it was told
  double again_per_s = 0;     // the same told once more, by the next process, and passed over
  bool is_right = false;      // each was taken once, and nothing the second time
};

// Tells `tasks` tasks with `floats` used and as many generated random doubles to a source of
// `directory`, which must not have been taken in before.
DoorFigures measure_door(const Directory& directory, uint64_t tasks, int floats);

}  // namespace headrace
