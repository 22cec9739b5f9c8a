#include "exchange/flowcept.h"

#include <filesystem>
#include <system_error>

#include "exchange/flowcept_channel.h"
#include "exchange/flowcept_lines.h"

namespace headrace::exchange {
namespace {

constexpr const char* kDefaultChannel = "interception";

Result<OpenedSource> open_channel(const std::string& url) {
  Result<RedisAddress> address = RedisAddress::parse(url);
  if (!address.ok()) return address.status();
  if (address->channel.empty()) address->channel = kDefaultChannel;
  Result<std::unique_ptr<ForeignSource>> reader = flowcept_channel(*address);
  if (!reader.ok()) {
    return reader.status().with_advice(
        "start it (redis-server), or give its address as "
        "redis://HOST:PORT/CHANNEL");
  }
  return OpenedSource{{"flowcept", address->text(), false}, std::move(*reader)};
}

Result<OpenedSource> open_flowcept(const std::string& source, const std::string& /*name*/) {
  if (source.find("://") != std::string::npos) return open_channel(source);
  std::error_code error;
  const std::filesystem::path file = std::filesystem::canonical(source, error);
  if (error) {
    return not_found("there is no file " + source +
                     "; Flowcept writes flowcept_buffer.jsonl where its program ran, or where "
                     "project.dump_buffer.path of its settings says");
  }
  if (!std::filesystem::is_regular_file(file, error)) {
    return invalid_argument(source +
                            " is no file; give a buffer file (flowcept_buffer.jsonl) or "
                            "redis://HOST:PORT/CHANNEL");
  }
  return OpenedSource{{"flowcept", file.string(), true}, flowcept_lines(file)};
}

}  // namespace

const Importer kFlowcept = {"flowcept", "a buffer file of Flowcept's, or redis://HOST:PORT/CHANNEL",
                            open_flowcept};

}  // namespace headrace::exchange
