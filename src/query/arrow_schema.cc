#include "query/arrow_schema.h"

#include <string>
#include <vector>

namespace headrace::query {
namespace {

struct OwnedSchema {
  std::string format;
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  ArrowSchema dictionary{};
};

void release_schema(ArrowSchema* schema) {
  auto* owned = static_cast<OwnedSchema*>(schema->private_data);
  for (ArrowSchema& child : owned->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (owned->dictionary.release != nullptr) owned->dictionary.release(&owned->dictionary);
  delete owned;
  schema->release = nullptr;
}

// Every moment is in UTC, also where DuckDB's type has no zone.
std::string format_of(const ArrowSchema& schema) {
  const std::string format = schema.format;
  const bool no_zone = format.size() == 4 && format.starts_with("ts");
  return no_zone ? format + "UTC" : format;
}

}  // namespace

void copy_schema(const ArrowSchema& from, ArrowSchema* out) {
  auto* owned = new OwnedSchema{format_of(from), from.name == nullptr ? "" : from.name, {}, {}, {}};
  owned->children.resize(static_cast<size_t>(from.n_children));
  for (size_t i = 0; i < owned->children.size(); ++i) {
    copy_schema(*from.children[i], &owned->children[i]);
    owned->pointers.push_back(&owned->children[i]);
  }
  if (from.dictionary != nullptr) copy_schema(*from.dictionary, &owned->dictionary);
  // Extension names stay behind: a JSON text or a UUID is read as the string that it is.
  *out = {owned->format.c_str(),
          owned->name.c_str(),
          nullptr,
          from.flags,
          from.n_children,
          owned->pointers.data(),
          from.dictionary != nullptr ? &owned->dictionary : nullptr,
          release_schema,
          owned};
}

}  // namespace headrace::query
