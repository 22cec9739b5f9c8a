// Values that fit no column easily come back exactly, or as what was promised.
#include <bit>
#include <cmath>
#include <limits>

#include "collect/fold_fixture.h"
#include "store/registry.h"
#include "store/task_view.h"

namespace headrace::collect {
namespace {

class FoldValuesTest : public FoldTest {
 protected:
  // The view that a query gets for the keys it touches.
  static void use_view(const store::Store& store, const store::TaskView& view) {
    Result<store::Registry> registry = store::Registry::load(store.connection());
    ASSERT_TRUE(registry.ok()) << registry.status().message();
    const std::string sql = store::task_view_sql(*registry, view);
    const Status made = store.connection().run(sql);
    ASSERT_TRUE(made.ok()) << made.message() << "\n" << sql;
  }
  uint64_t next_ = 0;
  void add_task(SpoolFixture& p, const std::string& activity, const std::vector<ShapeField>& fields,
                const std::vector<CellValue>& cells) {
    ++next_;
    p.task({.activity = p.activity(activity),
            .number = next_,
            .begin = next_,
            .end = next_ + 1,
            .shape = p.shape(fields),
            .cells = cells});
  }
};

TEST_F(FoldValuesTest, NumbersBytesTimesAndWhatCouldNotBeKept) {
  SpoolFixture p(directory_, 5);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  std::string nested;
  NestedWriter map(nested);
  map.begin_map(2);
  map.string("lr");
  map.real(0.1);
  map.string("deep");
  map.begin_list(2);
  map.null();
  map.big_integer("123456789012345678901234567890");
  std::string unkept;
  NestedWriter reason(unkept);
  reason.begin_map(1);
  reason.string("type");
  reason.string("Lock");
  const std::string odd("a\xED\xA0\x80z", 5);
  add_task(p, "a",
           {{"nan", Role::kUsed, ValueTag::kFloat},
            {"inf", Role::kUsed, ValueTag::kFloat},
            {"minus", Role::kUsed, ValueTag::kFloat},
            {"big", Role::kUsed, ValueTag::kBigInt},
            {"bytes", Role::kUsed, ValueTag::kBytes},
            {"when", Role::kUsed, ValueTag::kTime},
            {"cfg", Role::kUsed, ValueTag::kNested},
            {"lock", Role::kUsed, ValueTag::kPlaceholder},
            {"none", Role::kUsed, ValueTag::kNull},
            {"yes", Role::kUsed, ValueTag::kBool},
            {"least", Role::kUsed, ValueTag::kInt},
            {"nul", Role::kUsed, ValueTag::kString},
            {"odd", Role::kUsed, ValueTag::kString},
            {"empty", Role::kUsed, ValueTag::kString}},
           {cell_of(nan), cell_of(-inf), cell_of(-0.0), cell_of("-123456789012345678901234567890"),
            cell_of(std::string_view("\x00\xff", 2)), cell_of(int64_t{1'700'000'000'123'456'789}),
            cell_of(std::string_view(nested)), cell_of(std::string_view(unkept)),
            cell_of(int64_t{0}), cell_of(true), cell_of(std::numeric_limits<int64_t>::min()),
            cell_of(std::string_view("a\0b", 3)), cell_of(std::string_view(odd)), cell_of("")});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT used FROM task"),
            R"({"nan":{"$float":"nan"},"inf":{"$float":"-inf"},"minus":-0.0,)"
            R"("big":{"$int":"-123456789012345678901234567890"},"bytes":{"$bytes":"00ff"},)"
            R"("when":{"$time":"2023-11-14T22:13:20.123456789Z"},)"
            R"("cfg":{"lr":0.1,"deep":[null,{"$int":"123456789012345678901234567890"}]},)"
            R"("lock":{"$unkept":{"type":"Lock"}},"none":null,"yes":true,)"
            R"("least":-9223372036854775808,"nul":"a\u0000b","odd":{"$text":"a\\ud800z"},)"
            R"("empty":""})");
  use_view(store, {.columns = {"activity"},
                   .used = {"nan", "inf", "big", "bytes", "when", "cfg", "none", "yes", "nul",
                            "odd", "lock"}});
  EXPECT_EQ(text(store, "SELECT isnan(used.nan) AND isinf(used.inf) AND used.yes FROM task"),
            "true");
  EXPECT_EQ(text(store, "SELECT used.big + 1 FROM task"), "-123456789012345678901234567889");
  EXPECT_EQ(text(store, "SELECT typeof(used.bytes) || octet_length(used.bytes) FROM task"),
            "BLOB2");
  EXPECT_EQ(text(store, "SELECT used.odd FROM task"), "a\\ud800z");
  EXPECT_EQ(text(store, "SELECT used.\"when\" FROM task"), "2023-11-14 22:13:20.123456789");
  EXPECT_EQ(text(store, "SELECT (used.cfg.lr)::DOUBLE FROM task"), "0.1");
  EXPECT_EQ(text(store, "SELECT used.none IS NULL AND length(used.nul) = 3 FROM task"), "true");
  EXPECT_EQ(text(store, "SELECT used.lock->>'$.\"$unkept\".type' FROM task"), "Lock");
}

// Found by fuzzing: one such value, and no view of tasks could be read.
TEST_F(FoldValuesTest, MomentsThatDuckDbCannotShowAreKeptAsNumpyWouldWriteThem) {
  SpoolFixture p(directory_, 5);
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kFirst = -9'223'286'400'000'000'000;
  for (const int64_t when : {kLeast, kFirst - 1, kFirst, int64_t{0}, kMost - 1, kMost}) {
    add_task(p, "a", {{"when", Role::kUsed, ValueTag::kTime}}, {cell_of(when)});
  }
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT string_agg(used->>'$.when', ' ' ORDER BY task_id) FROM task"),
            R"({"$datetime64":"-9223372036854775808[ns]"} )"
            R"({"$datetime64":"-9223286400000000001[ns]"} )"
            R"({"$time":"1677-09-22T00:00:00.000000000Z"} )"
            R"({"$time":"1970-01-01T00:00:00.000000000Z"} )"
            R"({"$time":"2262-04-11T23:47:16.854775806Z"} )"
            R"({"$datetime64":"9223372036854775807[ns]"})");
  EXPECT_EQ(text(store, "SELECT count(\"when\") FROM activity.a"), "6");
}

