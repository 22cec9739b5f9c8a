// gzip (RFC 1952) of whole answers.
#pragma once

#include <string>
#include <string_view>

#include "serve/http.h"

namespace headrace::serve {

// At a level that costs little (about 10 ms a MB of JSON). "" when there is no memory for it.
std::string gzipped(std::string_view bytes);
// Packs the answer's body where the request takes that and it is worth the time, and says so in a
// header. One that is packed already stays as it is.
void pack(const Request& request, Response* out);
// Whether an Accept-Encoding takes gzip: it is named, and not with q=0.
bool takes_gzip(std::string_view accept_encoding);

}  // namespace headrace::serve
