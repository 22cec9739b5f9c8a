// The views `model` and `layer`: objects of kind model, and the modules that one told of itself.
#pragma once

#include <string>

namespace headrace::store {

// CREATE OR REPLACE statements. A model's attributes `modules_1`, `modules_2`, ... are JSON texts,
// each a list of [position, path, type, parameters, trainable, {name: shape}, dtype, device].
std::string model_views_sql();

}  // namespace headrace::store
