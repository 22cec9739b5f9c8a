// `headrace import mlflow PATH`: MLflow's store, read once or as it grows: a SQLite file
// (`mlflow.db`, or `sqlite:///...` as MLflow names it) or a folder (`mlruns`).
// mlflow_teller.h says what becomes of what is in it.
#pragma once

#include "exchange/importer.h"

namespace headrace::exchange {

extern const Importer kMlflow;

}  // namespace headrace::exchange
