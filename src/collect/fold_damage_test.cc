// Damage of every byte of a segment: what is whole is stored, what is not is kept aside, nothing
// stops.
#include <fstream>
#include <iterator>
#include <map>

#include "collect/accounting_fixture.h"
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FoldDamageTest : public FoldTest {
 protected:
  static constexpr int kTasks = 3;
  // A producer's segment with a meta frame, then kTasks frames of one task each; `ends` gets where
  // each frame ends.
  std::string make(ProducerId uid, std::vector<size_t>* ends) {
    SpoolFixture p(directory_, uid);
    p.describe({{"host", "h"}, {"pid", "1"}});
    const uint32_t activity = p.activity("a");
    const uint32_t shape =
        p.shape({{"x", Role::kUsed, ValueTag::kFloat}, {"s", Role::kUsed, ValueTag::kString}});
    p.frame_bytes = 1;
    for (uint64_t n = 1; n <= kTasks; ++n) {
      p.task({.activity = activity,
              .number = n,
              .begin = n,
              .end = n + 1,
              .shape = shape,
              .cells = {cell_of(0.5), cell_of("text")}});
    }
    size_t at = 0;
    for (const auto* frames : {&p.meta_frames(), &p.frames()}) {
      for (const SpoolFixture::Frame& f : *frames) {
        at += sizeof(FrameHeader) + f.payload.size();
        if (ends != nullptr) ends->push_back(at);
      }
    }
    path_ = p.seal();
    std::string bytes = read_file(path_);
    EXPECT_EQ(bytes.size(), at);
    return bytes;
  }
  void write(const std::string& bytes, const char* ending = ".seg") {
    std::filesystem::remove(path_);
    std::filesystem::path path = path_;
    path.replace_extension(ending);
    std::ofstream(path, std::ios::binary) << bytes;
  }
  // Rows of a table by producer.
  static std::map<ProducerId, int64_t> rows_of(const store::Store& store, const char* table) {
    std::map<ProducerId, int64_t> out;
    Result<store::QueryResult> rows = store.connection().query(
        std::string("SELECT p.uid, count(*) FROM ") + table +
        " t JOIN producer_row p ON p.producer = t.producer GROUP BY p.uid");
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    while (rows.ok() && rows->next()) {
      for (size_t r = 0; r < rows->chunk().rows(); ++r) {
        out[static_cast<ProducerId>(rows->chunk().integer(0, r))] = rows->chunk().integer(1, r);
      }
    }
    return out;
  }
  std::filesystem::path path_;
};

TEST_F(FoldDamageTest, ATailTornAtAnyByte) {
  std::vector<size_t> ends;
  const size_t size = make(1, &ends).size();
  const size_t meta = ends.size() - kTasks;
  for (size_t cut = 0; cut < size; ++cut) {
    write(make(0x1000 + cut, nullptr).substr(0, cut));
    write(make(0x10000 + cut, nullptr).substr(0, cut), ".open");
  }
  store::Store store = memory();
  fold_into(store);
  auto tasks = rows_of(store, "task_slots");
  auto refused = rows_of(store, "quarantine_row");
  for (size_t cut = 0; cut < size; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    int whole = 0;
    bool between = cut == 0;
    for (size_t i = 0; i < ends.size(); ++i) {
      if (i >= meta && ends[i] <= cut) ++whole;
      between = between || ends[i] == cut;
    }
    for (const ProducerId uid : {0x1000 + cut, 0x10000 + cut}) {
      ASSERT_EQ(tasks[uid], whole);
      // A growing file's torn tail is not damage: it is not finished.
      ASSERT_EQ(refused[uid], uid < 0x10000 && !between ? 1 : 0);
    }
  }
}

TEST_F(FoldDamageTest, ABitFlippedInAnyByte) {
  std::vector<size_t> ends;
  const size_t size = make(1, &ends).size();
  const size_t meta = ends.size() - kTasks;
  for (size_t at = 0; at < size; ++at) {
    std::string bytes = make(0x1000 + at, nullptr);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    write(bytes);
  }
  store::Store store = memory();
  fold_into(store);
  auto tasks = rows_of(store, "task_slots");
  auto refused = rows_of(store, "quarantine_row");
  for (size_t at = 0; at < size; ++at) {
    SCOPED_TRACE("flipped at " + std::to_string(at));
    const bool in_data = at >= ends[meta - 1];
    // Tasks whose dictionary is gone are refused with their bytes; they are not lost either.
    ASSERT_EQ(tasks[0x1000 + at], in_data ? kTasks - 1 : 0);
    ASSERT_EQ(refused[0x1000 + at], in_data ? 1 : 1 + kTasks);
  }
  EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine WHERE kept_as IS NULL"), 0);
  Result<store::QueryResult> kept =
      store.connection().query("SELECT kept_as, length_bytes FROM quarantine");
  ASSERT_TRUE(kept.ok());
  while (kept->next()) {
    for (size_t r = 0; r < kept->chunk().rows(); ++r) {
      const auto path = directory_.quarantine() / std::string(kept->chunk().text(0, r));
      ASSERT_EQ(std::filesystem::file_size(path), kept->chunk().integer(1, r));
    }
  }
}

