#include "serve/api.h"

namespace headrace::serve {

const std::vector<Route>& routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> out;
    for (const auto add :
         {add_list_routes, add_lineage_routes, add_choice_routes, add_time_routes, add_shape_routes,
          add_energy_routes, add_run_routes, add_name_routes, add_sql_routes, add_health_routes,
          add_source_routes, add_amend_routes}) {
      add(&out);
    }
    return out;
  }();
  return all;
}

}  // namespace headrace::serve
