// f12: any order, duplication and splitting of the same frames gives an equal store.
// HEADRACE_TEST_ALL=1: 10,000 seeds instead of 1,000; a tenth under a sanitizer.
//
// A store for each seed would cost a minute for a hundred of them, nearly all of it in making and
// asking stores. So many seeds share one: each has processes, workflows and objects of its own,
// whose ids name the seed, and every table is compared once, cut by seed, with the seed's name
// taken out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "base/long_form_for_test.h"
#include "collect/equal_rows_fixture.h"
#include "collect/every_kind_fixture.h"
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

// In every id of a seed's study: "5eed" and the seed in 4 hex digits.
constexpr uint64_t kMark = 0x5eed0000;

class PermutationTest : public FoldTest, public testing::WithParamInterface<uint64_t> {
 protected:
  // The processes of one study: one ended, one was killed, one runs on elsewhere.
  std::vector<SpoolFixture> make_study(uint64_t seed) {
    std::vector<SpoolFixture> out;
    const uint64_t mark = kMark | seed;
    for (const char* ended : {"clean", "abruptly", ""}) {
      out.emplace_back(directory_, mark << 28 | (out.size() + 1));
      SpoolFixture& p = out.back();
      p.frame_bytes = 200;
      say_everything(p, {.host = "elsewhere", .ended = ended, .study = mark});
      CampaignRecord unknown{};
      unknown.header.kind = static_cast<RecordKind>(77);
      p.add(1, unknown, {cell_of("of a newer version")});
      // A task announced twice, the second time with what it used.
      const uint32_t shape = p.shape({{"x", Role::kUsed, ValueTag::kFloat}});
      for (const uint32_t known : {0u, shape}) {
        p.task({.activity = p.activity("solve"),
                .number = 99,
                .begin = 300,
                .shape = known,
                .cells = known == 0 ? std::vector<CellValue>{} : std::vector{cell_of(1.5)},
                .status = TaskStatus::kRunning,
                .flags = kTaskIsOpen,
                .ring = 0});
      }
    }
    return out;
  }

  // One file of the spool, in one of the rounds of delivery.
  struct Delivery {
    ProducerId file_of;
    uint64_t ordinal;
    std::string bytes;
    bool sealed;
  };
  static constexpr size_t kRounds = 3;
  using Rounds = std::vector<Delivery>[kRounds];

  static std::string bytes_of(const std::vector<SpoolFixture::Frame>& frames) {
    std::string out;
    for (const SpoolFixture::Frame& frame : frames) {
      append_frame(out, frame.header, frame.payload);
    }
    return out;
  }

  // Deals the frames of a study into files and rounds, by chance: in any order, some of them twice,
  // some files twice, some first torn at any byte. A file describes itself, as those of the writer
  // do; in one study of ten its descriptions are dealt out like all the rest.
  void deal(uint64_t seed, Rounds& rounds) {
    std::mt19937_64 random(seed);
    for (SpoolFixture& p : make_study(seed)) {
      const bool described = seed % 10 != 0;
      std::vector<SpoolFixture::Frame> all = p.frames();
      if (!described) all.insert(all.end(), p.meta_frames().begin(), p.meta_frames().end());
      const size_t count = all.size();
      for (size_t i = 0; i < count; ++i) {
        if (random() % 3 == 0) all.push_back(all[random() % count]);
      }
      std::shuffle(all.begin(), all.end(), random);
      uint64_t ordinal = 0;
      for (size_t at = 0; at < all.size();) {
        const size_t n = std::min<size_t>(all.size() - at, 1 + random() % 24);
        std::vector<SpoolFixture::Frame> frames(all.begin() + static_cast<ptrdiff_t>(at),
                                                all.begin() + static_cast<ptrdiff_t>(at + n));
        if (described) {
          const auto place = frames.begin() + static_cast<ptrdiff_t>(random() % n);
          frames.insert(place, p.meta_frames().begin(), p.meta_frames().end());
        }
        const Delivery file{p.producer(), ordinal++, bytes_of(frames), true};
        at += n;
        const size_t round = random() % kRounds;
        rounds[round].push_back(file);
        if (random() % 4 == 0) {  // the same file again, as another
          Delivery again = file;
          again.ordinal = ordinal++;
          rounds[random() % kRounds].push_back(again);
        }
        if (round > 0 && random() % 2 == 0) {  // and its beginning before, torn anywhere
          Delivery part = file;
          part.bytes.resize(random() % part.bytes.size());
          part.sealed = false;
          rounds[random() % round].push_back(part);
        }
      }
    }
    for (std::vector<Delivery>& round : rounds) std::shuffle(round.begin(), round.end(), random);
  }
  // As it was written: each process's frames in one file.
  void in_order(uint64_t seed, Rounds& rounds) {
    for (SpoolFixture& p : make_study(seed)) {
      std::vector<SpoolFixture::Frame> frames = p.meta_frames();
      frames.insert(frames.end(), p.frames().begin(), p.frames().end());
      rounds[0].push_back({p.producer(), 0, bytes_of(frames), true});
    }
  }
  void place(const Delivery& file) const {
    char name[48];
    std::snprintf(name, sizeof name, "%015llx-%06llu",
                  static_cast<unsigned long long>(file.file_of),
                  static_cast<unsigned long long>(file.ordinal));
    const auto path = directory_.spool() / name;
    std::ofstream(path.string() + (file.sealed ? ".seg" : ".open"), std::ios::binary) << file.bytes;
    if (file.sealed) std::filesystem::remove(path.string() + ".open");
  }

