#include "collect/intake.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <sys/wait.h>
#include <vector>

#include "collect/fold_fixture.h"
#include "collect/open.h"
#include "encode/nested.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBegin_ns = 1'700'000'000'123'456'789;

class IntakeTest : public FoldTest {
 protected:
  Intake open(bool can_be_read_again = true) {
    Result<Intake> intake = Intake::open(directory_, {"mesh", "/data/mesh.log", can_be_read_again});
    if (!intake.ok()) throw std::runtime_error(intake.status().message());
    return std::move(*intake);
  }
  void ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }
  store::Store folded() {
    Result<store::Store> store = open_folded(directory_);
    EXPECT_TRUE(store.ok()) << store.status().message();
    expect_accounted(*store);
    return std::move(*store);
  }
  // All that a reader sees of the records.
  static std::string seen(const store::Store& store) {
    std::string out;
    for (const char* sql :
         {"SELECT * FROM task ORDER BY ALL", "SELECT * FROM workflow ORDER BY ALL",
          "SELECT * FROM object ORDER BY ALL", "SELECT * FROM edge ORDER BY ALL",
          "SELECT * FROM log ORDER BY ALL",
          "SELECT reason, length_bytes FROM quarantine ORDER BY ALL"}) {
      out +=
          text(store, std::string("SELECT coalesce(string_agg(r::VARCHAR, chr(10)), '') FROM (") +
                          sql + ") r") +
          "\n";
    }
    return out;
  }
  void forget_notes() { fs::remove_all(directory_.root / "imports"); }

  static TaskTold finished(const std::string& id, int64_t at_ns = kBegin_ns) {
    TaskTold task;
    task.id = id;
    task.activity = "solve";
    task.workflow = "run";
    task.begin_ns = at_ns;
    task.end_ns = at_ns + 1000;
    task.used.add("lr", Value::of(0.1));
    return task;
  }

  // A source of everything, with its own ids.
  void tell(Intake& intake) {
    WorkflowTold run;
    run.id = "run";
    run.name = "night";
    run.campaign = "meshes";
    run.begin_ns = kBegin_ns;
    ok(intake.workflow(run));
    ObjectTold mesh;
    mesh.id = "mesh-1";
    mesh.kind = "dataset";
    mesh.name = "wing";
    mesh.path = "/data/wing.vtk";
    mesh.sha256 = std::string(64, 'a');
    mesh.size_bytes = 12;
    mesh.version = "3";
    mesh.workflow = "run";
    mesh.at_ns = kBegin_ns;
    ok(intake.object(mesh));
    TaskTold first = finished("a");
    first.used.add("mesh", Value::object(intake.object_id("mesh-1")));
    ok(intake.task(first));
    TaskTold second = finished("b", kBegin_ns + 5000);
    second.parent = "a";
    second.depends_on = {"a"};
    second.status = TaskStatus::kFailed;
    second.error_type = "ValueError";
    second.error_message = "diverged";
    second.attempt = 2;
    second.host = "node7";
    second.agent = "optimizer";
    second.tags.add("best", Value::of(true));
    second.generated.add("nan", Value::of(std::numeric_limits<double>::quiet_NaN()));
    second.generated.add("big", *Value::integer("123456789012345678901234567890"));
    second.generated.add("raw", Value::bytes(std::string_view("\0\xFF", 2)));
    second.generated.add("list", *Value::json(R"([1, {"x": [NaN, "y"]}, null])"));
    second.generated.add("when", Value::time_ns(kBegin_ns));
    ok(intake.task(second));
    for (int64_t step = 0; step < 3; ++step) {
      RowTold row;
      row.task = "a";
      row.workflow = "run";
      row.at_ns = kBegin_ns + step;
      row.step = step;
      row.values.add("loss", Value::of(1.0 / static_cast<double>(step + 1)));
      ok(intake.row(row));
    }
    // Twice the same is two rows.
    for (int i = 0; i < 2; ++i) {
      LineTold line;
      line.workflow = "run";
      line.at_ns = kBegin_ns;
      line.stream = LogStream::kStderr;
      line.text = "iterating";
      ok(intake.line(line));
    }
    ok(intake.edge({"a", "mesh-2", true, "refined", true}));
    ok(intake.quarantine("{\"id\": \"c\", ", "its JSON ends early"));
    run.end_ns = kBegin_ns + 10'000;
    run.status = TaskStatus::kFinished;
    ok(intake.workflow(run));
  }
};

