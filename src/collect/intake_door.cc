#include "collect/intake_door.h"

#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "capture/secrets.h"
#include "collect/told_secrets.h"
#include "spool/aside.h"
#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

// Ended tasks wait for their other parts until the next commit, but no more of them than this.
constexpr size_t kMostEnded = 20'000;
constexpr uint64_t kMostEndedBytes = uint64_t{64} << 20;
// Pieces that get a file each; the rest of a commit's share one.
constexpr uint64_t kMostPieces = 1000;

std::string this_folder(const Directory& directory) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  std::error_code error;
  const fs::path real = fs::weakly_canonical(directory.root, error);
  return std::string(host) + ":" + (error ? directory.root : real).string();
}

}  // namespace

Status Intake::Door::begin() {
  bool is_whole = false;
  Notes notes = notes_.read(&told_, &is_whole);
  std::error_code error;
  if (!fs::exists(directory_.store(), error)) {
    // What the notes speak of has been deleted.
    const std::vector<SegmentFile> segments = list_segments(directory_);
    const bool is_there =
        std::any_of(segments.begin(), segments.end(),
                    [&](const SegmentFile& file) { return file.producer == notes.producer; });
    if (!is_there && notes.producer != 0 && notes.numbers != IntakeSpool::Numbers{}) {
      notes = {};
      told_.clear();
      is_whole = false;
    }
  }
  const std::string identity = capture::without_secrets(source_.identity);
  const std::string folder = this_folder(directory_);
  producer_ = notes.producer;
  redacted_before_ = notes.redacted;
  has_notes_ = is_whole;
  bool keeps_position = is_whole;
  if (!is_whole) {
    Result<Recalled> known = recall(directory_, notes.producer, source_.kind, identity, folder);
    if (!known.ok()) return known.status();
    if (known->producer != 0) {
      producer_ = known->producer;
      for (size_t ring = 0; ring < notes.numbers.size(); ++ring) {
        notes.numbers[ring] = std::max(notes.numbers[ring], known->numbers[ring]);
      }
      new_told_.reserve(known->told.size());
      for (const uint64_t key : known->told) {
        if (told_.insert(key).second) new_told_.push_back(key);
      }
      open_elsewhere_.insert(known->open_tasks.begin(), known->open_tasks.end());
      open_workflows_.insert(known->open_workflows.begin(), known->open_workflows.end());
      if (source_.can_be_read_again) rows_ = std::move(known->rows);
    } else if (notes.producer == 0) {
      told_.clear();
    }
    is_recalled_ = source_.can_be_read_again && known->producer != 0;
    keeps_position = !source_.can_be_read_again;
  }
  if (producer_ == 0) producer_ = draw_producer();
  if (keeps_position) {
    position_ = notes.position;
    open_workflows_.insert(notes.open_workflows.begin(), notes.open_workflows.end());
    open_elsewhere_.insert(notes.open_tasks.begin(), notes.open_tasks.end());
    for (const std::string& bytes : notes.parts) {
      TaskTold part;
      if (!decode(bytes, &part)) continue;
      const TaskNumber number = number_of(part.id);
      if (told_.contains(number)) continue;
      Kept& kept = kept_[number];
      kept.parts.add(part);
      kept.bytes += bytes.size();
      kept.is_changed = false;
      kept_bytes_ += bytes.size();
      open_elsewhere_.erase(number);
    }
    // An end that is among them had not been written.
    for (const auto& [number, kept] : kept_) {
      if (kept.parts.has_ended()) ended_.push_back(number);
    }
  }
  spool_ = std::make_unique<IntakeSpool>(
      directory_, producer_,
      std::vector<std::pair<std::string, std::string>>{{"source_kind", source_.kind},
                                                       {"source", identity},
                                                       {"source_folder", folder},
                                                       {"command", source_.kind + " " + identity}},
      notes.numbers);
  report_.open = kept_.size() + open_elsewhere_.size();
  return {};
}

Uuid Intake::Door::named(std::string_view what, std::string_view foreign_id) const {
  if (what != "result") {
    if (const std::optional<Uuid> given = Uuid::parse(foreign_id)) return *given;
  }
  std::string name = source_.kind;
  name.append(1, '\0').append(source_.identity).append(1, '\0').append(foreign_id);
  return named_uuid("source." + std::string(what), name);
}

TaskNumber Intake::Door::number_of(std::string_view foreign_id) {
  constexpr uint64_t kMask = (uint64_t{1} << kTaskNumberBits) - 1;
  const Sha256Digest digest = sha256(foreign_id);
  return std::max<TaskNumber>(load_le<uint64_t>(digest.data()) & kMask, 1);
}

bool Intake::Door::is_known(uint64_t key) {
  if (!told_.insert(key).second) {
    ++report_.known;
    return true;
  }
  new_told_.push_back(key);
  is_changed_ = true;
  return false;
}

Status Intake::Door::before_record() {
  is_changed_ = true;
  return notes_.begin_writing();
}

Status Intake::Door::set_aside(std::string_view bytes, std::string_view reason) {
  bool is_known = false;
  HEADRACE_RETURN_IF_ERROR(
      headrace::set_aside(directory_, producer_, source_.kind, bytes, reason, &is_known));
  if (is_known) {
    ++report_.known;
    return {};
  }
  is_changed_ = true;
  ++pieces_;
  ++report_.quarantined;
  return {};
}

