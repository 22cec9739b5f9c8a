// The statements stand in tests/safety: what each must come to, and what must be said.
#include "query/limited_query.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <iostream>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "query/bounded_process.h"
#include "query/limited_child.h"
#include "query/limited_session.h"
#include "query/limited_wire.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSelf = "/proc/self/exe";
constexpr const char* kSecret = "canary 5e1f0c3a";
// A child that takes a question and then statements, one a line as JSON, and gives a verdict for
// each, whose note is the answer's bytes.
constexpr std::string_view kManyWord = "__limited-queries";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasShadow = true;
#else
constexpr bool kHasShadow = false;
#endif

int answer_many() {
  std::string line;
  std::getline(std::cin, line);
  LimitedRequest request = *parse_request(line);
  std::vector<std::string> statements;
  while (std::getline(std::cin, line)) statements.push_back(Json::parse(line)->text());
  std::string note;
  const Result<Session> session = open_limited(request, &note);
  std::cout << verdict_text({session.status(), {"", {}, note}});
  for (const std::string& sql : statements) {
    if (!session.ok()) break;
    request.question.sql = sql;
    Verdict verdict;
    std::string bytes;
    const Result<LimitedAnswer> answer =
        answer_limited(*session, request, [&](std::string_view piece) {
          bytes += piece;
          return Status();
        });
    verdict.status = answer.status();
    verdict.answer.note = bytes;
    std::cout << verdict_text(verdict);
  }
  std::cout.flush();
  _exit(0);
}

// A row of tests/safety/*.tsv.
struct Row {
  std::string expected;
  std::string says;
  std::string sql;
};

// {N*text} stands for the text N times; a text may hold such a thing in turn.
std::string expanded(const std::string& text) {
  const size_t end = text.find('}');
  const size_t begin = text.rfind('{', end);
  const size_t star = text.find('*', begin);
  if (end == std::string::npos || star > end) return text;
  std::string many;
  for (int i = std::stoi(text.substr(begin + 1, star - begin - 1)); i > 0; --i) {
    many += text.substr(star + 1, end - star - 1);
  }
  return expanded(text.substr(0, begin) + many + text.substr(end + 1));
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
  }
}

std::vector<Row> rows_of(const std::string& name) {
  std::ifstream file(fs::path(HEADRACE_SOURCE_DIR) / "tests" / "safety" / name);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    rows.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1),
                    line.substr(second + 1)});
    replace_all(rows.back().sql, "\\n", "\n");
  }
  return rows;
}

// Listens on the loopback, to see whether anybody comes.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 4), 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int port() const { return port_; }
  bool has_visitor() const { return accept(fd_, nullptr, nullptr) >= 0; }

 private:
  int fd_;
  int port_ = 0;
};

class LimitedQueriesTest : public testing::Test {
 protected:
  LimitedQueriesTest() {
    char pattern[] = "/tmp/headrace-limited-XXXXXX";
    if (const char* made = mkdtemp(pattern)) folder_ = made;
    fs::create_directory(root());
    StoreForTest store(root() / "store.duckdb");
    const int wf = store.workflow(store.campaign("sweep"), "train");
    store.task(wf, {"train", {{"lr", 0.5}}, {{"loss", 2.5}}});
    store.task(wf, {"train", {{"lr", 0.25}}, {{"loss", 1.5}}});
    std::ofstream(canary()) << kSecret << "\n";
  }
  ~LimitedQueriesTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path root() const { return folder_ / ".headrace"; }
  fs::path canary() const { return folder_ / "canary.csv"; }
  std::set<std::string> files() const {
    std::set<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      out.insert(entry.path().string());
    }
    return out;
  }
  LimitedQuestion asking(const std::string& sql) const {
    LimitedQuestion question;
    question.root = root();
    question.sql = sql;
    question.format = Format::kCsv;
    return question;
  }
  Result<LimitedAnswer> run(const std::string& sql, const QueryLimits& limits = {}) const {
    LimitedQueries queries(kSelf, 1);
    return queries.run(asking(sql), limits);
  }

  fs::path folder_;
};

TEST_F(LimitedQueriesTest, AnswersInTheFormAskedFor) {
  const Result<LimitedAnswer> answer =
      run("SELECT used.lr, generated.loss FROM task WHERE used.lr < 0.3");
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->bytes, "lr,loss\n0.25,1.5\n");
  EXPECT_EQ(answer->written.rows, 1u);
  EXPECT_FALSE(answer->written.has_more);
  EXPECT_EQ(answer->note, "") << "this machine bounds system calls";

  LimitedQueries queries(kSelf, 1);
  LimitedQuestion question = asking("");
  question.filter = "used.lr>0.3";
  question.format = Format::kJsonl;
  const Result<LimitedAnswer> filtered = queries.run(question, {});
  ASSERT_TRUE(filtered.ok()) << filtered.status().message();
  EXPECT_NE(filtered->bytes.find("\"lr\":0.5"), std::string::npos) << filtered->bytes;
  EXPECT_EQ(filtered->bytes.find("0.25"), std::string::npos);
}

