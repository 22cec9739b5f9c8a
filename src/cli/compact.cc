// headrace compact
#include "store/compact.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

int compact_now(bool json, const Program& program) {
  Result<store::Store> store = open_to_amend(program);
  if (!store.ok()) return program.fail(store.status());
  const Result<store::Compacted> done = store::compact(std::move(*store));
  if (!done.ok()) return program.fail(done.status());
  if (json) {
    std::printf("{\"bytes_before\": %" PRIu64 ", \"bytes_after\": %" PRIu64 "}\n",
                done->bytes_before, done->bytes_after);
  } else {
    std::printf("%s, was %s\n", query::bytes_text(static_cast<double>(done->bytes_after)).c_str(),
                query::bytes_text(static_cast<double>(done->bytes_before)).c_str());
  }
  return kDone;
}

}  // namespace

void add_compact(CLI::App& app, Program& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb =
      add_verb(app, "compact", "Writes the store anew, without the room of what was deleted",
               "  headrace compact             says the size after and before\n"
               "prune and rm do this by themselves.\n");
  verb->add_flag("--json", *json, "The sizes, as a JSON object");
  program.runs(verb, [json, &program] { return compact_now(*json, program); });
}

}  // namespace headrace::cli
