#include "exchange/tensorboard_hparams.h"

#include <algorithm>
#include <cmath>

#include "encode/nested.h"
#include "exchange/protobuf_wire.h"

namespace headrace::exchange {
namespace {

constexpr int kMaxDepth = 16;

std::string json_text(std::string_view text) {
  std::string out;
  append_json_text(out, text);
  return out;
}

std::string json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string out;
  append_json_float(out, value);
  return out;
}

bool read_value(std::string_view message, HparamValue& out, int depth);

std::string json_of(const HparamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return json_number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return json_text(*text);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* json = std::get_if<HparamJson>(&value)) return json->text;
  return "null";
}

// An entry of a map: key and value.
bool read_entry(std::string_view message, std::pair<std::string, HparamValue>& out, int depth) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(1, WireType::kBytes)) out.first = in.bytes();
    if (in.is(2, WireType::kBytes) && !read_value(in.bytes(), out.second, depth)) return false;
  }
  return in.ok();
}

bool read_struct(std::string_view message, HparamValue& out, int depth) {
  std::string text = "{";
  WireReader in(message);
  while (in.next()) {
    if (!in.is(1, WireType::kBytes)) continue;
    std::pair<std::string, HparamValue> entry;
    if (!read_entry(in.bytes(), entry, depth + 1)) return false;
    if (text.size() > 1) text += ',';
    text += json_text(entry.first) + ":" + json_of(entry.second);
  }
  out = HparamJson{text + "}"};
  return in.ok();
}

bool read_list(std::string_view message, HparamValue& out, int depth) {
  std::string text = "[";
  WireReader in(message);
  while (in.next()) {
    if (!in.is(1, WireType::kBytes)) continue;
    HparamValue item;
    if (!read_value(in.bytes(), item, depth + 1)) return false;
    if (text.size() > 1) text += ',';
    text += json_of(item);
  }
  out = HparamJson{text + "]"};
  return in.ok();
}

bool read_value(std::string_view message, HparamValue& out, int depth) {
  if (depth > kMaxDepth) return false;
  WireReader in(message);
  while (in.next()) {
    if (in.is(2, WireType::kEight)) out = in.as_double();
    if (in.is(3, WireType::kBytes)) out = std::string(in.bytes());
    if (in.is(4, WireType::kVarint)) out = in.varint() != 0;
    if (in.is(5, WireType::kBytes) && !read_struct(in.bytes(), out, depth)) return false;
    if (in.is(6, WireType::kBytes) && !read_list(in.bytes(), out, depth)) return false;
  }
  return in.ok();
}

std::string metric_tag(std::string_view metric) {
  std::string group;
  std::string tag;
  for (WireReader in(metric); in.next();) {
    if (!in.is(1, WireType::kBytes)) continue;
    for (WireReader name(in.bytes()); name.next();) {
      if (name.is(1, WireType::kBytes)) group = name.bytes();
      if (name.is(2, WireType::kBytes)) tag = name.bytes();
    }
  }
  return group.empty() ? tag : group + "/" + tag;
}

bool read_experiment(std::string_view message, Hparams& out) {
  out.is_experiment = true;
  WireReader in(message);
  while (in.next()) {
    if (in.type() != WireType::kBytes) continue;
    switch (in.number()) {
      case 1: out.description = in.bytes(); break;
      case 2: out.user = in.bytes(); break;
      case 4:
        for (WireReader hparam(in.bytes()); hparam.next();) {
          if (hparam.is(1, WireType::kBytes)) out.hparam_names.emplace_back(hparam.bytes());
        }
        break;
      case 5: out.metric_tags.push_back(metric_tag(in.bytes())); break;
      case 6: out.name = in.bytes(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read_start(std::string_view message, Hparams& out) {
  out.is_start = true;
  WireReader in(message);
  while (in.next()) {
    if (in.is(5, WireType::kEight)) out.start_time_s = in.as_double();
    if (in.is(2, WireType::kBytes)) out.model_uri = in.bytes();
    if (in.is(4, WireType::kBytes)) out.group_name = in.bytes();
    if (in.is(1, WireType::kBytes) && !read_entry(in.bytes(), out.values.emplace_back(), 0)) {
      return false;
    }
  }
  // A map has no order of its own.
  std::ranges::stable_sort(out.values, {}, &std::pair<std::string, HparamValue>::first);
  return in.ok();
}

bool read_end(std::string_view message, Hparams& out) {
  out.is_end = true;
  WireReader in(message);
  while (in.next()) {
    if (in.is(1, WireType::kVarint) && in.varint() <= 3) {
      out.status = static_cast<SessionStatus>(in.varint());
    }
    if (in.is(2, WireType::kEight)) out.end_time_s = in.as_double();
  }
  return in.ok();
}

}  // namespace

bool read_hparams(std::string_view content, Hparams& out) {
  out = {};
  WireReader in(content);
  while (in.next()) {
    if (in.is(2, WireType::kBytes) && !read_experiment(in.bytes(), out)) return false;
    if (in.is(3, WireType::kBytes) && !read_start(in.bytes(), out)) return false;
    if (in.is(4, WireType::kBytes) && !read_end(in.bytes(), out)) return false;
  }
  return in.ok();
}

}  // namespace headrace::exchange