TEST_F(LimitedQueriesTest, MistakesAreToldAsElsewhere) {
  EXPECT_EQ(run("SELECT used.lrr FROM task").status().message(),
            "no task has used.lrr; did you mean lr?");
  EXPECT_EQ(run("SELECT used.lrr FROM task").status().code(), StatusCode::kInvalidArgument);
  fs::remove(root() / "store.duckdb");
  EXPECT_EQ(run("FROM task").status().code(), StatusCode::kNotFound);
}

TEST_F(LimitedQueriesTest, NoStatementEscapes) {
  const Listener listener;
  std::vector<Row> rows = rows_of("statements.tsv");
  ASSERT_GE(rows.size(), 200u);
  std::string input = request_text({asking(""), {}}) + "\n";
  for (Row& row : rows) {
    replace_all(row.sql, "{canary}", canary().string());
    replace_all(row.sql, "{folder}", folder_.string());
    replace_all(row.sql, "{port}", std::to_string(listener.port()));
    input += json_quoted(row.sql) + "\n";
  }
  const std::set<std::string> before = files();
  const Result<ProcessEnd> end = run_bounded(kSelf, kManyWord, input, {60'000, 32 << 20});
  ASSERT_TRUE(end.ok()) << end.status().message();
  std::istringstream lines(end->output);
  std::string line;
  std::getline(lines, line);
  ASSERT_EQ(parse_verdict(line)->status.message(), "");
  for (const Row& row : rows) {
    ASSERT_TRUE(std::getline(lines, line)) << "ended by signal " << end->signal << ": " << row.sql;
    const Result<Verdict> verdict = parse_verdict(line);
    ASSERT_TRUE(verdict.ok()) << line << "\nended by signal " << end->signal << ": " << row.sql;
    const Status& status = verdict->status;
    EXPECT_EQ(row.expected, status.ok() ? "answers" : "refused")
        << row.sql << "\n"
        << status.message() << verdict->answer.note.substr(0, 300);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << row.sql;
    }
    const std::string& said = status.ok() ? verdict->answer.note : status.message();
    EXPECT_NE(said.find(row.says), std::string::npos) << row.sql << "\n" << said.substr(0, 300);
    EXPECT_EQ(said.find(kSecret), std::string::npos) << row.sql;
    EXPECT_EQ(said.find("root:"), std::string::npos) << row.sql;
  }
  EXPECT_EQ(files(), before);
  EXPECT_FALSE(listener.has_visitor());
}

uint64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) << 10U;
}

TEST_F(LimitedQueriesTest, BombsEndWithinTheirLimits) {
  if (kHasShadow) GTEST_SKIP() << "a sanitizer's shadow leaves no bound for memory";
  constexpr size_t kAtOnce = 4;
  LimitedQueries queries(kSelf, kAtOnce);
  const auto ask = [&](const Row& row) {
    QueryLimits limits;
    limits.wall_ms = row.expected == "stopped" ? 300 : 20'000;
    limits.memory_bytes = 384U << 20U;
    limits.answer_bytes = 1U << 20U;
    limits.rows = 1000;
    limits.text_bytes = 8U << 20U;
    return queries.run(asking(expanded(row.sql)), limits);
  };
  const std::vector<Row> rows = rows_of("bombs.tsv");
  const uint64_t before = peak_bytes();
  for (size_t first = 0; first < rows.size(); first += kAtOnce) {
    std::vector<std::future<Result<LimitedAnswer>>> answers;
    for (size_t i = first; i < std::min(first + kAtOnce, rows.size()); ++i) {
      answers.push_back(std::async(std::launch::async, ask, rows[i]));
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      const Row& row = rows[first + i];
      const Result<LimitedAnswer> answer = answers[i].get();
      EXPECT_EQ(answer.ok(), row.expected == "cut") << row.sql << "\n" << answer.status().message();
      if (answer.ok()) {
        EXPECT_TRUE(answer->written.has_more) << row.sql;
        continue;
      }
      const std::string& said = answer.status().message();
      EXPECT_NE(said.find(row.says), std::string::npos) << row.sql << "\n" << said.substr(0, 400);
      if (row.expected == "stopped") {
        EXPECT_EQ(answer.status().code(), StatusCode::kExhausted) << row.sql << "\n" << said;
      }
    }
  }
  EXPECT_LT(peak_bytes(), before + (64U << 20U)) << "what a bomb takes is the child's";
}

