// How long layers ran, from records to rows.
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

class ExposureFoldTest : public FoldTest {
 protected:
  static void say(SpoolFixture& p, const std::vector<ShapeField>& fields,
                  std::vector<CellValue> cells, uint64_t at_ticks = 100) {
    LogRecord record{};
    record.header.kind = RecordKind::kLog;
    record.header.flags = static_cast<uint8_t>(LogStream::kExposure);
    record.task = 5;
    record.shape_id = p.shape(fields);
    record.at_ticks = at_ticks;
    p.add(1, record, std::move(cells));
  }
  static std::vector<ShapeField> fields(const std::vector<std::string>& parts) {
    std::vector<ShapeField> out = {{"since_ns", Role::kAttribute, ValueTag::kInt},
                                   {"model", Role::kAttribute, ValueTag::kString},
                                   {"repeated", Role::kAttribute, ValueTag::kInt}};
    for (const std::string& part : parts) {
      out.push_back({part, Role::kGenerated, ValueTag::kInt});
      out.push_back({part + "#", Role::kGenerated, ValueTag::kInt});
    }
    return out;
  }
  static std::string rows(const store::Store& store) {
    return text(
        store,
        "SELECT string_agg(said, '; ' ORDER BY said) FROM (SELECT concat_ws(' ', seq, begin_ts - " +
            std::to_string(kEpoch_ns) + ", end_ts - " + std::to_string(kEpoch_ns) +
            ", model, layer, phase, self_ns, calls, repeated) AS said FROM exposure_row)");
  }
};

TEST_F(ExposureFoldTest, ARowForEachPartThatRan) {
  SpoolFixture p(directory_, 7);
  say(p, fields({"block.0|forward", "block.0|backward", "odd|name#|forward"}),
      {cell_of(int64_t{60}), cell_of("net"), cell_of(int64_t{0}), cell_of(int64_t{20}),
       cell_of(int64_t{2}), cell_of(int64_t{0}), cell_of(int64_t{0}), cell_of(int64_t{7}),
       cell_of(int64_t{1})});
  say(p, fields({"block.0|forward"}),
      {cell_of(int64_t{5}), cell_of("net"), cell_of(int64_t{1}), cell_of(int64_t{5}),
       cell_of(int64_t{3})},
      200);
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(rows(store),
            "5 195 200 net block.0 forward 5 3 true; 5 40 100 net block.0 forward 20 2 false; "
            "5 40 100 net odd|name# forward 7 1 false");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM log"), 0);
  EXPECT_EQ(text(store, "SELECT sum(time_s) FROM layer_exposure WHERE NOT repeated"), "2.7e-08");
  expect_accounted(store);
}

TEST_F(ExposureFoldTest, ARecordOfPartsThatDidNotRunIsCountedToo) {
  SpoolFixture p(directory_, 7);
  say(p, fields({"a|forward", "b|forward"}),
      {cell_of(int64_t{5}), cell_of("net"), cell_of(int64_t{0}), cell_of(int64_t{0}),
       cell_of(int64_t{0}), cell_of(int64_t{0}), cell_of(int64_t{0})});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(rows(store), "5 95 100 net b forward 0 0 false");
  expect_accounted(store);
}

TEST_F(ExposureFoldTest, WhatMakesNoSenseIsSetAside) {
  SpoolFixture p(directory_, 7);
  const auto with = [&](int64_t since_ns, int64_t self_ns) {
    say(p, fields({"a|forward"}),
        {cell_of(since_ns), cell_of("net"), cell_of(int64_t{0}), cell_of(self_ns),
         cell_of(int64_t{1})});
  };
  with(0, 1);
  with(-3, 1);
  with(INT64_MAX, 1);
  with(5, -1);
  say(p, fields({}), {cell_of(int64_t{5}), cell_of("net"), cell_of(int64_t{0})});
  std::vector<ShapeField> alone = fields({"a|forward"});
  alone.pop_back();
  say(p, alone, {cell_of(int64_t{5}), cell_of("net"), cell_of(int64_t{0}), cell_of(int64_t{1})});
  std::vector<ShapeField> strange = fields({"a|forward"});
  strange.back().name = "b|forward#";
  say(p, strange,
      {cell_of(int64_t{5}), cell_of("net"), cell_of(int64_t{0}), cell_of(int64_t{1}),
       cell_of(int64_t{1})});
  p.seal();
  store::Store store = memory();
  static_cast<void>(fold_into(store));
  EXPECT_EQ(integer(store, "SELECT sum(records) FROM quarantine"), 7);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM exposure_row"), 0);
  EXPECT_EQ(text(store, "SELECT string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM quarantine"),
            "a layer's time or calls are impossible; it names no layer; its interval is "
            "impossible; its layers are not told in pairs of time and calls");
}

}  // namespace
}  // namespace headrace::collect
