#include "serve/embedded_page.h"

#include <zlib.h>

#include "serve/errors.h"
#include "serve/gzip.h"

namespace headrace::serve {
namespace {

std::string_view type_of(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"}};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::string unpacked(std::string_view packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    const size_t have = out.size();
    out.resize(have + (64 << 10));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<uInt>(out.size() - have);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(stream.total_out);
  }
  inflateEnd(&stream);
  return out;
}

const PageFile* find(std::string_view path) {
  for (const PageFile& file : page_files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace

Response page_response(const Request& request, const std::string& path) {
  const std::string_view name = std::string_view(path).substr(1);
  const PageFile* file = name.empty() ? nullptr : find(name);
  if (file == nullptr && !path.starts_with("/assets/") &&
      request.header("accept").find("text/html") != std::string_view::npos) {
    file = find("index.html");
  }
  if (file == nullptr) {
    return error_response(404, "no_such_path", "there is nothing at " + path.substr(0, 200), "",
                          "open the page at /");
  }
  Response out;
  out.type = type_of(file->path);
  // The names of assets hold a hash of what they are.
  if (file->path.starts_with("assets/")) {
    out.headers.push_back({"Cache-Control", "private, max-age=31536000, immutable"});
  }
  if (takes_gzip(request.header("accept-encoding"))) {
    out.body = file->packed;
    out.headers.push_back({"Content-Encoding", "gzip"});
  } else {
    out.body = unpacked(file->packed);
  }
  return out;
}

}  // namespace headrace::serve