TEST_F(FoldValuesTest, TypedTextIsTextInSqlAndSaysItsTypeInJson) {
  SpoolFixture p(directory_, 5);
  const std::vector<ShapeField> fields = {{"price", Role::kUsed, ValueTag::kTyped},
                                          {"path", Role::kUsed, ValueTag::kTyped}};
  add_task(p, "a", fields, {cell_of("decimal:0.10"), cell_of("path:/a:b\"c")});
  add_task(p, "b", {{"price", Role::kUsed, ValueTag::kFloat}}, {cell_of(0.25)});
  add_task(p, "c", {{"$path", Role::kUsed, ValueTag::kTyped}}, {cell_of("path:/\xFF")});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE activity = 'a'"),
            R"({"price":{"$decimal":"0.10"},"path":{"$path":"/a:b\"c"}})");
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE activity = 'c'"),
            R"({"$$path":{"$path_escaped":"/\\xff"}})");
  use_view(store, {.used = {"price", "path"}});
  EXPECT_EQ(text(store, "SELECT max(used.path) FROM task"), "/a:b\"c");
  EXPECT_EQ(text(store, "SELECT sum(used.price) FROM task"), "0.35");
}

TEST_F(FoldValuesTest, IntegersWiderThanAColumnKeepEveryDigit) {
  SpoolFixture p(directory_, 5);
  const std::string most = "170141183460469231731687303715884105727";
  const std::string wider = "170141183460469231731687303715884105728";
  const std::vector<ShapeField> fields = {{"x", Role::kUsed, ValueTag::kBigInt}};
  add_task(p, "a", fields, {cell_of("-" + most)});
  add_task(p, "b", fields, {cell_of(wider)});
  add_task(p, "c", fields, {cell_of("0x1" + std::string(2000, '0'))});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE activity = 'a'"),
            R"({"x":{"$int":"-)" + most + R"("}})");
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE activity = 'b'"),
            R"({"x":{"$int":")" + wider + R"("}})");
  EXPECT_EQ(text(store, "SELECT length(used::VARCHAR) FROM task WHERE activity = 'c'"), "2020");
}

