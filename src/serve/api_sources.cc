// What this server shows: the folders and stores that it was started with.
#include "query/table_builder.h"
#include "serve/api.h"
#include "serve/site.h"

namespace headrace::serve {
namespace {

using query::ColumnKind;

Result<Answer> sources(const Call& call) {
  query::TableBuilder out({{"name", ColumnKind::kText, ""},
                           {"address", ColumnKind::kText, ""},
                           {"path", ColumnKind::kText, ""},
                           {"kind", ColumnKind::kText, ""},
                           {"tasks", ColumnKind::kInteger, ""},
                           {"failed", ColumnKind::kInteger, ""},
                           {"running", ColumnKind::kInteger, ""},
                           {"late_s", ColumnKind::kReal, "s"},
                           {"trouble", ColumnKind::kText, ""}});
  for (const auto& source : call.site().sources()) {
    const Change latest = source->live().latest();
    const LiveStoreCounts counts = source->live().counts();
    out.text(source->name()).text(source->address()).text(source->root().string());
    out.text(source->is_folder() ? "folder" : "store");
    out.integer(latest.tasks).integer(latest.failed).integer(latest.running).real(counts.late_s);
    if (counts.trouble.empty()) {
      out.null();
    } else {
      out.text(counts.trouble);
    }
    out.end_row();
  }
  return rows(out.finish());
}

}  // namespace

void add_source_routes(std::vector<Route>* out) {
  out->push_back(
      {.method = "GET",
       .path = "/sources",
       .about = "The folders and stores that are served. Each has this API and its pages below its "
                "address; the first one also without. trouble: why it cannot be read now",
       .form = Form::kTable,
       .answer = sources,
       .is_of_store = false});
}

}  // namespace headrace::serve
