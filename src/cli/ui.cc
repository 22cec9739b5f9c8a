// headrace ui
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "collect/live_server.h"
#include "serve/serve.h"

namespace headrace::cli {
namespace {

struct Options {
  bool no_browser = false;
};

// Everybody on the machine can read command lines, and a ticket opens for whoever is first. So the
// browser is given a file that only this user can read and that leads on. "" where none can be
// made.
std::string leading_page(const Directory& directory, const std::string& url) {
  const std::filesystem::path path = directory.root / "open.html";
  unlink(path.c_str());  // the last one's ticket is used
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return "";
  const std::string text =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"referrer\" "
      "content=\"no-referrer\"><meta http-equiv=\"refresh\" content=\"0;url=" +
      url + "\"><title>Headrace</title><a href=\"" + url + "\">Go on</a></html>\n";
  const ssize_t written = write(file, text.data(), text.size());
  return close(file) == 0 && written == static_cast<ssize_t>(text.size()) ? path.string() : "";
}

// Hands a page to the desktop; false where there is none.
bool open_browser(const std::string& page) {
  const char* display = std::getenv("DISPLAY");
  const char* wayland = std::getenv("WAYLAND_DISPLAY");
  const char* browser = std::getenv("BROWSER");
  const bool has_browser = browser != nullptr && *browser != '\0';
  if (display == nullptr && wayland == nullptr && !has_browser) return false;
  const std::string program = has_browser ? browser : "xdg-open";
  std::string name = program;
  std::string address = page;
  char* arguments[] = {name.data(), address.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Its talk is not ours.
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void show(const Options& o, const Program& program, const std::string& url) {
  if (!o.no_browser) {
    const std::string page = leading_page(Directory{program.root()}, url);
    if (!page.empty() && open_browser(page)) {
      program.say("headrace: opened " + url.substr(0, url.find("/open")));
      return;
    }
    unlink(page.c_str());
  }
  std::printf("%s\n", url.c_str());
  std::fflush(stdout);
  program.say("headrace: open this address; it works once");
}

int run(const Options& o, const Program& program) {
  const Directory directory{program.root()};
  if (auto server = collect::LiveServer::find(directory)) {
    const Result<std::string> url = server->open_url(5000);
    if (!url.ok()) return program.fail(url.status());
    show(o, program, *url);
    return kDone;
  }
  const Status served = serve::serve({directory.root}, {}, [&](const serve::Serving& at) {
    if (!at.port_note.empty())
      program.say("headrace: " + at.port_note + ", so this is at port " + std::to_string(at.port));
    if (!at.socket_note.empty()) program.say("headrace: no socket: " + at.socket_note);
    show(o, program, at.open_url);
    if (const std::string ssh = serve::ssh_line(at.port); !ssh.empty()) {
      program.say("headrace: from your own machine: " + ssh);
    }
    program.say("headrace: Ctrl-C ends it");
  });
  return served.ok() ? kDone : program.fail(served);
}

}  // namespace

void add_ui(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "ui", "Opens the page in the browser, of a server that runs or anew",
               "  headrace ui\n"
               "  headrace ui --no-browser      only prints the address\n");
  verb->add_flag("--no-browser", options->no_browser, "Prints the address instead");
  program.runs(verb, [options, &program] { return run(*options, program); });
}

}  // namespace headrace::cli
