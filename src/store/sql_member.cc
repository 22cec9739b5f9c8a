#include "store/sql_member.h"

namespace headrace::store {

// As a JSON pointer (RFC 6901).
std::string sql_member(const std::string& json, const std::string& key) {
  return json + "->>('/' || replace(replace(" + key + ", '~', '~0'), '/', '~1'))";
}

}  // namespace headrace::store