TEST_F(IntakeTest, StoresWhatASourceTells) {
  {
    Intake intake = open();
    EXPECT_EQ(intake.position(), "");
    tell(intake);
    ok(intake.commit("line 12"));
    EXPECT_EQ(intake.report().tasks, 2u);
    EXPECT_EQ(intake.report().rows, 3u);
    EXPECT_EQ(intake.report().lines, 2u);
    EXPECT_EQ(intake.report().quarantined, 1u);
    EXPECT_EQ(intake.report().known, 0u);
  }
  const store::Store store = folded();
  EXPECT_EQ(text(store, "SELECT string_agg(activity || status, ',' ORDER BY started_at) FROM task"),
            "solvefinished,solvefailed");
  EXPECT_EQ(integer(store, "SELECT attempt FROM task WHERE status = 'failed'"), 2);
  EXPECT_EQ(text(store, "SELECT error->>'$.message' FROM task WHERE status = 'failed'"),
            "diverged");
  EXPECT_EQ(text(store, "SELECT attributes FROM task WHERE status = 'failed'"),
            R"({"foreign_id":"b","host":"node7","agent":"optimizer"})");
  EXPECT_EQ(
      text(store, "SELECT generated FROM task WHERE status = 'failed'"),
      R"({"nan":{"$float":"nan"},"big":{"$int":"123456789012345678901234567890"},"raw":{"$bytes":"00ff"},)"
      R"("list":[1,{"x":[{"$float":"nan"},"y"]},null],"when":{"$time":"2023-11-14T22:13:20.123456789Z"}})");
  EXPECT_EQ(text(store, "SELECT name || status || campaign FROM workflow"), "nightfinishedmeshes");
  EXPECT_EQ(text(store,
                 "SELECT kind || name || size_bytes || sha256 FROM object WHERE path = "
                 "'/data/wing.vtk'"),
            "datasetwing12" + std::string(64, 'a'));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM log WHERE stream = 'stderr'"), 2);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(metrics->>'$.step', '' ORDER BY time) FROM log WHERE "
                 "stream = 'metric'"),
            "012");
  EXPECT_EQ(text(store, "SELECT reason FROM quarantine"), "its JSON ends early");
  // b used what a generated.
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM edge g JOIN edge u ON g.to_id = u.from_id WHERE "
                    "g.relation = 'generated' AND u.relation = 'used' AND u.exact AND "
                    "g.name = 'result' AND u.name = 'depends_on'"),
            1);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM edge WHERE name = 'refined' AND NOT exact"), 1);
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task c JOIN task p ON c.parent_task_id = "
                    "p.task_id"),
            1);
}

TEST_F(IntakeTest, KeepsThePositionAndPassesOverWhatItKnows) {
  {
    Intake intake = open();
    tell(intake);
    ok(intake.commit("12"));
  }
  const std::string before = seen(folded());
  Intake intake = open();
  EXPECT_EQ(intake.position(), "12");
  TaskTold again = finished("a");
  again.used.add("mesh", Value::object(intake.object_id("mesh-1")));
  ok(intake.task(again));
  ok(intake.commit("12"));
  EXPECT_EQ(intake.report().known, 1u);
  EXPECT_TRUE(intake.report().is_nothing());
  EXPECT_EQ(seen(folded()), before);
}

TEST_F(IntakeTest, StoresNothingTwiceWhenItsNotesAreGone) {
  {
    Intake intake = open();
    tell(intake);
    ok(intake.commit("12"));
  }
  const std::string before = seen(folded());
  for (int i = 0; i < 2; ++i) {
    forget_notes();
    Intake intake = open();
    EXPECT_EQ(intake.position(), "");
    tell(intake);
    ok(intake.commit("12"));
    EXPECT_EQ(intake.report().tasks + intake.report().rows + intake.report().lines, 0u);
    EXPECT_EQ(seen(folded()), before) << i;
  }
  // And what is new after that is stored, beside what looks the same.
  forget_notes();
  {
    Intake intake = open();
    tell(intake);
    ok(intake.task(finished("c", kBegin_ns + 9000)));
    ok(intake.line({"", "run", kBegin_ns, LogStream::kStderr, "iterating"}));
    ok(intake.commit("13"));
  }
  const store::Store store = folded();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 3);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM log WHERE stream = 'stderr'"), 3);
}

