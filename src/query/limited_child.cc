#include "query/limited_child.h"

#include <array>
#include <cerrno>
#include <new>
#include <string>
#include <unistd.h>
#include <utility>

#include "query/limited_session.h"
#include "query/limited_wire.h"

namespace headrace::query {
namespace {

// What is said when there is no memory left to say it in; the process ends with it.
std::string last_words;

Status put(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return io_error("cannot write the answer", errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

// Nothing is closed: the kernel does it faster, and nothing is written that could get lost.
[[noreturn]] void end_with(std::string_view words) {
  const Status told = put(STDERR_FILENO, words);
  _exit(told.ok() ? 0 : 1);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t got = read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<size_t>(got));
  }
}

}  // namespace

int limited_child() {
  const Result<LimitedRequest> request = parse_request(read_all(STDIN_FILENO));
  if (!request.ok()) end_with(verdict_text({request.status(), {}}));
  last_words = verdict_text({out_of_memory(request->limits), {}});
  std::set_new_handler([] { end_with(last_words); });
  std::string note;
  const Result<Session> session = open_limited(*request, &note);
  if (!session.ok()) end_with(verdict_text({session.status(), {}}));
  Result<LimitedAnswer> answer = answer_limited(
      *session, *request, [](std::string_view bytes) { return put(STDOUT_FILENO, bytes); });
  if (!answer.ok()) end_with(verdict_text({answer.status(), {}}));
  answer->note = note;
  end_with(verdict_text({{}, std::move(*answer)}));
}

}  // namespace headrace::query
