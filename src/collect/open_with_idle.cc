#include "collect/open_with_idle.h"

#include <utility>

#include "collect/copy.h"
#include "energy/attribute.h"
#include "energy/changed.h"

namespace headrace::collect {

std::optional<energy::IdlePolicy> parse_idle_policy(std::string_view name) {
  using energy::IdlePolicy;
  for (const IdlePolicy one :
       {IdlePolicy::kSeparate, IdlePolicy::kByResidency, IdlePolicy::kNone}) {
    if (energy::name_of(one) == name) return one;
  }
  return std::nullopt;
}

Result<store::Store> open_with_idle(const Directory& directory, energy::IdlePolicy policy,
                                    const OpenOptions& options) {
  {
    Result<store::Store> store = open_folded(directory, options);
    if (!store.ok()) return store.status();
    const Result<energy::IdlePolicy> kept = energy::kept_policy(store->connection());
    if (!kept.ok()) return kept.status();
    if (*kept == policy) return std::move(*store);
  }
  Result<store::Store> copy = copy_to_memory(directory.store(), options.store);
  if (!copy.ok()) return copy.status();
  const Result<energy::Attributed> done = energy::attribute(*copy, policy);
  if (!done.ok()) return done.status();
  return std::move(*copy);
}

}  // namespace headrace::collect
