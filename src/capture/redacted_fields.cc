// What Fields does before a value is kept anywhere: secrets are taken out of it.
#include "capture/fields.h"
#include "encode/nested.h"
#include "encode/odd_text.h"

namespace headrace::capture {
namespace {

// A long value is looked at further than its beginning is kept, so that no secret is cut in two and
// so escapes.
constexpr size_t kLookedAtBytes = 4 * 1024;
constexpr size_t kKeptBytes = 1024;

// Without the first bytes of a character that was cut off.
std::string_view whole_characters(std::string_view text) {
  for (size_t cut = 0; cut < 4 && cut <= text.size(); ++cut) {
    const std::string_view shorter = text.substr(0, text.size() - cut);
    if (is_utf8(shorter)) return shorter;
  }
  return text;  // it was never UTF-8
}

}  // namespace

std::string unkept_text(std::string_view type, std::string_view length_name, uint64_t length,
                        std::string_view begins) {
  std::string without;
  begins = begins.substr(0, kLookedAtBytes);
  if (may_hold_secret(begins) && take_out_secrets(begins, &without)) begins = without;
  std::string out;
  NestedWriter map(out);
  map.begin_map(4);
  map.string("type");
  map.string(type);
  map.string("reason");
  map.string("longer than the record's budget");
  map.string(length_name);
  map.integer(static_cast<int64_t>(length));
  map.string("begins");
  begins = begins.substr(0, kKeptBytes);
  if (type == "bytes") {
    map.bytes(begins);
  } else {
    map.string(whole_characters(begins));
  }
  return out;
}

void Fields::add_checked(Role role, uint32_t name_id, ValueTag tag, std::string_view v) {
  if (v.size() > kMaxStringBytes) {
    return add_unkept(
        role, name_id,
        unkept_text(tag == ValueTag::kBytes ? "bytes" : "str", "length_bytes", v.size(), v));
  }
  std::string without;
  add_text(role, name_id, tag, take_out_secrets(v, &without) ? std::string_view(without) : v);
}

void Fields::add_unkept(Role role, uint32_t name_id, std::string_view map) {
  if (map.size() + bytes_after_fixed() > kMaxTailBytes) {
    return add_placeholder(role, name_id, "value", "longer than the record's budget");
  }
  add_text(role, name_id, ValueTag::kPlaceholder, map);
}

void Fields::add_redacted(Role role, uint32_t name_id) {
  redactions.by_name.fetch_add(1, std::memory_order_relaxed);
  add_placeholder(role, name_id, "redacted", "its name says that it is a secret");
}

}  // namespace headrace::capture
