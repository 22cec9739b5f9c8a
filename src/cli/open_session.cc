#include "cli/open_session.h"

#include <cstdio>
#include <iostream>
#include <string>
#include <unistd.h>
#include <utility>

#include "collect/open.h"
#include "collect/open_with_idle.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

collect::OpenOptions reporting_to(const Program& program, collect::FoldReport* report) {
  collect::OpenOptions options;
  options.report = report;
  options.store.on_wait = [&program](const std::string& why) { program.say("headrace: " + why); };
  return options;
}

void tell(const Program& program, const store::Store& store, const collect::FoldReport& report) {
  if (!store.note().empty()) program.say("headrace: " + store.note());
  if (report.quarantined > 0) {
    program.say("headrace: " + query::grouped(report.quarantined) +
                " damaged places were set aside; headrace doctor lists them");
  }
}

const query::Session* left_open = nullptr;

}  // namespace

Result<query::Session> open_session(const Program& program, bool redrive) {
  end_on_interrupt();
  const Directory directory{program.root()};
  collect::FoldReport report;
  if (redrive) {
    collect::OpenOptions options = reporting_to(program, &report);
    options.fold.redrive = true;
    const Result<store::Store> tried = collect::open_for_change(directory, options);
    if (!tried.ok()) return tried.status();
    program.say("headrace: " + query::grouped(report.redriven) +
                (report.redriven == 1 ? " record was" : " records were") +
                " taken out of quarantine");
  }
  Result<store::Store> store = collect::open_folded(directory, reporting_to(program, &report));
  if (!store.ok()) return store.status();
  tell(program, *store, report);
  return query::Session::over(directory.root, std::move(*store));
}

Result<query::Session> open_session_with_idle(const Program& program, energy::IdlePolicy policy) {
  end_on_interrupt();
  const Directory directory{program.root()};
  collect::FoldReport report;
  Result<store::Store> store =
      collect::open_with_idle(directory, policy, reporting_to(program, &report));
  if (!store.ok()) return store.status();
  tell(program, *store, report);
  return query::Session::over(directory.root, std::move(*store));
}

Result<query::Session> open_last_session(const Program& program) {
  Result<query::Session> session = open_session(program);
  // One that has just folded has a log to bring into the file.
  if (session.ok() && session->store().mode() == store::OpenMode::kReadOnly) {
    left_open = new query::Session(*session);
  }
  return session;
}

int end_program(int code) {
  if (left_open == nullptr) return code;
  std::cout.flush();
  std::fflush(nullptr);
  _exit(code);  // no destructor may meet DuckDB's threads
}

Result<store::Store> open_to_amend(const Program& program) {
  end_on_interrupt();
  collect::FoldReport report;
  Result<store::Store> store =
      collect::open_for_change(Directory{program.root()}, reporting_to(program, &report));
  if (store.ok()) tell(program, *store, report);
  return store;
}

}  // namespace headrace::cli