Status Intake::Door::quarantine(std::string_view bytes, std::string_view reason) {
  std::string clean;
  if (capture::may_hold_secret(bytes) && capture::take_out_secrets(bytes, &clean)) bytes = clean;
  std::string why = capture::without_secrets(reason.substr(0, 4096));
  if (bytes.size() > kMostQuarantineBytes) {
    why += " (the first 16 MiB of " + std::to_string(bytes.size()) + " bytes)";
    bytes = bytes.substr(0, kMostQuarantineBytes);
  }
  if (pieces_ < kMostPieces) return set_aside(bytes, why);
  if (more_pieces_.size() + bytes.size() > kMostQuarantineBytes) {
    HEADRACE_RETURN_IF_ERROR(set_aside(more_pieces_, "more pieces, a line each with its reason"));
    more_pieces_.clear();
  }
  more_pieces_.append(why).append(": ").append(bytes).append(1, '\n');
  is_changed_ = true;
  return {};
}

Status Intake::Door::task(const TaskTold& said) {
  uint64_t secrets = 0;
  const std::optional<TaskTold> clean = without_secrets(said, &secrets);
  const TaskTold& told = clean ? *clean : said;
  if (told.id.empty()) return invalid_argument("a task without an id");
  if (told.begin_ns.value_or(0) < 0 || told.end_ns.value_or(0) < 0) {
    return invalid_argument("task " + told.id + " says a time before 1970");
  }
  const TaskNumber number = number_of(told.id);
  const std::string bytes = encode(told);
  const uint64_t part = told_key("part", bytes);
  if (told_.contains(number)) {
    if (told_.contains(part) || is_recalled_) {
      ++report_.known;
      return {};
    }
    HEADRACE_RETURN_IF_ERROR(quarantine(to_json(told), "its task had ended when this was told"));
    static_cast<void>(is_known(part));
    return {};
  }
  if (told_.contains(part)) {
    ++report_.known;
  } else {
    told_.insert(part);
    new_told_.push_back(part);
    report_.redacted += secrets;
  }
  is_changed_ = true;
  open_elsewhere_.erase(number);
  Kept& kept = kept_[number];
  const bool had_ended = kept.parts.has_ended();
  if (kept_bytes_ + bytes.size() > kMostOpenBytes && stage_of(told.status) < 2) {
    TaskTold bare = told;
    bare.used = bare.generated = bare.tags = bare.attributes = {};
    kept.parts.add(bare);
    ++report_.shortened;
  } else {
    kept.parts.add(told);
    kept.bytes += bytes.size();
    kept_bytes_ += bytes.size();
  }
  kept.is_changed = true;
  if (!had_ended && kept.parts.has_ended()) ended_.push_back(number);
  report_.open = kept_.size() - ended_.size() + open_elsewhere_.size();
  if (ended_.size() < kMostEnded && kept_bytes_ < kMostEndedBytes) return {};
  return write_ended();
}

Status Intake::Door::write_ended() {
  while (!ended_.empty()) {
    const TaskNumber number = ended_.back();
    const auto found = kept_.find(number);
    const TaskTold whole = found->second.parts.whole();
    const char* lacks = whole.activity.empty() ? "it ended and no part says its activity"
                        : !whole.begin_ns && !whole.end_ns ? "it ended and no part says a time"
                                                           : nullptr;
    if (lacks != nullptr) {
      HEADRACE_RETURN_IF_ERROR(quarantine(to_json(whole), lacks));
    } else {
      HEADRACE_RETURN_IF_ERROR(write_task(whole, false));
      told_.insert(number);
      new_told_.push_back(number);
      ++report_.tasks;
    }
    kept_bytes_ -= std::min(kept_bytes_, found->second.bytes);
    kept_.erase(found);
    ended_.pop_back();
  }
  return {};
}

Status Intake::Door::announce() {
  for (auto& [number, kept] : kept_) {
    if (!kept.is_changed) continue;
    const TaskTold whole = kept.parts.whole();
    if (whole.activity.empty() || !whole.begin_ns) continue;  // until that is told
    HEADRACE_RETURN_IF_ERROR(write_task(whole, true));
    kept.is_changed = false;
  }
  return {};
}

Status Intake::Door::commit(std::string_view position) {
  if (!is_changed_ && position == position_ && has_notes_) return {};
  HEADRACE_RETURN_IF_ERROR(write_ended());
  HEADRACE_RETURN_IF_ERROR(announce());
  if (!more_pieces_.empty()) {
    HEADRACE_RETURN_IF_ERROR(set_aside(more_pieces_, "more pieces, a line each with its reason"));
    more_pieces_.clear();
  }
  spool_->say_redacted(redacted_before_ + report_.redacted);
  HEADRACE_RETURN_IF_ERROR(
      spool_->flush(nothing_is_open() ? IntakeSpool::Ended::kYes : IntakeSpool::Ended::kNo));
  HEADRACE_RETURN_IF_ERROR(spool_->sync());
  Notes notes;
  notes.producer = producer_;
  notes.numbers = spool_->numbers();
  notes.position = position;
  notes.redacted = redacted_before_ + report_.redacted;
  notes.open_workflows.assign(open_workflows_.begin(), open_workflows_.end());
  notes.open_tasks.assign(open_elsewhere_.begin(), open_elsewhere_.end());
  for (const auto& [number, kept] : kept_) {
    for (const std::optional<TaskTold>& part : kept.parts.parts()) {
      if (part) notes.parts.push_back(encode(*part));
    }
  }
  HEADRACE_RETURN_IF_ERROR(notes_.commit(notes, new_told_, spool_->is_power_safe()));
  new_told_.clear();
  has_notes_ = true;
  position_ = position;
  is_changed_ = false;
  report_.open = kept_.size() + open_elsewhere_.size();
  report_.shortened = std::max(report_.shortened, spool_->shortened());
  return {};
}

void Intake::Door::close() {
  if (spool_ != nullptr) static_cast<void>(spool_->seal());
}

}  // namespace headrace::collect
