// What tells configurations apart, in a few words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "query/json.h"

namespace headrace::query {

// "lr=0.001 frozen=2" for each map: its values for the keys whose values differ between maps, in
// the order of the keys' first appearance. Only of the first `complete` maps is an absent key a
// difference; the others belong to tasks that may have ended before they had it. Empty texts when
// nothing differs. Long texts are cut; maps and lists are left out, references to objects shown as
// `object_names` has them. An object that goes with a plain value, each telling as much as the
// other
// ("base=base_w64.npz width=64"), is left out.
std::vector<std::string> differing_labels(
    const std::vector<Json>& maps,
    const std::vector<std::pair<std::string, std::string>>& object_names, size_t complete);

}  // namespace headrace::query