TEST_F(FoldValuesTest, AnyNanIsJson) {
  SpoolFixture p(directory_, 5);
  add_task(p, "a", {{"x", Role::kUsed, ValueTag::kFloat}},
           {cell_of(std::bit_cast<double>(0xFFF8000000000123))});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT used FROM task"), R"({"x":{"$float":"-nan"}})");
}

TEST_F(FoldValuesTest, OneKeyWithThreeTypes) {
  SpoolFixture p(directory_, 5);
  add_task(p, "a", {{"x", Role::kUsed, ValueTag::kInt}}, {cell_of(int64_t{7})});
  add_task(p, "a", {{"x", Role::kUsed, ValueTag::kFloat}}, {cell_of(0.5)});
  add_task(p, "a", {{"x", Role::kUsed, ValueTag::kString}}, {cell_of("12.25")});
  add_task(p, "a", {{"x", Role::kUsed, ValueTag::kString}}, {cell_of("auto")});
  add_task(p, "b", {{"x", Role::kUsed, ValueTag::kNull}}, {cell_of(int64_t{0})});
  add_task(p, "b", {{"y", Role::kUsed, ValueTag::kInt}}, {cell_of(int64_t{99})});
  add_task(p, "b", {{"y", Role::kUsed, ValueTag::kString}}, {cell_of("ninety")});
  add_task(p, "c", {{"z", Role::kUsed, ValueTag::kTime}}, {cell_of(int64_t{5})});
  add_task(p, "c", {{"z", Role::kUsed, ValueTag::kString}}, {cell_of("then")});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  use_view(store, {.used = {"x", "z"}});
  EXPECT_EQ(text(store, "SELECT string_agg(used.x::VARCHAR, ' ' ORDER BY started_at) FROM task"),
            "7.0 0.5 12.25");
  EXPECT_EQ(text(store, "SELECT any_value(typeof(used.x) || typeof(used.z)) FROM task"),
            "DOUBLEVARCHAR");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE used.x > 1"), 2);
  EXPECT_EQ(text(store, "SELECT string_agg(used.z, ' ' ORDER BY started_at) FROM task"),
            "1970-01-01 00:00:00.000000005 then");
  // The stored view keeps each as it was.
  EXPECT_EQ(text(store,
                 "SELECT string_agg(used::VARCHAR, ' ' ORDER BY started_at) FROM "
                 "memory.main.task WHERE activity = 'a'"),
            R"({"x":7} {"x":0.5} {"x":"12.25"} {"x":"auto"})");
}

TEST_F(FoldValuesTest, NamesOfAnyKind) {
  SpoolFixture p(directory_, 5);
  const std::vector<std::string> names = {"a.b", "it's",   "say \"x\"", "new\nline",
                                          "🌊",  "select", "LR",        "lr",
                                          "a b", "",       "d0",        "generated"};
  std::vector<ShapeField> fields;
  std::vector<CellValue> cells;
  for (const std::string& name : names) {
    fields.push_back({name, Role::kUsed, ValueTag::kInt});
    cells.push_back(cell_of(static_cast<int64_t>(cells.size())));
  }
  add_task(p, "weird 'activity' \"🌊\"\n", fields, cells);
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task WHERE activity = 'weird ''activity'' "
                    "\"🌊\"' || chr(10)"),
            1);
  for (size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i]);
    const std::string name = names[i].empty() ? "empty" : names[i];
    use_view(store, {.columns = {"activity"}, .used = {store::TouchedKey(names[i], {name})}});
    EXPECT_EQ(integer(store, "SELECT used." + store::sql_name(name) + " FROM task"),
              static_cast<int64_t>(i));
  }
  use_view(store, {.columns = {"activity"}, .used = {store::TouchedKey("a.b", {"a", "b"}), "d0"}});
  EXPECT_EQ(integer(store, "SELECT used.a.b * 100 + used.d0 FROM task"), 10);
  EXPECT_EQ(text(store, "SELECT array_to_string(json_keys(used), '|') FROM memory.main.task"),
            "a.b|it's|say \"x\"|new\nline|🌊|select|LR|lr|a b||d0|generated");
}

