#include "binding/query/intake_type.h"

#include <algorithm>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <vector>

#include "binding/query/python_values.h"
#include "binding/query/told_values.h"
#include "collect/intake.h"
#include "spool/directory.h"

namespace headrace::binding {
namespace {

namespace nb = nanobind;
using collect::Intake;

// An int, or nothing for None.
template <typename T>
std::optional<T> given(nb::handle value) {
  return value.is_none() ? std::nullopt : std::optional(nb::cast<T>(value));
}

TaskStatus status_of(const std::string& word) {
  for (int status = 0; status <= static_cast<int>(TaskStatus::kLost); ++status) {
    if (name_of(static_cast<TaskStatus>(status)) == word) return static_cast<TaskStatus>(status);
  }
  throw nb::value_error("a status is pending, running, finished, failed, cancelled or lost");
}

// Of a folder, or one that holds `.headrace`; empty: the nearest.
Directory directory_of(const std::string& given) {
  if (given.empty()) return find_directory();
  const std::filesystem::path path = std::filesystem::absolute(given);
  return {path.filename() == ".headrace" ? path : path / ".headrace"};
}

class PyIntake {
 public:
  PyIntake(const std::string& directory, const std::string& kind, const std::string& identity,
           bool can_be_read_again) {
    Result<Intake> opened = [&] {
      const nb::gil_scoped_release unlocked;
      return Intake::open(directory_of(directory), {kind, identity, can_be_read_again});
    }();
    check(opened.status());
    intake_.emplace(std::move(*opened));
  }

  nb::bytes position() {
    const std::string& bytes = intake().position();
    return nb::bytes(bytes.data(), bytes.size());
  }
  std::string workflow(const std::string& id, const std::string& name, const std::string& parent,
                       const std::string& campaign, const nb::object& begin_ns,
                       const nb::object& end_ns, const std::string& status, const nb::dict& used,
                       const nb::dict& generated, const nb::dict& tags,
                       const nb::dict& attributes) {
    collect::WorkflowTold told;
    told.id = id;
    told.name = name;
    told.parent = parent;
    told.campaign = campaign;
    told.begin_ns = given<int64_t>(begin_ns);
    told.end_ns = given<int64_t>(end_ns);
    told.status = status_of(status);
    told.used = told_values(used);
    told.generated = told_values(generated);
    told.tags = told_values(tags);
    told.attributes = told_values(attributes);
    check(intake().workflow(told));
    return intake().workflow_id(id).text();
  }
  std::string task(const std::string& id, const std::string& activity, const std::string& workflow,
                   const std::string& parent, const nb::object& begin_ns, const nb::object& end_ns,
                   const std::string& status, int attempt, std::vector<std::string> depends_on,
                   const nb::dict& used, const nb::dict& generated, const nb::dict& tags,
                   const nb::dict& attributes, std::vector<std::string> error,
                   const std::string& host, const std::string& agent) {
    collect::TaskTold told;
    told.id = id;
    told.activity = activity;
    told.workflow = workflow;
    told.parent = parent;
    told.begin_ns = given<int64_t>(begin_ns);
    told.end_ns = given<int64_t>(end_ns);
    told.status = status_of(status);
    told.attempt = static_cast<uint8_t>(std::clamp(attempt, 0, 255));
    told.depends_on = std::move(depends_on);
    told.used = told_values(used);
    told.generated = told_values(generated);
    told.tags = told_values(tags);
    told.attributes = told_values(attributes);
    error.resize(3);
    told.error_type = error[0];
    told.error_message = error[1];
    told.error_traceback = error[2];
    told.host = host;
    told.agent = agent;
    check(intake().task(told));
    return intake().task_id(id).text();
  }
  // The 16 bytes of its id.
  nb::bytes object(const std::string& id, const std::string& kind, const std::string& name,
                   const std::string& path, const std::string& sha256, const nb::object& size_bytes,
                   const std::string& version, const std::string& workflow, const nb::object& at_ns,
                   const nb::dict& attributes) {
    collect::ObjectTold told;
    told.id = id;
    told.kind = kind;
    told.name = name;
    told.path = path;
    told.sha256 = sha256;
    told.size_bytes = given<uint64_t>(size_bytes);
    told.version = version;
    told.workflow = workflow;
    told.at_ns = given<int64_t>(at_ns);
    told.attributes = told_values(attributes);
    check(intake().object(told));
    const auto bytes = intake().object_id(id).bytes();
    return nb::bytes(bytes.data(), bytes.size());
  }
  void row(const nb::dict& values, int64_t at_ns, const std::string& task,
           const std::string& workflow, const nb::object& step) {
    check(intake().row({task, workflow, at_ns, given<int64_t>(step), told_values(values)}));
  }
  void line(const std::string& text, int64_t at_ns, const std::string& task,
            const std::string& workflow, bool is_error) {
    check(intake().line(
        {task, workflow, at_ns, is_error ? LogStream::kStderr : LogStream::kStdout, text}));
  }
  void edge(const std::string& task, const std::string& object, bool generated,
            const std::string& name, bool inferred) {
    check(intake().edge({task, object, generated, name, inferred}));
  }
  void quarantine(const nb::bytes& piece, const std::string& reason) {
    check(intake().quarantine({piece.c_str(), piece.size()}, reason));
  }
  void commit(const std::string& position) {
    Intake& open = intake();
    const Status done = [&] {
      const nb::gil_scoped_release unlocked;
      return open.commit(position);
    }();
    check(done);
  }
  nb::dict report() {
    const collect::IntakeReport& r = intake().report();
    nb::dict out;
    out["tasks"] = r.tasks;
    out["open"] = r.open;
    out["workflows"] = r.workflows;
    out["objects"] = r.objects;
    out["rows"] = r.rows;
    out["lines"] = r.lines;
    out["edges"] = r.edges;
    out["known"] = r.known;
    out["quarantined"] = r.quarantined;
    out["shortened"] = r.shortened;
    out["redacted"] = r.redacted;
    return out;
  }
  void close() { intake_.reset(); }