TEST_F(LimitedQueriesTest, ProcessorTimeIsBoundedWithoutTheParent) {
  QueryLimits limits;
  limits.wall_ms = 60'000;
  limits.cpu_s = 1;
  const Status status =
      run("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7",
          limits)
          .status();
  EXPECT_EQ(status.code(), StatusCode::kExhausted);
  EXPECT_NE(status.message().find("stopped after 1.00 s of CPU time"), std::string::npos)
      << status.message();
}

TEST_F(LimitedQueriesTest, AnswersAreBoundedInRowsAndBytes) {
  QueryLimits limits;
  limits.rows = 3000;
  for (const Format format : {Format::kCsv, Format::kJsonl, Format::kTable}) {
    LimitedQuestion question = asking("SELECT range FROM range(1000000000000)");
    question.format = format;
    LimitedQueries queries(kSelf, 1);
    const Result<LimitedAnswer> answer = queries.run(question, limits);
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_TRUE(answer->written.has_more);
    EXPECT_EQ(answer->written.shown, 3000u);
    EXPECT_NE(answer->bytes.find("2999"), std::string::npos);
    EXPECT_EQ(answer->bytes.find("3000"), std::string::npos);
  }
  limits.answer_bytes = 1000;
  EXPECT_EQ(run("SELECT repeat('x', 900)", limits)->bytes.size(), 920u);
  EXPECT_EQ(run("SELECT repeat('x', 1100)", limits).status().message(),
            "the answer is longer than the 1.00 kB it may have; select fewer columns, or fewer "
            "rows with LIMIT");
}

TEST_F(LimitedQueriesTest, LimitsThatMakeNoSenseAreToldBeforeAnythingRuns) {
  EXPECT_EQ(run("SELECT '" + std::string(70'000, 'x') + "'").status().message(),
            "the query is 70.0 kB of text, and at most 64.0 kB are taken");
  QueryLimits limits;
  limits.memory_bytes = 1000;
  EXPECT_EQ(run("SELECT 1", limits).status().message(),
            "a query needs at least 256 MB of memory to begin with");
  limits = {};
  limits.wall_ms = 0;
  EXPECT_EQ(run("SELECT 1", limits).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(LimitedQueriesTest, OneTooManyIsRefused) {
  LimitedQueries queries(kSelf, 1);
  QueryLimits limits;
  limits.wall_ms = 600;
  // Whichever begins first keeps the other out, so the slow one asks until it is let in.
  auto slow = std::async(std::launch::async, [&] {
    while (true) {
      auto answer = queries.run(
          asking("SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))"), limits);
      if (answer.status().code() != StatusCode::kUnavailable) return answer;
    }
  });
  Status refused;
  while (refused.ok() && slow.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
    refused = queries.run(asking("SELECT 1"), limits).status();
  }
  EXPECT_EQ(refused.message(), "1 query is running already; ask again when one has ended");
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(slow.get().status().code(), StatusCode::kExhausted);
  EXPECT_TRUE(queries.run(asking("SELECT 1"), {}).ok());
}

TEST_F(LimitedQueriesTest, AStoreThatIsBeingFoldedIsWaitedForAndThenNamed) {
  // A lock is no obstacle to the process that has it, so another one must hold it.
  StoreForTest writer(root() / "store.duckdb");
  QueryLimits limits;
  limits.wait_ms = 20;
  const Status status = run("FROM campaign", limits).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("is held by process " + std::to_string(getpid())),
            std::string::npos)
      << status.message();
}

TEST_F(LimitedQueriesTest, SecretsOfTheEnvironmentDoNotReachTheChild) {
  setenv("HEADRACE_CANARY", kSecret, 1);
  const Result<ProcessEnd> end = run_bounded("/usr/bin/env", "", "", {10'000, 1 << 20});
  unsetenv("HEADRACE_CANARY");
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->output.find(kSecret), std::string::npos) << end->output;
}

TEST_F(LimitedQueriesTest, AProgramThatIsNotThereIsNamed) {
  LimitedQueries queries("/no/such/program", 1);
  EXPECT_EQ(queries.run(asking("SELECT 1"), {}).status().message(),
            "cannot start /no/such/program: No such file or directory");
}

}  // namespace
}  // namespace headrace::query

// The tests' program is its own child.
int main(int argc, char** argv) {
  if (headrace::query::is_limited_child(argc, argv)) return headrace::query::limited_child();
  if (argc == 2 && argv[1] == headrace::query::kManyWord) return headrace::query::answer_many();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