TEST_F(FoldValuesTest, AnActivityWithTwoThousandKeys) {
  constexpr int kKeys = 2000;
  SpoolFixture p(directory_, 5);
  p.frame_bytes = kMaxPayloadBytes;
  std::vector<ShapeField> fields;
  std::vector<CellValue> cells;
  for (int i = 0; i < kKeys; ++i) {
    const bool is_float = i % 2 == 0;
    fields.push_back({"k" + std::to_string(i), i % 3 == 0 ? Role::kGenerated : Role::kUsed,
                      is_float ? ValueTag::kFloat : ValueTag::kInt});
  }
  for (int task = 0; task < 3; ++task) {
    cells.clear();
    for (int i = 0; i < kKeys; ++i) {
      cells.push_back(i % 2 == 0 ? cell_of(i + 0.5) : cell_of(int64_t{task * kKeys + i}));
    }
    add_task(p, "wide", fields, cells);
  }
  add_task(p, "narrow", {{"k5", Role::kUsed, ValueTag::kInt}}, {cell_of(int64_t{-5})});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task_page"), 3 * (1000 / 8 - 1));
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM (SELECT unnest(json_keys(used)) FROM task WHERE "
                    "activity = 'wide')"),
            3 * (kKeys - 667));
  EXPECT_EQ(text(store,
                 "SELECT (generated->>'$.k999') || ' ' || (used->>'$.k1996') FROM task "
                 "ORDER BY started_at LIMIT 1"),
            "999 1996.5");
  use_view(store, {.columns = {"activity"}, .used = {"k1999", "k5"}, .generated = {"k1998"}});
  EXPECT_EQ(integer(store, "SELECT sum(used.k1999) FROM task"), 3 * 1999 + 3 * kKeys);
  EXPECT_EQ(text(store, "SELECT sum(generated.k1998) FROM task"), "5995.5");
  EXPECT_EQ(integer(store, "SELECT sum(used.k5) FROM task"), 3 * 5 + 3 * kKeys - 5);
}

// Forty keys that activities share and four hundred that they do not, in one fold or in several.
TEST_F(FoldValuesTest, KeysOfManyActivitiesAreBareColumns) {
  constexpr int kActivities = 60;
  for (const uint64_t batch_rows : {uint64_t{1'000'000}, uint64_t{7}}) {
    SCOPED_TRACE(batch_rows);
    next_ = 0;
    std::filesystem::remove_all(directory_.spool());
    SpoolFixture p(directory_, 5);
    for (int round = 0; round < 2; ++round) {
      for (int a = 0; a < kActivities; ++a) {
        const std::string own = "own" + std::to_string(a);
        const std::string shared = std::to_string(a % 20);
        add_task(p, "a" + std::to_string(a),
                 {{"u" + shared, Role::kUsed, ValueTag::kFloat},
                  {own, Role::kUsed, ValueTag::kFloat},
                  {own + "i", Role::kUsed, ValueTag::kInt},
                  {"g" + shared, Role::kGenerated, ValueTag::kInt},
                  {own, Role::kGenerated, ValueTag::kFloat}},
                 {cell_of(a + 0.5), cell_of(a + 0.25), cell_of(int64_t{a}),
                  cell_of(int64_t{1000 + a}), cell_of(-1.0 * a)});
      }
    }
    p.seal();
    store::Store store = memory();
    FoldOptions options;
    options.batch_rows = batch_rows;
    EXPECT_EQ(fold_into(store, options).tasks, 2u * kActivities);
    const std::string all =
        "SELECT string_agg(used::VARCHAR || generated::VARCHAR, '|' ORDER BY started_at) FROM task";
    std::string expected;
    for (int i = 0; i < 2 * kActivities; ++i) {
      const int a = i % kActivities;
      const std::string n = std::to_string(a);
      const std::string s = std::to_string(a % 20);
      expected += (i == 0 ? "" : "|") + ("{\"u" + s) + "\":" + n + ".5,\"own" + n + "\":" + n +
                  ".25,\"own" + n + "i\":" + n + "}{\"g" + s + "\":" + std::to_string(1000 + a) +
                  ",\"own" + n + "\":-" + n + ".0}";
    }
    EXPECT_EQ(text(store, all), expected);
    const Result<store::Registry> registry = store::Registry::load(store.connection());
    ASSERT_TRUE(registry.ok());
    EXPECT_GT(registry->exclusive_columns().size(), 20u);
    use_view(store, {.columns = {"activity"}, .used = {"u7", "own33"}, .generated = {"g7"}});
    EXPECT_EQ(text(store,
                   "SELECT sum(used.u7)"
                   " || ' ' || sum(generated.g7) || ' ' || sum(used.own33) FROM task"),
              "165.0 6162 66.5");
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE used.u7 > 20"), 4);
    if (batch_rows > 100) {
      EXPECT_EQ(store::value_sql(*registry, Role::kUsed, "u7").substr(0, 3), "t.x");
    }
  }
}