 private:
  Intake& intake() {
    if (!intake_) throw nb::value_error("this source is closed");
    return *intake_;
  }
  static void check(const Status& status) {
    if (status.code() == StatusCode::kInvalidArgument) {
      throw nb::value_error(status.message().c_str());
    }
    if (!status.ok()) raise(status);
  }
  std::optional<Intake> intake_;
};

}  // namespace

void add_intake(nb::module_& m) {
  nb::class_<PyIntake>(m, "Intake")
      .def(nb::init<const std::string&, const std::string&, const std::string&, bool>())
      .def("position", &PyIntake::position)
      .def("workflow", &PyIntake::workflow, nb::arg("id"), nb::arg("name"), nb::arg("parent"),
           nb::arg("campaign"), nb::arg("begin_ns").none(), nb::arg("end_ns").none(),
           nb::arg("status"), nb::arg("used"), nb::arg("generated"), nb::arg("tags"),
           nb::arg("attributes"))
      .def("task", &PyIntake::task, nb::arg("id"), nb::arg("activity"), nb::arg("workflow"),
           nb::arg("parent"), nb::arg("begin_ns").none(), nb::arg("end_ns").none(),
           nb::arg("status"), nb::arg("attempt"), nb::arg("depends_on"), nb::arg("used"),
           nb::arg("generated"), nb::arg("tags"), nb::arg("attributes"), nb::arg("error"),
           nb::arg("host"), nb::arg("agent"))
      .def("object", &PyIntake::object, nb::arg("id"), nb::arg("kind"), nb::arg("name"),
           nb::arg("path"), nb::arg("sha256"), nb::arg("size_bytes").none(), nb::arg("version"),
           nb::arg("workflow"), nb::arg("at_ns").none(), nb::arg("attributes"))
      .def("row", &PyIntake::row, nb::arg("values"), nb::arg("at_ns"), nb::arg("task"),
           nb::arg("workflow"), nb::arg("step").none())
      .def("line", &PyIntake::line)
      .def("edge", &PyIntake::edge)
      .def("quarantine", &PyIntake::quarantine)
      .def("commit", &PyIntake::commit)
      .def("report", &PyIntake::report)
      .def("close", &PyIntake::close);
}

}  // namespace headrace::binding
