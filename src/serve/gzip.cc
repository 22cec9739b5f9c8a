#include "serve/gzip.h"

#include <zlib.h>

namespace headrace::serve {
namespace {

// Less is not worth the time.
constexpr size_t kLeastPackedBytes = 1024;

}  // namespace
namespace {

constexpr int kLevel = 1;
constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more asks for gzip's header

}  // namespace

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return ended == Z_STREAM_END ? out : "";
}

bool takes_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const size_t end = accept_encoding.find(',');
    std::string_view one = accept_encoding.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    const std::string_view name = one.substr(0, one.find_first_of("; "));
    if (name == "gzip" || name == "*") {
      const size_t weight = one.find("q=0");
      // q=0 and q=0.000 refuse; q=0.5 does not.
      return weight == std::string_view::npos ||
             one.substr(weight + 3).find_first_of("123456789") != std::string_view::npos;
    }
    accept_encoding =
        end == std::string_view::npos ? std::string_view() : accept_encoding.substr(end + 1);
  }
  return false;
}

void pack(const Request& request, Response* out) {
  if (out->stream != nullptr || out->body.size() < kLeastPackedBytes) return;
  if (!takes_gzip(request.header("accept-encoding"))) return;
  for (const Header& header : out->headers) {
    if (header.name == "Content-Encoding") return;
  }
  std::string packed = gzipped(out->body);
  if (packed.empty() || packed.size() >= out->body.size()) return;
  out->body = std::move(packed);
  out->headers.push_back({"Content-Encoding", "gzip"});
}

}  // namespace headrace::serve
