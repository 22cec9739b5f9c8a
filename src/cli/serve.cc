// headrace serve
#include "serve/serve.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "cli/commands.h"

namespace headrace::cli {
namespace {

struct Options {
  serve::ServeOptions serve;
  int port = -1;
  std::string certificate;
  std::string key;
  std::string token_file;
  bool socket_only = false;
  query::CarbonQuestion carbon;
  std::vector<std::string> folders;
  std::vector<std::string> stores;
};

// What stands in a file that nobody else can read.
Result<std::string> read_token(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return invalid_argument("others can read the token in " + path + ": chmod 600 " + path);
  }
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token)) {
    return io_error("cannot read the token in " + path, errno == 0 ? ENOENT : errno);
  }
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.size() < 16) {
    return invalid_argument("the token in " + path +
                            " is shorter than 16 characters; make one with: openssl rand -hex 32");
  }
  return token;
}

void tell(const Program& program, const serve::Serving& at) {
  if (!at.port_note.empty())
    program.say("headrace: " + at.port_note + ", so this is at port " + std::to_string(at.port));
  if (!at.socket_note.empty()) program.say("headrace: no socket: " + at.socket_note);
  if (!at.open_url.empty()) {
    std::printf("%s\n", at.open_url.c_str());
    program.say("headrace: opens once; headrace ui gives the next");
    if (const std::string ssh = serve::ssh_line(at.port); !ssh.empty()) {
      program.say("headrace: from your own machine: " + ssh);
    }
  } else {
    std::printf("%s\n", at.socket.c_str());
  }
  std::fflush(stdout);
  program.say("headrace: Ctrl-C ends it");
}

int run(Options& o, const Program& program) {
  if (o.port >= 0) o.serve.port = static_cast<uint16_t>(o.port);
  if (o.certificate.empty() != o.key.empty()) {
    return program.fail(invalid_argument("--tls-cert and --tls-key go together"));
  }
  if (!o.certificate.empty()) o.serve.tls = serve::TlsFiles{o.certificate, o.key};
  if (!o.token_file.empty()) {
    Result<std::string> token = read_token(o.token_file);
    if (!token.ok()) return program.fail(token.status());
    o.serve.token = std::move(*token);
  }
  o.serve.loopback = !o.socket_only;
  if (o.carbon.file.empty() != o.carbon.region.empty()) {
    return program.fail(invalid_argument("--carbon FILE and --region R go together"));
  }
  if (!o.carbon.file.empty()) o.serve.carbon = o.carbon;
  // The first is the one that addresses without a name mean: folders before stores.
  std::vector<std::filesystem::path> paths(o.folders.begin(), o.folders.end());
  paths.insert(paths.end(), o.stores.begin(), o.stores.end());
  if (paths.empty()) paths.push_back(program.root());
  const Status served =
      serve::serve(paths, o.serve, [&](const serve::Serving& at) { tell(program, at); });
  return served.ok() ? kDone : program.fail(served);
}

}  // namespace

void add_serve(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "serve", "Serves the page and the API, and takes in what programs record",
      "  headrace serve                          on 127.0.0.1; prints an address that opens "
      "once\n"
      "  headrace serve --port 9000\n"
      "  headrace serve ../sweep ../eval --store old.duckdb      several, side by side\n"
      "  headrace serve --socket-only            only for commands of this user\n"
      "  headrace serve --token-file t --tls-cert c.pem --tls-key k.pem --address 10.0.0.7\n");
  verb->add_option("folders", options->folders,
                   "Folders to serve, with a .headrace in them or such a one; default: this one")
      ->type_name("FOLDER");
  verb->add_option("--store", options->stores,
                   "A store's file by itself, which is only read; may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--port", options->port, "The port (default: 8437, or the next that is free)")
      ->check(CLI::Range(0, 65535))
      ->type_name("N");
  verb->add_option("--address", options->serve.address,
                   "Where to listen; another than loopback needs TLS and a token")
      ->type_name("ADDRESS")
      ->capture_default_str();
  verb->add_option("--host", options->serve.hosts,
                   "A name by which browsers reach it, besides localhost; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--tls-cert", options->certificate, "Its certificate, PEM")->type_name("FILE");
  verb->add_option("--tls-key", options->key, "Its key, PEM")->type_name("FILE");
  verb->add_option("--token-file", options->token_file,
                   "A file with the token that programs send as Authorization: Bearer")
      ->type_name("FILE");
  CLI::Option* carbon = verb->add_option("--carbon", options->carbon.file,
                                         "Carbon factors for the energy page: "
                                         "region,start,end,gco2e_per_kwh,kind,source")
                            ->type_name("FILE");
  verb->add_option("--region", options->carbon.region, "The region in that file")->type_name("R");
  verb->add_option("--pue", options->carbon.pue,
                   "What the building draws for each joule of the machine (default: 1)")
      ->check(CLI::Range(1.0, 10.0))
      ->needs(carbon)
      ->type_name("N");
  verb->add_flag("--allow-write", options->serve.allow_write, "Tags and notes may be changed");
  verb->add_flag("--socket-only", options->socket_only, "No port, only the socket in the folder");
  program.runs(verb, [options, &program] { return run(*options, program); });
}

}  // namespace headrace::cli
