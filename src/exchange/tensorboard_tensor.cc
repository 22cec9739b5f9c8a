#include "exchange/tensorboard_tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "exchange/protobuf_wire.h"

namespace headrace::exchange {
namespace {

enum class Element : uint8_t { kFloat, kSigned, kUnsigned, kString, kOther };

struct Type {
  uint64_t number;  // of DataType in types.proto
  const char* name;
  Element element;
  size_t bytes;
};
constexpr Type kTypes[] = {
    {1, "float32", Element::kFloat, 4},      {2, "float64", Element::kFloat, 8},
    {3, "int32", Element::kSigned, 4},       {4, "uint8", Element::kUnsigned, 1},
    {5, "int16", Element::kSigned, 2},       {6, "int8", Element::kSigned, 1},
    {7, "string", Element::kString, 0},      {8, "complex64", Element::kOther, 8},
    {9, "int64", Element::kSigned, 8},       {10, "bool", Element::kUnsigned, 1},
    {14, "bfloat16", Element::kFloat, 2},    {17, "uint16", Element::kUnsigned, 2},
    {18, "complex128", Element::kOther, 16}, {19, "float16", Element::kFloat, 2},
    {22, "uint32", Element::kUnsigned, 4},   {23, "uint64", Element::kUnsigned, 8},
};

double from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  double out = 0;
  if (exponent == 0x1F) {
    out = fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                        : std::numeric_limits<double>::infinity();
  } else {
    out = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -out : out;
}

double from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// A raw element of `type`, its bits at the low end.
void put(const Type& type, uint64_t bits, EventTensor& out) {
  switch (type.element) {
    case Element::kFloat: {
      double value = 0;
      if (type.bytes == 8) value = std::bit_cast<double>(bits);
      if (type.bytes == 4) value = std::bit_cast<float>(static_cast<uint32_t>(bits));
      if (type.bytes == 2) {
        const auto half = static_cast<uint16_t>(bits);
        value = type.number == 14 ? from_bfloat16(half) : from_half(half);
      }
      out.numbers.push_back(value);
      return;
    }
    case Element::kSigned: {
      const unsigned shift = 64 - 8 * static_cast<unsigned>(type.bytes);
      const int64_t value = static_cast<int64_t>(bits << shift) >> shift;
      out.integers.push_back(value);
      out.numbers.push_back(static_cast<double>(value));
      return;
    }
    case Element::kUnsigned: {
      out.integers.push_back(static_cast<int64_t>(bits));
      out.numbers.push_back(static_cast<double>(bits));
      return;
    }
    default: return;
  }
}

void read_content(const Type& type, std::string_view content, EventTensor& out) {
  out.size_bytes = content.size();
  if (type.bytes == 0 || type.bytes > 8) return;
  for (size_t i = 0; i < kTensorKept && (i + 1) * type.bytes <= content.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, content.data() + i * type.bytes, type.bytes);
    put(type, bits, out);
  }
}

// A repeated field of numbers, packed or not.
void read_values(const Type& type, const WireReader& field, EventTensor& out) {
  const auto add = [&](uint64_t bits) {
    out.size_bytes += type.bytes;
    if (out.numbers.size() < kTensorKept) put(type, bits, out);
  };
  if (field.type() != WireType::kBytes) return add(field.varint());
  std::string_view packed = field.bytes();
  const uint32_t number = field.number();
  const size_t width = number == 5 ? 4 : number == 6 ? 8 : 0;  // float_val, double_val
  while (!packed.empty()) {
    uint64_t bits = 0;
    if (width == 0) {
      if (!take_varint(packed, bits)) return;
    } else {
      if (packed.size() < width) return;
      std::memcpy(&bits, packed.data(), width);
      packed.remove_prefix(width);
    }
    add(bits);
  }
}

bool read_shape(std::string_view message, EventTensor& out) {
  WireReader in(message);
  bool is_known = true;
  while (in.next()) {
    if (in.is(3, WireType::kVarint) && in.varint() != 0) is_known = false;
    if (!in.is(2, WireType::kBytes)) continue;
    int64_t size = 0;
    for (WireReader dim(in.bytes()); dim.next();) {
      if (dim.is(1, WireType::kVarint)) size = dim.as_int();
    }
    out.shape.push_back(size);
    if (size < 0) is_known = false;
    const bool is_too_much =
        is_known && size > 0 && out.elements > std::numeric_limits<int64_t>::max() / size;
    if (is_too_much) is_known = false;
    if (is_known) out.elements *= size;
  }
  if (!is_known) out.elements = -1;
  return in.ok();
}

// What is not listed is as the last one; of none, the type's zero.
template <typename T>
void fill(std::vector<T>& values, int64_t elements) {
  const size_t wanted =
      std::min<size_t>(kTensorKept, static_cast<size_t>(std::max<int64_t>(elements, 0)));
  if (values.size() < wanted) values.resize(wanted, values.empty() ? T{} : T(values.back()));
}

}  // namespace

bool read_tensor(std::string_view message, EventTensor& out) {
  out = {};
  out.elements = 1;
  uint64_t dtype = 0;
  WireReader head(message);
  while (head.next()) {
    if (head.is(1, WireType::kVarint)) dtype = head.varint();
    if (head.is(2, WireType::kBytes) && !read_shape(head.bytes(), out)) return false;
  }
  if (!head.ok()) return false;
  const Type* type = std::ranges::find(kTypes, dtype, &Type::number);
  if (type == std::end(kTypes)) {
    out.dtype = "type " + std::to_string(dtype);
    out.size_bytes = message.size();
    return true;
  }
  out.dtype = type->name;
  for (WireReader in(message); in.next();) {
    switch (in.number()) {
      case 4:
        if (in.type() == WireType::kBytes && !in.bytes().empty()) {
          read_content(*type, in.bytes(), out);
        }
        break;
      case 5:
      case 6:
      case 7:
      case 10:
      case 11:
      case 13:
      case 16:
      case 17:
        if (type->element != Element::kString) read_values(*type, in, out);
        break;
      case 8:
        if (in.type() != WireType::kBytes || type->element != Element::kString) break;
        out.size_bytes += in.bytes().size();
        if (out.strings.size() < kTensorKept) out.strings.emplace_back(in.bytes());
        break;
      default: break;
    }
  }
  const bool is_integer = type->element == Element::kSigned || type->element == Element::kUnsigned;
  if (is_integer || type->element == Element::kFloat) fill(out.numbers, out.elements);
  if (is_integer) fill(out.integers, out.elements);
  return true;
}

}  // namespace headrace::exchange