  // By seed and table: the rows, sorted, without the seed's name.
  using Contents = std::map<uint64_t, std::map<std::string, std::string>>;
  static void read_contents(const store::Store& store, Contents& out) {
    for (const ComparedTable& table : kComparedTables) {
      const std::string sql =
          "SELECT seed, string_agg(line, chr(10) ORDER BY line) FROM (SELECT "
          "regexp_extract(r::VARCHAR, '5eed([0-9a-f]{4})', 1) AS seed, "
          "regexp_replace(regexp_replace(r::VARCHAR, '5eed[0-9a-f]{4}', 'SEED', 'g'), "
          "'15[0-9]{8}', 'SEED', 'g') AS line FROM (" +
          std::string(table.rows) + ") r) GROUP BY seed";
      Result<store::QueryResult> rows = store.connection().query(sql);
      ASSERT_TRUE(rows.ok()) << table.name << ": " << rows.status().message();
      while (rows->next()) {
        for (size_t r = 0; r < rows->chunk().rows(); ++r) {
          const std::string seed(rows->chunk().text(0, r));
          ASSERT_EQ(seed.size(), 4u) << table.name << ": " << rows->chunk().text(1, r);
          out[std::stoull(seed, nullptr, 16)][table.name] = rows->chunk().text(1, r);
        }
      }
    }
  }
  // Folds the rounds one after the other into a fresh store.
  void fold_rounds(const Rounds& rounds, uint64_t batch_rows, Contents& out) {
    for (const auto& old : std::filesystem::directory_iterator(directory_.spool())) {
      std::filesystem::remove(old.path());
    }
    store::Store store = memory();
    FoldOptions options;
    options.batch_rows = batch_rows;
    for (const std::vector<Delivery>& round : rounds) {
      for (const Delivery& file : round) place(file);
      fold_into(store, options);
    }
    EXPECT_EQ(fold_into(store, options).segments, 0u);
    expect_accounted(store);
    read_contents(store, out);
  }
};

TEST_P(PermutationTest, AnyOrderAndDuplicationGivesAnEqualStore) {
  const Seeds seeds =
      share_of((wants_long_form() ? 10'000 : 1'000) / kOneInUnderSanitizer, GetParam());
  constexpr uint64_t kTogether = 100;
  Contents expected;
  {
    Rounds rounds;
    in_order(0, rounds);
    fold_rounds(rounds, 122'880, expected);
  }
  ASSERT_EQ(expected.size(), 1u);
  ASSERT_EQ(expected[0].size(), std::size(kComparedTables) - 1);  // nothing is in quarantine
  size_t frames_files = 0;
  bool in_small_batches = GetParam() % 2 != 0;
  for (uint64_t first = seeds.first; first < seeds.past; first += kTogether) {
    Rounds rounds;
    const uint64_t past = std::min(seeds.past, first + kTogether);
    for (uint64_t seed = first; seed < past; ++seed) deal(seed, rounds);
    for (const auto& round : rounds) frames_files += round.size();
    Contents found;
    fold_rounds(rounds, in_small_batches ? 700 : 122'880, found);
    in_small_batches = !in_small_batches;
    ASSERT_EQ(found.size(), past - first);
    for (const auto& [seed, tables] : found) {
      for (const auto& [table, rows] : expected[0]) {
        const auto it = tables.find(table);
        ASSERT_TRUE(it != tables.end()) << "seed " << seed << ": nothing in " << table;
        if (it->second == rows) continue;
        // One row says enough.
        std::istringstream is(it->second);
        std::istringstream should(rows);
        std::string left;
        std::string right;
        while (left == right && std::getline(is, left) && std::getline(should, right)) {
        }
        FAIL() << "seed " << seed << ", " << table << "\n  has    " << left << "\n  not    "
               << right;
      }
      ASSERT_EQ(tables.size(), expected[0].size()) << "seed " << seed;
    }
  }
  std::printf("f12: seeds %llu to %llu, %zu files in %zu rounds, %zu tables: equal stores\n",
              static_cast<unsigned long long>(seeds.first),
              static_cast<unsigned long long>(seeds.past - 1), frames_files, kRounds,
              expected[0].size());
}

INSTANTIATE_TEST_SUITE_P(Share, PermutationTest, testing::Range(uint64_t{0}, kShares));

}  // namespace
}  // namespace headrace::collect