TEST_F(IntakeTest, AnUnreadableNoteIsNoNote) {
  {
    Intake intake = open();
    tell(intake);
    ok(intake.commit("12"));
  }
  const std::string before = seen(folded());
  for (const auto& entry : fs::recursive_directory_iterator(directory_.root / "imports")) {
    if (entry.path().filename() != "notes") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x55');
  }
  Intake intake = open();
  EXPECT_EQ(intake.position(), "");
  tell(intake);
  ok(intake.commit("12"));
  EXPECT_EQ(seen(folded()), before);
}

TEST_F(IntakeTest, PartsOfATaskMakeOneInAnyOrder) {
  std::vector<TaskTold> parts(3);
  for (TaskTold& part : parts) part.id = "t";
  parts[0].status = TaskStatus::kPending;
  parts[0].activity = "solve";
  parts[0].used.add("n", Value::of(int64_t{1}));
  parts[0].used.add("state", Value::of("submitted"));
  parts[1].status = TaskStatus::kRunning;
  parts[1].begin_ns = kBegin_ns;
  parts[1].host = "node1";
  parts[1].used.add("state", Value::of("running"));
  parts[2].status = TaskStatus::kFinished;
  parts[2].end_ns = kBegin_ns + 7;
  parts[2].generated.add("loss", Value::of(0.5));
  parts[2].used.add("state", Value::of("done"));
  std::vector<int> order = {0, 1, 2};
  std::string first;
  do {
    {
      Intake intake = open();
      for (const int i : order) ok(intake.task(parts[static_cast<size_t>(i)]));
      ok(intake.commit(""));
      EXPECT_EQ(intake.report().tasks, 1u);
      EXPECT_EQ(intake.report().open, 0u);
    }
    const store::Store store = folded();
    const std::string row = text(store,
                                 "SELECT (status, used::VARCHAR, generated::VARCHAR, "
                                 "attributes::VARCHAR, duration_s) FROM task");
    if (first.empty()) first = row;
    EXPECT_EQ(row, first);
    EXPECT_NE(row.find("done"), std::string::npos) << row;
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 1);
    TearDown();
    SetUp();
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(IntakeTest, WhatGoesOnIsRunningUntilItIsToldToHaveEnded) {
  WorkflowTold run;
  run.id = "run";
  run.name = "night";
  run.begin_ns = kBegin_ns;
  TaskTold task = finished("t");
  task.status = TaskStatus::kRunning;
  task.end_ns.reset();
  {
    Intake intake = open();
    ok(intake.workflow(run));
    ok(intake.task(task));
    ok(intake.commit("1"));
    EXPECT_EQ(intake.report().open, 1u);
  }
  {
    // No process of it runs any more, and yet it is not lost.
    const store::Store store = folded();
    EXPECT_EQ(text(store, "SELECT status FROM task"), "running");
    EXPECT_EQ(text(store, "SELECT status FROM workflow"), "running");
    EXPECT_EQ(text(store, "SELECT state FROM accounting"), "running");
  }
  {
    Intake intake = open();
    EXPECT_EQ(intake.position(), "1");
    TaskTold end;
    end.id = "t";
    end.end_ns = kBegin_ns + 3000;
    end.generated.add("loss", Value::of(0.5));
    ok(intake.task(end));
    run.end_ns = kBegin_ns + 4000;
    run.status = TaskStatus::kCancelled;
    ok(intake.workflow(run));
    ok(intake.commit("2"));
  }
  const store::Store store = folded();
  EXPECT_EQ(text(store, "SELECT status || (used->>'$.lr') || (generated->>'$.loss') FROM task"),
            "finished0.10.5");
  EXPECT_EQ(text(store, "SELECT status FROM workflow"), "cancelled");
  EXPECT_EQ(text(store, "SELECT state FROM accounting"), "ended");
}

TEST_F(IntakeTest, ALatePartIsKeptAside) {
  Intake intake = open();
  ok(intake.task(finished("t")));
  ok(intake.commit("1"));
  TaskTold late;
  late.id = "t";
  late.end_ns = kBegin_ns + 5;
  late.generated.add("loss", Value::of(0.5));
  for (int i = 0; i < 2; ++i) ok(intake.task(late));
  ok(intake.commit("2"));
  EXPECT_EQ(intake.report().quarantined, 1u);
  EXPECT_EQ(intake.report().known, 1u);
  const store::Store store = folded();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 1);
  EXPECT_EQ(text(store, "SELECT reason FROM quarantine"), "its task had ended when this was told");
}

