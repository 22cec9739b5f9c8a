// A tensor as TensorFlow's tensor.proto writes it: raw little-endian content, or a list of values
// of which the last one stands for all that are not listed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::exchange {

struct EventTensor {
  // "float32", "int64", "string", ...; "type 24" for one that is not known here.
  std::string dtype;
  std::vector<int64_t> shape;
  // How many elements the shape has; -1 when that is unknown.
  int64_t elements = 0;
  // The first kTensorKept elements: numbers of real types as doubles, or strings.
  std::vector<double> numbers;
  std::vector<std::string> strings;
  // Of integers, exactly.
  std::vector<int64_t> integers;
  uint64_t size_bytes = 0;
};

constexpr size_t kTensorKept = 64;

// False when the message is broken.
bool read_tensor(std::string_view message, EventTensor& out);

}  // namespace headrace::exchange
