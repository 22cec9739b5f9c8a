#include "collect/told_secrets.h"

#include <initializer_list>
#include <utility>

#include "capture/redaction.h"
#include "capture/secrets.h"
#include "encode/nested.h"

namespace headrace::collect {
namespace {

using capture::Secrecy;

constexpr const char* kWhy = "its name says that it is a secret";
constexpr uint8_t kNestedString = static_cast<uint8_t>(ValueTag::kString);

// As live capture has it: nothing, yes and no hide nothing; a number hides what any value would.
bool hides(Secrecy secrecy, uint8_t tag) {
  if (secrecy == Secrecy::kNone) return false;
  switch (static_cast<ValueTag>(tag)) {
    case ValueTag::kNull:
    case ValueTag::kBool:
    case ValueTag::kObject:
    case ValueTag::kPlaceholder: return false;
    case ValueTag::kInt:
    case ValueTag::kBigInt:
    case ValueTag::kFloat: return secrecy == Secrecy::kAny;
    default: return true;
  }
}

// Writes a nested value again without its secrets.
class NestedCopy {
 public:
  NestedCopy(std::string_view in, std::string& out) : in_(in), bytes_(out), writer_(out) {}
  // False when the bytes are no nested value.
  bool value(int depth);
  uint64_t taken() const { return taken_; }

 private:
  bool list(uint32_t count, int depth);
  bool map(uint32_t count, int depth);
  bool text(uint8_t tag);
  uint8_t next_tag() const { return ByteReader(in_).u8(); }
  // The text that comes next, if one does; it is not passed.
  std::optional<std::string_view> next_text() const;
  bool hide(int depth);
  // Copies what is in front of `in_` since it had `before` bytes left.
  bool copy(ByteReader from);