TEST_F(IntakeTest, WhatMakesNoSenseStopsNothing) {
  Intake intake = open();
  TaskTold nameless = finished("");
  EXPECT_EQ(intake.task(nameless).code(), StatusCode::kInvalidArgument);
  TaskTold early = finished("early");
  early.begin_ns = -1;
  EXPECT_EQ(intake.task(early).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(intake.row({"t", "", 1, std::nullopt, {}}).code(), StatusCode::kInvalidArgument);
  ObjectTold object;
  object.id = "o";
  object.sha256 = "xyz";
  EXPECT_EQ(intake.object(object).code(), StatusCode::kInvalidArgument);
  TaskTold timeless;
  timeless.id = "timeless";
  timeless.activity = "solve";
  ok(intake.task(timeless));
  ok(intake.task(finished("good")));
  ok(intake.commit("0"));
  for (int i = 0; i < 1100; ++i) ok(intake.quarantine("piece " + std::to_string(i), "unreadable"));
  ok(intake.commit("1"));
  const store::Store store = folded();
  EXPECT_EQ(text(store, "SELECT string_agg(attributes->>'$.foreign_id', ',') FROM task"), "good");
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM quarantine WHERE reason = 'it ended and no part "
                    "says a time'"),
            1);
  // The pieces beyond a thousand share a file.
  EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine"), 1000 + 1);
}

TEST_F(IntakeTest, OneProcessAtATimeHasASourceOpen) {
  Intake intake = open();
  const Result<Intake> second = Intake::open(directory_, {"mesh", "/data/mesh.log"});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(std::to_string(getpid())), std::string::npos)
      << second.status().message();
  EXPECT_TRUE(Intake::open(directory_, {"mesh", "/data/other.log"}).ok());
  for (const char* kind : {"", "a/b", "../x"}) {
    EXPECT_EQ(Intake::open(directory_, {kind, "x"}).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(IntakeTest, AKillBetweenRecordsAndPositionStoresNothingTwiceForked) {
  constexpr int kTasks = 30'000;
  const auto tell_all = [&](Intake& intake, int tasks) {
    for (int i = 0; i < tasks; ++i) {
      ok(intake.task(finished("t" + std::to_string(i), kBegin_ns + i)));
      RowTold row;
      row.task = "t" + std::to_string(i);
      row.at_ns = kBegin_ns + i;
      row.values.add("i", Value::of(int64_t{i}));
      ok(intake.row(row));
      if (i == 100) ok(intake.commit("100"));
    }
  };
  const pid_t child = fork();
  if (child == 0) {
    Intake intake = open();
    tell_all(intake, kTasks);  // more than is held back: a part of it is in the spool
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  {
    Intake intake = open();
    // Half done: from the beginning again.
    EXPECT_EQ(intake.position(), "");
    tell_all(intake, kTasks);
    ok(intake.commit("end"));
    EXPECT_GT(intake.report().known, 0u);
    EXPECT_LT(intake.report().tasks, uint64_t{kTasks});
  }
  const store::Store store = folded();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), kTasks);
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT task_id) FROM task"), kTasks);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM log"), kTasks);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine"), 0);
}

TEST_F(IntakeTest, AChannelKeepsItsPlaceAndRepeatsItself) {
  const auto tell_line = [&](Intake& intake) {
    ok(intake.line({"", "run", kBegin_ns, LogStream::kStdout, "tick"}));
  };
  {
    Intake intake = open(false);
    ok(intake.task(finished("t")));
    tell_line(intake);
    ok(intake.commit("7-0"));
    tell_line(intake);  // not committed
  }
  for (const auto& entry : fs::directory_iterator(directory_.root / "imports")) {
    std::ofstream(entry.path() / "writing");  // as a kill leaves it
  }
  Intake intake = open(false);
  EXPECT_EQ(intake.position(), "7-0");
  tell_line(intake);
  ok(intake.task(finished("t")));
  ok(intake.commit("8-0"));
  EXPECT_EQ(intake.report().known, 1u);
  const store::Store store = folded();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 1);
  EXPECT_GE(integer(store, "SELECT count(*) FROM log"), 2);
}