// Frames whose checksum is right and whose records are not: what a fault in a writer would make.
TEST_F(FoldDamageTest, RecordsThatMakeNoSense) {
  SpoolFixture p(directory_, 5);
  p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
  const uint32_t activity = p.activity("a");
  const uint32_t floats = p.shape({{"x", Role::kUsed, ValueTag::kFloat}});
  const uint32_t strings = p.shape({{"s", Role::kUsed, ValueTag::kString}});
  const uint32_t numbers = p.shape({{"n", Role::kUsed, ValueTag::kBigInt}});
  const auto good = [&](uint64_t n) {
    p.task({.activity = activity,
            .number = n,
            .begin = n,
            .end = n + 1,
            .shape = floats,
            .cells = {cell_of(1.0)}});
  };
  good(1);
  p.task({.activity = activity, .number = 2, .shape = floats});  // too few cells
  p.task({.activity = 999, .number = 3, .shape = floats, .cells = {cell_of(1.0)}});
  p.task({.activity = activity, .number = 4, .shape = 12345, .cells = {cell_of(1.0)}});
  p.task({.activity = activity,
          .number = 5,
          .shape = strings,
          .cells = {cell_of(static_cast<int64_t>(pack({8, 0xFFFFFFF0})))}});  // outside the record
  p.task({.activity = activity, .number = 6, .shape = numbers, .cells = {cell_of("12x")}});
  p.task({.activity = activity,
          .number = uint64_t{1} << 63,
          .shape = floats,
          .cells = {cell_of(1.0)}});
  p.task({.activity = activity,
          .number = 7,
          .parent = 77,
          .shape = floats,
          .cells = {cell_of(1.0)},
          .flags = kTaskParentIsForeign});
  good(8);
  CampaignRecord unknown{};
  unknown.header.kind = static_cast<RecordKind>(200);
  p.add(1, unknown);
  good(9);
  // A shape that is no shape, and an entry beyond all bounds.
  const uint32_t rubbish = p.entry(EntryKind::kShape, "123");
  p.task({.activity = activity, .number = 10, .shape = rubbish});
  good(11);
  p.seal();
  store::Store store = memory();
  EXPECT_GT(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT string_agg(seq::VARCHAR, ',' ORDER BY seq) FROM task_slots"),
            "1,8,9,11");
  EXPECT_EQ(integer(store, "SELECT sum(records) FROM quarantine"), 8);
  EXPECT_EQ(integer(store, "SELECT kind FROM unknown_row"), 200);
  EXPECT_EQ(text(store, "SELECT accepted || ' ' || stored || ' ' || quarantined FROM accounting"),
            "13 5 8");
  expect_accounted(store);
}

// Random bytes with a right checksum must not do worse than be refused.
TEST_F(FoldDamageTest, FramesOfNoise) {
  uint64_t state = 42;
  const auto random = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<uint32_t>(state >> 33);
  };
  for (ProducerId uid = 1; uid <= 200; ++uid) {
    SpoolFixture p(directory_, uid);
    const uint32_t activity = p.activity("a");
    p.task({.activity = activity,
            .number = 1,
            .begin = 1,
            .end = 2,
            .shape = p.shape({{"x", Role::kUsed, ValueTag::kNested},
                              {"y", Role::kGenerated, ValueTag::kObject}}),
            .cells = {cell_of("\x40\x01\x02\x03"), cell_of(Uuid{1, 2})}});
    std::vector<SpoolFixture::Frame> all = p.meta_frames();
    for (const SpoolFixture::Frame& f : p.frames()) all.push_back(f);
    std::string bytes;
    for (SpoolFixture::Frame& f : all) {
      for (int i = 0; i < 4; ++i) {
        f.payload[random() % f.payload.size()] = static_cast<char>(random());
      }
      if (random() % 4 == 0) f.header.first_number = ~uint64_t{0} - random() % 4;
      append_frame(bytes, f.header, f.payload);
    }
    path_ = p.seal();
    write(bytes);
  }
  store::Store store = memory();
  fold_into(store);
  EXPECT_TRUE(*nothing_new(directory_, store));
  EXPECT_TRUE(store.connection().query("SELECT * FROM task").ok());
}

// Found by fuzzing: the sum of begin and length overflowed, and so would each query's.
TEST_F(FoldDamageTest, ATaskThatEndsPastTheYear2262) {
  constexpr uint64_t kFar = 7'000'000'000'000'000'000;
  SpoolFixture p(directory_, 5);
  p.describe({{"host", "h"}, {"pid", "1"}});
  const uint32_t activity = p.activity("a");
  for (const uint64_t number : {1, 2, 3}) {
    const uint64_t begin = number == 2 ? kFar : number;
    const uint64_t length = number == 2 ? kFar / 7 : 1;
    p.task({.activity = activity, .number = number, .begin = begin, .end = begin + length});
  }
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE ended_at IS NOT NULL"), 2);
  EXPECT_EQ(text(store, "SELECT reason FROM quarantine"),
            "it did not run between the years 1970 and 2262");
}

}  // namespace
}  // namespace headrace::collect