  ByteReader in_;
  ByteWriter bytes_;
  NestedWriter writer_;
  uint64_t taken_ = 0;
};

std::optional<std::string_view> NestedCopy::next_text() const {
  ByteReader look = in_;
  if (look.u8() != kNestedString) return std::nullopt;
  const std::string_view text = look.text();
  return look.ok() ? std::optional(text) : std::nullopt;
}

bool NestedCopy::hide(int depth) {
  if (!skip_nested(in_, depth)) return false;
  // A placeholder is a map: two levels more.
  if (depth + 2 > kMaxNestedDepth) {
    writer_.string("[redacted]");
  } else {
    writer_.placeholder("redacted", kWhy);
  }
  ++taken_;
  return true;
}

bool NestedCopy::copy(ByteReader from) {
  if (!in_.ok()) return false;
  const std::string_view bytes = from.raw(from.remaining() - in_.remaining());
  bytes_.raw(bytes.data(), bytes.size());
  return true;
}

bool NestedCopy::text(uint8_t tag) {
  const ByteReader before = in_;
  in_.u8();
  const std::string_view text = in_.text();
  std::string clean;
  if (!in_.ok()) return false;
  if (!capture::may_hold_secret(text) || !capture::take_out_secrets(text, &clean)) {
    return copy(before);
  }
  bytes_.u8(tag);
  bytes_.text(clean);
  ++taken_;
  return true;
}

bool NestedCopy::list(uint32_t count, int depth) {
  bool hide_next = false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t tag = next_tag();
    const bool is_text = tag == kNestedString || tag == static_cast<uint8_t>(ValueTag::kBytes);
    if (hide_next && is_text) {
      hide_next = false;
      if (!hide(depth + 1)) return false;
      continue;
    }
    // "--password", or "password" as the first of two.
    const std::optional<std::string_view> word = next_text();
    hide_next = word && word->size() <= 64 &&
                (word->starts_with('-')
                     ? capture::announces_secret(*word)
                     : i == 0 && count == 2 && capture::secrecy_of_name(*word) != Secrecy::kNone);
    if (!value(depth + 1)) return false;
  }
  return true;
}

bool NestedCopy::map(uint32_t count, int depth) {
  for (uint32_t i = 0; i < count; ++i) {
    const std::optional<std::string_view> name = next_text();
    const Secrecy secrecy = name ? capture::secrecy_of_name(*name) : Secrecy::kNone;
    if (!value(depth + 1)) return false;
    if (!(hides(secrecy, next_tag()) ? hide(depth + 1) : value(depth + 1))) return false;
  }
  return true;
}

bool NestedCopy::value(int depth) {
  if (depth > kMaxNestedDepth || in_.remaining() == 0) return false;
  const ByteReader before = in_;
  const uint8_t tag = next_tag();
  if (tag >= kNestedList && tag <= kNestedSet) {
    in_.u8();
    const uint32_t count = in_.u32();
    if (!in_.ok() || count > in_.remaining()) return false;
    bytes_.u8(tag);
    bytes_.u32(count);
    return tag == kNestedMap ? map(count, depth) : list(count, depth);
  }
  if (tag == kNestedString || tag == static_cast<uint8_t>(ValueTag::kBytes) ||
      tag == static_cast<uint8_t>(ValueTag::kTyped)) {
    return text(tag);
  }
  return skip_nested(in_, depth) && copy(before);
}

Value hidden() {
  std::string map;
  NestedWriter writer(map);
  writer.begin_map(2);
  writer.string("type");
  writer.string("redacted");
  writer.string("reason");
  writer.string(kWhy);
  return {ValueTag::kPlaceholder, 0, std::move(map)};
}

std::optional<Value> clean(const NamedValue& named, uint64_t* count) {
  const Value& value = named.value;
  if (hides(capture::secrecy_of_name(named.name), static_cast<uint8_t>(value.tag))) {
    ++*count;
    return hidden();
  }
  std::string out;
  if (value.tag == ValueTag::kNested) {
    NestedCopy copy(value.tail, out);
    if (!copy.value(0) || copy.taken() == 0) return std::nullopt;
    *count += copy.taken();
    return Value{value.tag, 0, std::move(out)};
  }
  const bool is_text = value.tag == ValueTag::kString || value.tag == ValueTag::kBytes ||
                       value.tag == ValueTag::kTyped;
  if (!is_text || !capture::may_hold_secret(value.tail) ||
      !capture::take_out_secrets(value.tail, &out)) {
    return std::nullopt;
  }
  ++*count;
  return Value{value.tag, 0, std::move(out)};
}

template <typename Told>
std::optional<Told> clean(const Told& told, std::initializer_list<Values Told::*> values,
                          std::initializer_list<std::string Told::*> texts, uint64_t* count) {
  std::optional<Told> out;
  const auto own = [&]() -> Told& { return out ? *out : out.emplace(told); };
  for (Values Told::*const member : values) {
    const std::vector<NamedValue>& all = (told.*member).all;
    for (size_t i = 0; i < all.size(); ++i) {
      std::optional<Value> one = clean(all[i], count);
      if (one) (own().*member).all[i].value = std::move(*one);
    }
  }
  for (std::string Told::*const member : texts) {
    std::string text;
    if (!capture::may_hold_secret(told.*member)) continue;
    if (!capture::take_out_secrets(told.*member, &text)) continue;
    ++*count;
    own().*member = std::move(text);
  }
  return out;
}

}  // namespace

std::optional<TaskTold> without_secrets(const TaskTold& told, uint64_t* count) {
  return clean(told,
               {&TaskTold::used, &TaskTold::generated, &TaskTold::tags, &TaskTold::attributes},
               {&TaskTold::error_message, &TaskTold::error_traceback, &TaskTold::agent}, count);
}

std::optional<WorkflowTold> without_secrets(const WorkflowTold& told, uint64_t* count) {
  return clean(told,
               {&WorkflowTold::used, &WorkflowTold::generated, &WorkflowTold::tags,
                &WorkflowTold::attributes},
               {&WorkflowTold::name}, count);
}

std::optional<ObjectTold> without_secrets(const ObjectTold& told, uint64_t* count) {
  return clean(told, {&ObjectTold::attributes}, {&ObjectTold::name, &ObjectTold::path}, count);
}

std::optional<RowTold> without_secrets(const RowTold& told, uint64_t* count) {
  return clean(told, {&RowTold::values}, {}, count);
}

std::optional<LineTold> without_secrets(const LineTold& told, uint64_t* count) {
  return clean(told, {}, {&LineTold::text}, count);
}

}  // namespace headrace::collect
