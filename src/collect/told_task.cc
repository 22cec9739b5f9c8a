#include "collect/told_task.h"

#include <algorithm>
#include <unordered_map>

#include "base/bytes.h"
#include "encode/nested.h"

namespace headrace::collect {
namespace {

void take(std::string& base, const std::string& over) {
  if (!over.empty()) base = over;
}

void take(Values& base, const Values& over) {
  if (over.empty()) return;
  if (base.empty()) {
    base = over;
    return;
  }
  std::unordered_map<std::string_view, size_t> at;
  for (size_t i = 0; i < base.all.size(); ++i) at[base.all[i].name] = i;
  const size_t known = base.all.size();
  std::vector<NamedValue> added;
  for (const NamedValue& value : over.all) {
    const auto found = at.find(value.name);
    if (found == at.end()) {
      added.push_back(value);
    } else if (found->second < known) {
      base.all[found->second] = value;
    }
  }
  base.all.insert(base.all.end(), added.begin(), added.end());
}

void put(ByteWriter& out, const std::optional<int64_t>& v) {
  out.u8(v ? 1 : 0);
  out.i64(v.value_or(0));
}
std::optional<int64_t> optional_integer(ByteReader& in) {
  const bool is_there = in.u8() != 0;
  const int64_t v = in.i64();
  return is_there ? std::optional(v) : std::nullopt;
}

void put(ByteWriter& out, const Values& values) {
  out.u32(static_cast<uint32_t>(values.all.size()));
  for (const NamedValue& v : values.all) {
    out.text(v.name);
    out.u8(static_cast<uint8_t>(v.value.tag));
    out.u8(v.is_inferred ? 1 : 0);
    out.u64(v.value.cell);
    out.text(v.value.tail);
  }
}
Values values_of(ByteReader& in) {
  Values out;
  const uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    NamedValue v;
    v.name = in.text();
    v.value.tag = static_cast<ValueTag>(in.u8());
    v.is_inferred = in.u8() != 0;
    v.value.cell = in.u64();
    v.value.tail = in.text();
    out.all.push_back(std::move(v));
  }
  return out;
}

void put_json(std::string& out, std::string_view key, std::string_view json) {
  out += out.size() > 1 ? ", " : "";
  append_json_text(out, key);
  out += ": ";
  out += json;
}
void put_text(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  std::string json;
  append_json_text(json, text);
  put_json(out, key, json);
}
void put_values(std::string& out, std::string_view key, const Values& values) {
  if (values.empty()) return;
  std::string json = "{";
  for (const NamedValue& v : values.all) {
    const Result<std::string> one = cell_to_json(v.value.tag, v.value.cell, v.value.tail);
    put_json(json, v.name, one.value_or("null"));
  }
  put_json(out, key, json + "}");
}

}  // namespace

int stage_of(TaskStatus status) {
  if (status == TaskStatus::kPending) return 0;
  return status == TaskStatus::kRunning ? 1 : 2;
}

void overlay(TaskTold& base, const TaskTold& over) {
  take(base.id, over.id);
  take(base.activity, over.activity);
  take(base.workflow, over.workflow);
  take(base.parent, over.parent);
  if (over.parent_task) base.parent_task = over.parent_task;
  if (over.begin_ns)
    base.begin_ns = std::min(*over.begin_ns, base.begin_ns.value_or(*over.begin_ns));
  if (over.end_ns) base.end_ns = std::max(*over.end_ns, base.end_ns.value_or(*over.end_ns));
  base.status = over.status;
  base.attempt = std::max(base.attempt, over.attempt);
  take(base.used, over.used);
  take(base.generated, over.generated);
  take(base.tags, over.tags);
  take(base.attributes, over.attributes);
  take(base.error_type, over.error_type);
  take(base.error_message, over.error_message);
  take(base.error_traceback, over.error_traceback);
  for (const std::string& one : over.depends_on) {
    const auto& all = base.depends_on;
    if (std::find(all.begin(), all.end(), one) == all.end()) base.depends_on.push_back(one);
  }
  take(base.host, over.host);
  take(base.agent, over.agent);
}

void TaskInParts::add(const TaskTold& part) {
  std::optional<TaskTold>& here = parts_[static_cast<size_t>(stage_of(part.status))];
  if (here) {
    overlay(*here, part);
  } else {
    here = part;
  }
}

TaskTold TaskInParts::whole() const {
  std::optional<TaskTold> out;
  for (const std::optional<TaskTold>& part : parts_) {
    if (!part) continue;
    if (out) {
      overlay(*out, *part);
    } else {
      out = part;
    }
  }
  return out.value_or(TaskTold{});
}

std::string encode(const TaskTold& part) {
  std::string bytes;
  ByteWriter out(bytes);
  for (const std::string* text :
       {&part.id, &part.activity, &part.workflow, &part.parent, &part.error_type,
        &part.error_message, &part.error_traceback, &part.host, &part.agent}) {
    out.text(*text);
  }
  const auto parent = part.parent_task.value_or(Uuid{}).bytes();
  out.raw(parent.data(), parent.size());
  put(out, part.begin_ns);
  put(out, part.end_ns);
  out.u8(static_cast<uint8_t>(part.status));
  out.u8(part.attempt);
  put(out, part.used);
  put(out, part.generated);
  put(out, part.tags);
  put(out, part.attributes);
  out.u32(static_cast<uint32_t>(part.depends_on.size()));
  for (const std::string& one : part.depends_on) out.text(one);
  return bytes;
}

bool decode(std::string_view bytes, TaskTold* part) {
  ByteReader in(bytes);
  *part = {};
  for (std::string* text :
       {&part->id, &part->activity, &part->workflow, &part->parent, &part->error_type,
        &part->error_message, &part->error_traceback, &part->host, &part->agent}) {
    *text = in.text();
  }
  const std::string_view parent = in.raw(16);
  if (!in.ok()) return false;
  const Uuid id = Uuid::from_bytes(reinterpret_cast<const uint8_t*>(parent.data()));
  if (!id.is_nil()) part->parent_task = id;
  part->begin_ns = optional_integer(in);
  part->end_ns = optional_integer(in);
  part->status = static_cast<TaskStatus>(in.u8());
  part->attempt = in.u8();
  part->used = values_of(in);
  part->generated = values_of(in);
  part->tags = values_of(in);
  part->attributes = values_of(in);
  const uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) part->depends_on.emplace_back(in.text());
  return in.ok() && in.remaining() == 0;
}

std::string to_json(const TaskTold& part) {
  std::string out = "{";
  put_text(out, "id", part.id);
  put_text(out, "activity", part.activity);
  put_text(out, "workflow", part.workflow);
  put_text(out, "parent", part.parent);
  put_text(out, "status", name_of(part.status));
  if (part.begin_ns) put_json(out, "begin_ns", std::to_string(*part.begin_ns));
  if (part.end_ns) put_json(out, "end_ns", std::to_string(*part.end_ns));
  put_values(out, "used", part.used);
  put_values(out, "generated", part.generated);
  put_values(out, "tags", part.tags);
  put_values(out, "attributes", part.attributes);
  put_text(out, "error_type", part.error_type);
  put_text(out, "error_message", part.error_message);
  put_text(out, "error_traceback", part.error_traceback);
  put_text(out, "host", part.host);
  put_text(out, "agent", part.agent);
  return out + "}";
}

}  // namespace headrace::collect
