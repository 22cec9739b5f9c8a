// headrace top [CAMPAIGN|WORKFLOW]
#include "top/top.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/open_session.h"

namespace headrace::cli {
namespace {

struct TopOptions {
  std::string name;
  bool once = false;
  std::string size = "80x24";
};

struct Size {
  int columns = 0;
  int rows = 0;
};

std::optional<Size> parse_size(std::string_view text) {
  Size out;
  const size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto read = [](std::string_view digits, int* to) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), *to);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size() && *to > 0 &&
           *to <= 1000;
  };
  if (!read(text.substr(0, x), &out.columns) || !read(text.substr(x + 1), &out.rows)) {
    return std::nullopt;
  }
  return out;
}

// As the C library reads them: the first that is set counts.
bool is_utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text = value;
    return text.find("UTF-8") != std::string_view::npos ||
           text.find("utf8") != std::string_view::npos;
  }
  return false;
}

int once(const TopOptions& o, const Program& program, const top::PaintOptions& paint) {
  end_on_interrupt();
  const std::optional<Size> size = parse_size(o.size);
  if (!size) {
    return program.fail(
        invalid_argument("--size " + o.size + " is no size; say columns x rows, as in 120x40"));
  }
  const Result<std::string> frame = top::one_frame([&program] { return Directory{program.root()}; },
                                                   o.name, size->columns, size->rows, paint);
  if (!frame.ok()) return program.fail(frame.status());
  std::fputs(frame->c_str(), stdout);
  return std::fflush(stdout) == 0 ? kDone : program.fail(unavailable("cannot write to stdout"));
}

}  // namespace

void add_top(CLI::App& app, Program& program) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* verb =
      add_verb(app, "top", "Shows a folder live in the terminal: what runs, how fast, at what cost",
               "  headrace top                           everything in the folder\n"
               "  headrace top sweep                     one campaign, or a workflow\n"
               "  headrace top --dir /scratch/me/prov    from a login node, over ssh\n"
               "  headrace top --once --size 120x40      one frame as text, for scripts\n"
               "\nIn it, ? shows the keys.\n");
  verb->add_option("CAMPAIGN|WORKFLOW", options->name,
                   "Its name, or the beginning of its id; it may appear later");
  CLI::Option* one = verb->add_flag("--once", options->once, "Prints one frame and ends");
  verb->add_option("--size", options->size, "With --once: columns x rows (default: 80x24)")
      ->needs(one)
      ->type_name("CxR");
  program.runs(verb, [options, &program]() -> int {
    top::PaintOptions paint;
    paint.color = program.color_on_stdout();
    paint.ascii = !is_utf8_locale();
    if (options->once) return once(*options, program, paint);
    const Result<int> done =
        top::run_top([&program] { return Directory{program.root()}; }, options->name, paint);
    if (!done.ok()) return program.fail(done.status());
    return *done == 0 ? kDone : *done == SIGINT ? kInterrupted : 128 + *done;
  });
}

}  // namespace headrace::cli
