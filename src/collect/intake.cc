#include "collect/intake.h"

#include <algorithm>

#include "collect/intake_door.h"

namespace headrace::collect {
namespace {

bool is_kind(std::string_view kind) {
  return !kind.empty() && kind.size() <= 64 && std::all_of(kind.begin(), kind.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

Result<Intake> Intake::open(const Directory& directory, const Source& source) {
  if (!is_kind(source.kind)) {
    return invalid_argument("'" + source.kind + "' is no kind of source: letters, digits, - and _");
  }
  if (source.identity.empty() || source.identity.size() > 4096) {
    return invalid_argument("a source is named by 1 to 4096 bytes: its path or address");
  }
  HEADRACE_RETURN_IF_ERROR(create_directory(directory));
  Result<IntakeNotes> notes = IntakeNotes::open(directory, source.kind, source.identity);
  if (!notes.ok()) return notes.status();
  auto door = std::make_unique<Door>(directory, source, std::move(*notes));
  HEADRACE_RETURN_IF_ERROR(door->begin());
  return Intake(std::move(door));
}

Intake::Intake(std::unique_ptr<Door> door) : door_(std::move(door)) {}
Intake::Intake(Intake&&) noexcept = default;
Intake& Intake::operator=(Intake&&) noexcept = default;
Intake::~Intake() {
  if (door_ != nullptr) door_->close();
}

const std::string& Intake::position() const { return door_->position(); }
Status Intake::workflow(const WorkflowTold& told) { return door_->workflow(told); }
Status Intake::task(const TaskTold& told) { return door_->task(told); }
Status Intake::object(const ObjectTold& told) { return door_->object(told); }
Status Intake::row(const RowTold& told) { return door_->row(told); }
Status Intake::line(const LineTold& told) { return door_->line(told); }
Status Intake::edge(const EdgeTold& told) { return door_->edge(told); }
Status Intake::quarantine(std::string_view bytes, std::string_view reason) {
  return door_->quarantine(bytes, reason);
}
Status Intake::commit(std::string_view position) { return door_->commit(position); }
Uuid Intake::workflow_id(std::string_view foreign_id) const {
  return door_->named("workflow", foreign_id);
}
Uuid Intake::task_id(std::string_view foreign_id) const {
  return task_uuid(door_->producer(), Door::number_of(foreign_id));
}
Uuid Intake::object_id(std::string_view foreign_id) const {
  return door_->named("object", foreign_id);
}
const IntakeReport& Intake::report() const { return door_->report(); }

}  // namespace headrace::collect
