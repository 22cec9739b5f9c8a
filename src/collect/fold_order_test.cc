// Any order, any repetition of what is read gives an equal store.
#include <algorithm>
#include <random>

#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

class FoldOrderTest : public FoldTest {
 protected:
  // Everything a reader can see, in an order of its own.
  static std::string contents(const store::Store& store) {
    std::string out;
    for (const char* what :
         {"task_id, workflow_id, campaign, activity, parent_task_id, status, started_at, ended_at, "
          "duration_s, used, generated, hostname, pid, thread, rank, attempt, tags, error FROM "
          "task",
          "* FROM workflow", "* FROM campaign", "* FROM object", "* FROM edge", "* FROM log",
          "* FROM sample ORDER BY ALL", "producer, ring, first_number, count, reason FROM gap",
          "* FROM accounting", "* FROM producer"}) {
      Result<store::QueryResult> rows = store.connection().query(
          std::string("SELECT string_agg(r::VARCHAR, chr(10) ORDER BY r::VARCHAR) FROM (SELECT ") +
          what + ") r");
      EXPECT_TRUE(rows.ok()) << what << ": " << rows.status().message();
      if (!rows.ok() || !rows->next()) continue;
      out += std::string("-- ") + what + "\n" + std::string(rows->chunk().text(0, 0)) + "\n";
    }
    return out;
  }

  // Two processes with workflows of two ranks, sub-workflows, open tasks, objects and gaps.
  void make_producers() {
    const Uuid shared = named_uuid("workflow", "shared");
    const Uuid file = named_uuid("file", "x");
    for (ProducerId uid = 1; uid <= 2; ++uid) {
      producers_.emplace_back(directory_, uid);
      SpoolFixture& p = producers_.back();
      p.frame_bytes = 400;
      const uint32_t wf = p.workflow_id(shared);
      const uint32_t inner = p.workflow_id(named_uuid("inner", std::to_string(uid)));
      const uint32_t campaign = p.campaign_id(named_uuid("campaign", "c"), "c");
      const uint32_t name = p.string("ranks");
      const uint32_t activity = p.activity("step");
      const uint32_t other = p.activity("other");
      const std::vector<uint32_t> shapes = {
          p.shape({{"a", Role::kUsed, ValueTag::kFloat}, {"b", Role::kGenerated, ValueTag::kInt}}),
          p.shape({{"b", Role::kGenerated, ValueTag::kInt}, {"a", Role::kUsed, ValueTag::kFloat}}),
          p.shape({{"a", Role::kUsed, ValueTag::kString}, {"o", Role::kUsed, ValueTag::kObject}}),
      };
      p.workflow({.workflow = wf,
                  .campaign = campaign,
                  .name = name,
                  .begin = 10 * uid,
                  .shape = p.shape({{"n", Role::kUsed, ValueTag::kInt}}),
                  .cells = {cell_of(static_cast<int64_t>(uid))}});
      p.workflow({.workflow = inner, .parent = wf, .name = p.string("inner"), .begin = 15});
      for (uint64_t n = 1; n <= 40; ++n) {
        const size_t form = n % 3;
        std::vector<CellValue> cells = {cell_of(0.5 * static_cast<double>(n)),
                                        cell_of(static_cast<int64_t>(n))};
        if (form == 1) std::swap(cells[0], cells[1]);
        if (form == 2) cells = {cell_of("text"), cell_of(file)};
        if (n % 10 == 0) {
          p.task({.activity = other,
                  .workflow = wf,
                  .number = n,
                  .begin = 20 + n,
                  .status = TaskStatus::kRunning,
                  .flags = kTaskIsOpen,
                  .ring = 0});
        }
        if (n == 40) continue;  // never ends
        p.task({.activity = n % 10 == 0 ? other : activity,
                .workflow = n % 2 == 0 ? wf : inner,
                .number = n,
                .parent = n > 1 ? n - 1 : 0,
                .begin = 20 + n,
                .end = 30 + n,
                .shape = shapes[form],
                .cells = cells,
                .status = n == 7 ? TaskStatus::kFailed : TaskStatus::kFinished,
                .ring = static_cast<uint32_t>(1 + n % 3)});
      }
      ObjectRecord object{};
      object.header.kind = RecordKind::kObject;
      const auto bytes = file.bytes();
      std::copy(bytes.begin(), bytes.end(), object.object);
      object.kind_id = p.string("dataset");
      object.workflow_id = wf;
      object.at_ticks = 5 * uid;
      object.shape_id = p.shape({{"name", Role::kAttribute, ValueTag::kString}});
      p.add(2, object, {cell_of(std::string_view("data " + std::to_string(uid)))});
      p.skip(3, 2);
      LogRecord log{};
      log.header.kind = RecordKind::kLog;
      log.task = 3;
      log.workflow_id = wf;
      log.shape_id = p.shape({{"loss", Role::kGenerated, ValueTag::kFloat}});
      log.at_ticks = 77;
      p.add(3, log, {cell_of(0.25)});
      p.workflow({.workflow = inner,
                  .parent = wf,
                  .name = p.string("inner"),
                  .begin = 15,
                  .end = 90,
                  .status = TaskStatus::kFinished});
      p.workflow({.workflow = wf,
                  .campaign = campaign,
                  .name = name,
                  .begin = 10 * uid,
                  .end = 99,
                  .shape = p.shape({{"n", Role::kGenerated, ValueTag::kInt},
                                    {"best", Role::kGenerated, ValueTag::kFloat}}),
                  .cells = {cell_of(static_cast<int64_t>(uid)), cell_of(0.5)},
                  .status = TaskStatus::kFinished});
      p.describe({{"host", "n"}, {"pid", std::to_string(uid)}, {"ended", "clean"}});
    }
  }

  std::vector<SpoolFixture> producers_;
};

TEST_F(FoldOrderTest, PermutationsAndRepetitionsGiveAnEqualStore) {
  make_producers();
  std::string expected;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::filesystem::remove_all(directory_.spool());
    store::Store store = memory();
    for (SpoolFixture& p : producers_) {
      // Seed 0 is the order in which it was written, once.
      std::vector<SpoolFixture::Frame> frames = p.frames();
      if (seed > 0) {
        const size_t count = frames.size();
        for (size_t i = 0; i < count; ++i) {
          if (random() % 3 == 0) frames.push_back(frames[random() % count]);
        }
        std::shuffle(frames.begin(), frames.end(), random);
      }
      for (size_t at = 0; at < frames.size();) {
        const size_t n = seed == 0 ? frames.size() : 1 + random() % 20;
        const size_t end = std::min(frames.size(), at + n);
        p.write({frames.begin() + static_cast<ptrdiff_t>(at),
                 frames.begin() + static_cast<ptrdiff_t>(end)},
                ".seg", SpoolFixture::Keep::kFrames);
        at = end;
        if (seed > 0 && random() % 2 == 0) fold_into(store);
      }
    }
    FoldOptions options;
    options.batch_rows = seed % 2 == 0 ? 122'880 : 30;
    fold_into(store, options);
    fold_into(store, options);
    if (seed == 0) {
      expected = contents(store);
      EXPECT_NE(expected.find("\"best\":0.5"), std::string::npos);
      EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 80);
      EXPECT_EQ(integer(store, "SELECT count(*) FROM gap WHERE reason = 'missing'"), 2);
    } else {
      ASSERT_EQ(contents(store), expected);
    }
  }
}

}  // namespace
}  // namespace headrace::collect
