#include <memory>
#include <utility>

#include "query/arrow_ipc.h"
#include "query/write.h"

namespace headrace::query {
namespace {

Result<Written> write_arrow(ResultTable table, uint64_t limit, const Sink& sink) {
  Written written;
  written.shown = limit;
  std::shared_ptr<const bool> has_more;
  if (limit != 0) has_more = table.keep_first(limit);
  ArrowArrayStream stream{};
  ResultTable::export_stream(std::move(table), &stream);
  const Status status = write_arrow_ipc(&stream, sink);
  stream.release(&stream);
  if (!status.ok()) return status;
  written.has_more = has_more != nullptr && *has_more;
  return written;
}

}  // namespace

Result<Written> write_as(Format format, ResultTable table, uint64_t limit, bool color,
                         const Sink& sink) {
  switch (format) {
    case Format::kCsv: return write_csv(table, limit, sink);
    case Format::kJson: return write_json(table, limit, sink);
    case Format::kJsonl: return write_jsonl(table, limit, sink);
    case Format::kArrow: return write_arrow(std::move(table), limit, sink);
    case Format::kTable: break;
  }
  TableStyle style;
  style.color = color;
  style.limit = limit;
  return write_table(table, style, sink);
}

}  // namespace headrace::query