TEST_F(FoldValuesTest, TheLongestTextAndTheDeepestNesting) {
  SpoolFixture p(directory_, 5);
  const std::string text_of_a_frame(kMaxPayloadBytes - 200, 'x');
  std::string nested;
  NestedWriter list(nested);
  for (int depth = 0; depth < kMaxNestedDepth; ++depth) list.begin_list(1);
  list.integer(7);
  add_task(p, "a", {{"text", Role::kUsed, ValueTag::kString}}, {cell_of(text_of_a_frame)});
  add_task(p, "a", {{"deep", Role::kUsed, ValueTag::kNested}}, {cell_of(nested)});
  add_task(p, "a", {{"deep", Role::kUsed, ValueTag::kNested}}, {cell_of("\x0A" + nested)});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 1u) << "nesting beyond the format is set aside";
  EXPECT_EQ(integer(store, "SELECT max(length(used->>'$.text')) FROM task"),
            static_cast<int64_t>(text_of_a_frame.size()));
  use_view(store, {.columns = {"activity"}, .used = {"deep"}});
  EXPECT_EQ(text(store, "SELECT used.deep FROM task WHERE used.deep IS NOT NULL"),
            std::string(kMaxNestedDepth, '[') + "7" + std::string(kMaxNestedDepth, ']'));
}

TEST_F(FoldValuesTest, AnAnnouncedTaskOfTwoPagesIsOneRow) {
  constexpr int64_t kKeys = 12;
  for (const bool one_fold : {true, false}) {
    SCOPED_TRACE(one_fold);
    std::filesystem::remove_all(directory_.spool());
    std::filesystem::create_directories(directory_.spool());
    SpoolFixture p(directory_, 5);
    std::vector<ShapeField> fields;
    for (int64_t k = 0; k < kKeys; ++k) {
      fields.push_back({"k" + std::to_string(k), Role::kUsed, ValueTag::kInt});
    }
    const auto put = [&](uint64_t number, uint64_t end, int64_t base) {
      std::vector<CellValue> cells;
      for (int64_t k = 0; k < kKeys; ++k) cells.push_back(cell_of(base + k));
      p.task({.activity = p.activity("wide"),
              .number = number,
              .begin = 10,
              .end = end,
              .shape = p.shape(fields),
              .cells = cells,
              .status = end == 0 ? TaskStatus::kRunning : TaskStatus::kFinished,
              .flags = end == 0 ? kTaskIsOpen : uint8_t{0},
              .ring = end == 0 ? 0u : 1u});
    };
    store::Store store = memory();
    const auto expect_rows = [&](int64_t last_of_1) {
      EXPECT_EQ(integer(store, "SELECT count(*) FROM memory.main.task"), 2);
      EXPECT_EQ(integer(store, "SELECT sum((used->>'$.k11')::BIGINT) FROM memory.main.task"),
                last_of_1 + 211);
      EXPECT_EQ(integer(store, "SELECT sum(len(json_keys(used))) FROM memory.main.task"),
                2 * kKeys);
      use_view(store, {.columns = {"activity"}, .used = {"k0", "k11"}});
      EXPECT_EQ(
          text(store,
               "SELECT count(*) || ' ' || sum(used.k0) || ' ' || sum(used.k11) FROM "
               "task"),
          "2 " + std::to_string(last_of_1 - 11 + 200) + " " + std::to_string(last_of_1 + 211));
    };
    // Number 2 stays open; number 1 ends, with other values than it was announced with.
    put(1, 0, 0);
    put(2, 0, 200);
    put(1, 0, 0);
    if (!one_fold) {
      p.seal();
      fold_into(store);
      expect_rows(11);
    }
    put(1, 20, 100);
    p.seal();
    fold_into(store);
    expect_rows(111);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task_page"), 2);
    // An announcement that comes late changes nothing.
    put(1, 0, 0);
    p.seal();
    fold_into(store);
    expect_rows(111);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task_page"), 2);
  }
}

