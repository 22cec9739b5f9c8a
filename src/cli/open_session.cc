#include "cli/open_session.h"

namespace headrace::cli {

Result<query::Session> open_session(const Program& program) {
  end_on_interrupt();
  return query::Session::open(program.root());
}

}  // namespace headrace::cli
