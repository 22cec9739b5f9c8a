#include "query/why.h"

#include <utility>

#include "query/slice.h"
#include "query/why_story.h"

namespace headrace::query {

Result<Why> explain(const Session& session, const std::string& text,
                    const std::filesystem::path& here, const WhyOptions& options) {
  Result<Slice> slice = slice_of(session, text, here, Direction::kBehind, options);
  if (!slice.ok()) return slice.status();
  return Story(std::move(slice->subject), slice->lineage, std::move(slice->facts)).tell();
}

}  // namespace headrace::query