TEST_F(IntakeTest, TimesAreExactOverDecades) {
  const std::vector<int64_t> times = {1, 86'400'000'000'000, 999'999'999'999'999'999, kBegin_ns,
                                      4'102'444'800'000'000'001};
  {
    Intake intake = open();
    for (const int64_t at_ns : times) {
      ok(intake.task(finished(std::to_string(at_ns), at_ns)));
    }
    ok(intake.commit("1"));
  }
  const store::Store store = folded();
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task WHERE epoch_ns(started_at) = "
                    "(attributes->>'$.foreign_id')::BIGINT AND duration_s = 1e-6"),
            static_cast<int64_t>(times.size()));
}

TEST_F(IntakeTest, WhatIsTooLongForARecordIsCutAndCounted) {
  Intake intake = open();
  TaskTold task = finished("long");
  task.used.add("text", Value::of(std::string(100'000, 'x')));
  for (int i = 0; i < 3000; ++i) task.used.add("k" + std::to_string(i), Value::of(int64_t{i}));
  ok(intake.task(task));
  ok(intake.task(finished("short")));
  ok(intake.commit("1"));
  EXPECT_EQ(intake.report().shortened, 1u);
  const store::Store store = folded();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 2);
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task WHERE used::VARCHAR LIKE '%longer than a "
                    "record%'"),
            1);
}

