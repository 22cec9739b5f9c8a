#include "cli/commands.h"
#include "cli/open_session.h"
#include "query/limited_child.h"

int main(int argc, char** argv) {
  if (headrace::query::is_limited_child(argc, argv)) return headrace::query::limited_child();
  return headrace::cli::end_program(headrace::cli::main_of(argc, argv));
}