TEST_F(FoldValuesTest, ErrorsAndTagsAreApartFromValues) {
  SpoolFixture p(directory_, 5);
  add_task(p, "a",
           {{"x", Role::kUsed, ValueTag::kInt},
            {"type", Role::kError, ValueTag::kString},
            {"message", Role::kError, ValueTag::kString},
            {"team", Role::kTag, ValueTag::kString},
            {"device", Role::kAttribute, ValueTag::kString}},
           {cell_of(int64_t{1}), cell_of("ValueError"), cell_of("no \"luck\""), cell_of("red"),
            cell_of("cuda:0")});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store, "SELECT (error->>'type') || ': ' || (error->>'message') FROM task"),
            "ValueError: no \"luck\"");
  EXPECT_EQ(text(store, "SELECT tags || used || generated || device FROM task"),
            R"({"team":"red"}{"x":1}{}cuda:0)");
  use_view(store, {.columns = {"error", "device"}, .used_json = true});
  EXPECT_EQ(text(store, "SELECT used || device FROM task"), R"({"x":1}cuda:0)");
}

// Many forms of one activity's values: the registry is asked as a list rather than by a long IN.
TEST_F(FoldValuesTest, AKeyOfManySchemas) {
  SpoolFixture p(directory_, 5);
  constexpr int kForms = 60;
  for (int i = 0; i < kForms; ++i) {
    // Every second form has the key; `lr` shares its column with a key of the others.
    add_task(p, "a" + std::to_string(i),
             {{"own" + std::to_string(i), Role::kUsed, ValueTag::kFloat},
              {i % 2 == 0 ? "lr" : "other" + std::to_string(i), Role::kUsed, ValueTag::kFloat}},
             {cell_of(1000.0), cell_of(static_cast<double>(i))});
  }
  p.seal();
  store::Store store = memory();
  fold_into(store);
  use_view(store, {.columns = {"activity"}, .used = {"lr", "other7"}});
  EXPECT_EQ(text(store,
                 "SELECT sum(used.lr) || ' ' || count(used.lr) || ' ' || "
                 "sum(used.other7) FROM task"),
            "870.0 30 7.0");
}

// A key keeps its page, also in a task that has nothing on the pages before it.
TEST_F(FoldValuesTest, APageWithoutThoseBeforeIt) {
  SpoolFixture p(directory_, 5);
  p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
  std::vector<ShapeField> fields;
  std::vector<CellValue> cells;
  for (int i = 0; i < 40; ++i) {
    fields.push_back({"k" + std::to_string(i), Role::kUsed, ValueTag::kFloat});
    cells.push_back(cell_of(i + 0.5));
  }
  add_task(p, "wide", fields, cells);
  add_task(p, "wide", {fields[0], fields[20], fields[39]}, {cells[0], cells[20], cells[39]});
  add_task(p, "wide", {fields[39]}, {cells[39]});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  ASSERT_EQ(text(store, "SELECT string_agg(page, ' ' ORDER BY seq, page) FROM task_page"),
            "1 2 3 4 2 4 4");
  EXPECT_EQ(text(store,
                 "SELECT concat_ws(' ', used->>'$.k8', used->>'$.k38', used->>'$.k39') "
                 "FROM task WHERE len(json_keys(used)) = 40"),
            "8.5 38.5 39.5");
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE len(json_keys(used)) = 3"),
            R"({"k0":0.5,"k20":20.5,"k39":39.5})");
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE len(json_keys(used)) = 1"), R"({"k39":39.5})");
  use_view(store, {.name = "asked", .temporary = true, .used_json = true});
  EXPECT_EQ(text(store, "SELECT used FROM asked WHERE len(json_keys(used)) = 1"),
            R"({"k39":39.5})");
}

}  // namespace
}  // namespace headrace::collect