TEST_F(IntakeTest, SecretsAreTakenOutHoweverDeepTheyLie) {
  const std::string hidden =
      R"({"$unkept":{"type":"redacted","reason":"its name says that it is a secret"}})";
  WorkflowTold run;
  run.id = "run";
  run.begin_ns = kBegin_ns;
  run.used.add("api_key", Value::of("hunter2"));
  ObjectTold model;
  model.id = "m";
  model.attributes.add("login", *Value::json(R"({"password": "hunter2", "user": "me"})"));
  TaskTold task = finished("t");
  task.used.add("url", Value::of("postgres://me:hunter2@db/x"));
  task.used.add("password", Value::of(int64_t{4711}));
  task.used.add("token", Value::of(int64_t{12}));  // a number of tokens, perhaps: no secret
  task.used.add("secret", Value::null());
  task.used.add("config", *Value::json(R"({"api_key": "hunter2", "lr": 0.5,
      "hosts": [{"name": "a", "auth": ["hunter2"]}, {"max_tokens": 7}]})"));
  task.used.add("words", *Value::json(R"(["run", "--password", "hunter2", "--lr", "1"])"));
  task.used.add("pair", *Value::json(R"(["password", "hunter2"])"));
  task.generated.add("text", *Value::json(R"([["https://me:hunter2@host/"]])"));
  task.tags.add("hf_token", Value::of("hunter2"));
  task.attributes.add("passwd", Value::bytes("hunter2"));
  task.error_message = "no way into https://me:hunter2@host/";
  TaskTold going_on = task;
  going_on.id = "going on";
  going_on.status = TaskStatus::kRunning;
  going_on.end_ns.reset();
  uint64_t first = 0;
  {
    Intake intake = open();
    ok(intake.workflow(run));
    ok(intake.object(model));
    ok(intake.task(task));
    RowTold row;
    row.task = "t";
    row.at_ns = kBegin_ns;
    row.values.add("state", *Value::json(R"({"secret_key": "hunter2"})"));
    ok(intake.row(row));
    ok(intake.line({"t", "", kBegin_ns, LogStream::kStdout, "PASSWORD=hunter2"}));
    ok(intake.quarantine(R"({"id": 1, "api_key": "hunter2", )", "its JSON ends early"));
    ok(intake.task(going_on));
    ok(intake.commit("1"));
    first = intake.report().redacted;
    EXPECT_EQ(first, 2 * 10u + 4u);
    // A late part is set aside.
    TaskTold late = task;
    late.used.add("more", *Value::json(R"({"password": "hunter2"})"));
    ok(intake.task(late));
    ok(intake.task(task));
    ok(intake.commit("2"));
    EXPECT_EQ(intake.report().quarantined, 2u);
    EXPECT_EQ(intake.report().redacted, first);
  }
  const store::Store store = folded();
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE status = 'finished'"),
            R"({"lr":0.1,"url":"postgres://me:[redacted]@db/x","password":)" + hidden +
                R"(,"token":12,"secret":null,"config":{"api_key":)" + hidden +
                R"(,"lr":0.5,"hosts":[{"name":"a","auth":)" + hidden +
                R"(},{"max_tokens":7}]},"words":["run","--password",)" + hidden +
                R"(,"--lr","1"],"pair":["password",)" + hidden + "]}");
  EXPECT_EQ(text(store, "SELECT generated FROM task WHERE status = 'finished'"),
            R"({"text":[["https://me:[redacted]@host/"]]})");
  EXPECT_EQ(integer(store, "SELECT sum((facts->>'$.redacted_values')::INT) FROM producer"),
            static_cast<int64_t>(first));
  EXPECT_EQ(seen(store).find("hunter2"), std::string::npos);
  // Nor is it in any file: segments, notes, quarantine, store.
  for (const auto& entry : fs::recursive_directory_iterator(directory_.root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(bytes.find("hunter2"), std::string::npos) << entry.path();
  }
}

TEST_F(IntakeTest, ASecretAtTheDeepestPlaceIsTakenOutToo) {
  for (int depth = 55; depth <= kMaxNestedDepth; ++depth) {
    std::string json = R"({"password": "hunter2"})";
    json = std::string(static_cast<size_t>(depth - 1), '[') + json +
           std::string(static_cast<size_t>(depth - 1), ']');
    const Result<Value> value = Value::json(json);
    if (!value.ok()) continue;
    Intake intake = open();
    TaskTold task = finished("depth " + std::to_string(depth));
    task.used.add("deep", *value);
    ok(intake.task(task));
    ok(intake.commit(std::to_string(depth)));
  }
  const store::Store store = folded();
  EXPECT_GT(integer(store, "SELECT count(*) FROM task WHERE used->>'$.deep' LIKE '[[%redacted%'"),
            5);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE used->>'$.deep' NOT LIKE '%redacted%'"),
            0);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine"), 0);
}

TEST_F(IntakeTest, ADeletedStoreAndSpoolAreFilledAgain) {
  {
    Intake intake = open();
    tell(intake);
    ok(intake.commit("12"));
  }
  static_cast<void>(folded());
  fs::remove_all(directory_.spool());
  fs::remove_all(directory_.quarantine());
  for (const auto& entry : fs::directory_iterator(directory_.root)) {
    if (entry.path().filename().string().starts_with("store.duckdb")) fs::remove(entry.path());
  }
  {
    Intake intake = open();
    EXPECT_EQ(intake.position(), "");
    tell(intake);
    ok(intake.commit("12"));
  }
  EXPECT_EQ(integer(folded(), "SELECT count(*) FROM task"), 2);
}

TEST_F(IntakeTest, RebuiltFromItsSegmentsTheStoreIsTheSame) {
  for (int part = 0; part < 3; ++part) {  // a segment each, of one dictionary
    Intake intake = open();
    if (part == 1) tell(intake);
    for (int i = 0; i < 50; ++i) {
      TaskTold task = finished(std::to_string(part) + "." + std::to_string(i), kBegin_ns + i);
      task.activity = "activity " + std::to_string(part * i);
      task.used.add("key " + std::to_string(i + part), Value::of(int64_t{i}));
      ok(intake.task(task));
    }
    ok(intake.commit(std::to_string(part)));
  }
  const std::string before = seen(folded());
  store::Store again = memory();
  fold_into(again);
  // What is in quarantine has its row in the first store only: the reason is gone with its fold.
  const auto without_quarantine = [](const std::string& all) {
    return all.substr(0, all.rfind('\n', all.size() - 2));
  };
  EXPECT_TRUE(without_quarantine(seen(again)) == without_quarantine(before));
  EXPECT_EQ(integer(again, "SELECT count(*) FROM quarantine"), 0);
}

}  // namespace
}  // namespace headrace::collect
