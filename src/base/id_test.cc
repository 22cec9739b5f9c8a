#include "base/id.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <set>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace headrace {
namespace {

TEST(Id, ATaskIdTellsItsProducerAndNumber) {
  for (const TaskRef ref : {TaskRef{1, 1}, TaskRef{(1ull << 60) - 1, (1ull << 62) - 1},
                            TaskRef{0x0123456789ABCDEull, 0x2000000000000001ull}}) {
    const Uuid id = task_uuid(ref.producer, ref.number);
    EXPECT_EQ(split_task_uuid(id), ref);
    const std::string text = id.text();
    EXPECT_EQ(text[14], '8') << "version";
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << "variant";
  }
}

TEST(Id, TextRoundTripsAndRefusesWhatIsNoUuid) {
  const Uuid id = random_uuid();
  EXPECT_EQ(Uuid::parse(id.text()), id);
  const auto bytes = id.bytes();
  EXPECT_EQ(Uuid::from_bytes(bytes.data()), id);
  for (const char* bad :
       {"", "0123", "01234567-89ab-cdef-0123-456789abcdeg",
        "0123456789ab-cdef-0123-456789abcdef-00", "01234567x89ab-cdef-0123-456789abcdef"}) {
    EXPECT_FALSE(Uuid::parse(bad).has_value()) << bad;
  }
}

TEST(Id, NamesGiveTheSameIdEverywhere) {
  EXPECT_EQ(named_uuid("campaign", "a"), named_uuid("campaign", "a"));
  EXPECT_NE(named_uuid("campaign", "a"), named_uuid("workflow", "a"));
  EXPECT_NE(named_uuid("ab", "c"), named_uuid("a", "bc"));
  // Fixed: ids of stored campaigns depend on it.
  EXPECT_EQ(named_uuid("campaign", "llm_finetune").text()[14], '8');
}

TEST(Id, ProducersAreDistinctAndFitTheirBits) {
  std::set<ProducerId> seen;
  for (int i = 0; i < 100'000; ++i) {
    const ProducerId producer = draw_producer();
    ASSERT_NE(producer, 0u);
    ASSERT_LT(producer, 1ull << kProducerBits);
    ASSERT_TRUE(seen.insert(producer).second);
  }
}

// f07, the proof: ring r counts in [r * 2^40 + 1, r * 2^40 + 2^40 - 1]. These intervals are
// disjoint, since the next one begins above the end of this one, and the last one ends within 62
// bits; so numbers of different rings differ, and task ids differ as (producer, number) does.
constexpr uint64_t first_of(uint64_t ring) { return (ring << kTaskCounterBits) + 1; }
constexpr uint64_t last_of(uint64_t ring) {
  return (ring << kTaskCounterBits) + (uint64_t{1} << kTaskCounterBits) - 1;
}
constexpr uint64_t kRings = uint64_t{1} << (kTaskNumberBits - kTaskCounterBits);

TEST(Id, NumbersOfRingsAreDisjointIntervals) {
  static_assert(kProducerBits + kTaskNumberBits == 122, "what a UUIDv8 leaves free");
  static_assert(last_of(kRings - 1) == (uint64_t{1} << kTaskNumberBits) - 1);
  for (uint64_t ring = 0; ring + 1 < kRings; ++ring) {
    ASSERT_LE(first_of(ring), last_of(ring));
    ASSERT_LT(last_of(ring), first_of(ring + 1));
  }
  for (const uint64_t number : {first_of(0), last_of(0), first_of(1), last_of(kRings - 1)}) {
    EXPECT_EQ(split_task_uuid(task_uuid(1, number)), (TaskRef{1, number}));
  }
  std::printf("f07: %llu rings of %llu numbers each: disjoint\n",
              static_cast<unsigned long long>(kRings), static_cast<unsigned long long>(last_of(0)));
}

TEST(Id, ForkedProcessesDrawProducersOfTheirOwn) {
  constexpr int kForks = 64;
  constexpr int kEach = 2000;
  std::set<ProducerId> seen;
  for (int i = 0; i < kForks; ++i) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const ProducerId before = draw_producer();  // what a child would repeat from shared state
    ASSERT_TRUE(seen.insert(before).second);
    const pid_t child = fork();
    if (child == 0) {
      std::vector<ProducerId> drawn(kEach);
      for (ProducerId& one : drawn) one = draw_producer();
      const size_t bytes = drawn.size() * sizeof(ProducerId);
      _exit(write(ends[1], drawn.data(), bytes) == static_cast<ssize_t>(bytes) ? 0 : 1);
    }
    close(ends[1]);
    std::vector<ProducerId> drawn(kEach);
    size_t got = 0;
    auto* const to = reinterpret_cast<char*>(drawn.data());
    while (got < drawn.size() * sizeof(ProducerId)) {
      const ssize_t n = read(ends[0], to + got, drawn.size() * sizeof(ProducerId) - got);
      ASSERT_GT(n, 0);
      got += static_cast<size_t>(n);
    }
    close(ends[0]);
    int status = -1;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
    for (const ProducerId one : drawn) ASSERT_TRUE(seen.insert(one).second);
  }
  std::printf("f07: %zu producers of %d forked processes: distinct\n", seen.size(), kForks);
  EXPECT_GE(seen.size(), 100'000u);
}

}  // namespace
}  // namespace headrace
