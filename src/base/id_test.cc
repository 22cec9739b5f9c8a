#include "base/id.h"

#include <gtest/gtest.h>
#include <set>

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

}  // namespace
}  // namespace headrace
