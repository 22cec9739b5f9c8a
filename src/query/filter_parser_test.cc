#include "query/filter_parser.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "query/filter_lexer.h"

namespace headrace::query {
namespace {

Filter parsed(const std::string& text, FilterView view = FilterView::kTask) {
  Result<Filter> filter = parse_filter(text, view);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status().message();
  return filter.ok() ? *filter : Filter{};
}

std::string error_of(const std::string& text, FilterView view = FilterView::kTask) {
  const Result<Filter> filter = parse_filter(text, view);
  EXPECT_FALSE(filter.ok()) << text;
  return filter.ok() ? "" : filter.status().message();
}

FilterValue pattern(const std::string& text) { return {FilterValue::Kind::kPattern, text}; }

TEST(FilterParser, TermsSideBySideMustAllHold) {
  EXPECT_EQ(parsed("activity:train status:failed"),
            Filter::all({Filter::field({"activity"}, FilterOp::kIs, {FilterValue::word("train")}),
                         Filter::field({"status"}, FilterOp::kIs, {FilterValue::word("failed")})}));
  EXPECT_EQ(parsed("activity:train AND status:failed"), parsed("activity:train status:failed"));
  EXPECT_TRUE(parsed("  ").is_everything());
}

TEST(FilterParser, OrBindsWeakerAndNotStronger) {
  EXPECT_EQ(parsed("pid:1 pid:2 OR pid:3"), parsed("(pid:1 pid:2) OR pid:3"));
  EXPECT_EQ(parsed("-pid:1 pid:2"), parsed("(-pid:1) pid:2"));
  EXPECT_EQ(parsed("NOT pid:1 pid:2"), parsed("-pid:1 pid:2"));
  EXPECT_NE(parsed("-(pid:1 pid:2)"), parsed("-pid:1 pid:2"));
  EXPECT_EQ(parsed("((pid:1))"), parsed("pid:1"));
}

TEST(FilterParser, ReadsEveryKindOfCondition) {
  EXPECT_EQ(parsed("used.lr<1e-3"),
            Filter::field({"used", "lr"}, FilterOp::kLess, {FilterValue::number("1e-3")}));
  EXPECT_EQ(parsed("generated.\"val loss\".x >= 0.5"),
            Filter::field({"generated", "val loss", "x"}, FilterOp::kGreaterEqual,
                          {FilterValue::number("0.5")}));
  EXPECT_EQ(parsed("hostname:node*"),
            Filter::field({"hostname"}, FilterOp::kIs, {pattern("node*")}));
  EXPECT_EQ(parsed("status:failed,lost"),
            Filter::field({"status"}, FilterOp::kIs,
                          {FilterValue::word("failed"), FilterValue::word("lost")}));
  EXPECT_EQ(parsed("generated.loss:*"),
            Filter::field({"generated", "loss"}, FilterOp::kIs, {FilterValue{}}));
  FilterValue range;
  range.kind = FilterValue::Kind::kRange;
  range.ends = {FilterValue::word("1e-4"), FilterValue::word("1e-2")};
  EXPECT_EQ(parsed("used.lr:1e-4..1e-2"), Filter::field({"used", "lr"}, FilterOp::kIs, {range}));
  EXPECT_EQ(parsed("campaign:\"my study\""),
            Filter::field({"campaign"}, FilterOp::kIs, {FilterValue::quoted("my study")}));
  EXPECT_EQ(parsed("energy:>1kJ"), parsed("energy > 1kJ"));
  EXPECT_EQ(parsed("tag:best"), Filter::field({"tag", "best"}, FilterOp::kIs, {FilterValue{}}));
  EXPECT_EQ(parsed("tag:paper=draft2"),
            Filter::field({"tag", "paper"}, FilterOp::kIs, {FilterValue::quoted("draft2")}));
  EXPECT_EQ(parsed("used.path:../data..old").values[0].kind, FilterValue::Kind::kWord);
  EXPECT_EQ(parsed("used.name~\"^tr\"").op, FilterOp::kMatches);
  EXPECT_EQ(parsed("size>2MiB kind:model", FilterView::kObject).parts.size(), 2u);
  EXPECT_EQ(parsed("started:2026-11..2026-12-01T12:30").values[0].kind, FilterValue::Kind::kRange);
  EXPECT_EQ(parsed("started_at>-2h duration_s<5min"), parsed("started>-2h duration<5min"));
}

TEST(FilterParser, BareWordsAreLookedForInNames) {
  EXPECT_EQ(parsed("train").kind, Filter::Kind::kSearch);
  EXPECT_EQ(parsed("\"two words\"").values[0], FilterValue::quoted("two words"));
  EXPECT_EQ(parsed("tr*n").values[0], pattern("tr*n"));
  EXPECT_EQ(parsed("model.v2.pt").values[0], FilterValue::word("model.v2.pt"));
}

TEST(FilterParser, MistakesPointAtTheCharacter) {
  EXPECT_EQ(error_of("activity:train statsu:failed"),
            "tasks have no field statsu; did you mean status?\n"
            "  activity:train statsu:failed\n"
            "                 ^");
  EXPECT_EQ(error_of("status:faild"),
            "there is no status faild; did you mean failed?\n"
            "  status:faild\n"
            "         ^");
  EXPECT_EQ(error_of("duration>5kJ"),
            "duration takes a number with or without one of the units s, ms, µs, ns, min, h, d and "
            "w\n"
            "  duration>5kJ\n"
            "           ^");
  EXPECT_EQ(error_of("(pid:1"), "this is not closed\n  (pid:1\n  ^");
  EXPECT_EQ(error_of("pid:1)"), "nothing was opened that this closes\n  pid:1)\n       ^");
  EXPECT_EQ(error_of("pid:"), "a value is missing here\n  pid:\n      ^");
  EXPECT_EQ(error_of("pid:1 OR"), "a term is missing at the end\n  pid:1 OR\n          ^");
  EXPECT_EQ(error_of("OR pid:1"), "a term is missing before this\n  OR pid:1\n  ^");
  EXPECT_EQ(error_of(">5"), "a field is missing before this\n  >5\n  ^");
  EXPECT_EQ(error_of("campaign:\"my"),
            "these quotes are not closed\n  campaign:\"my\n           ^");
  EXPECT_EQ(error_of("used>5"),
            "which value is meant? Write used.NAME, as in used.lr>5\n  used>5\n      ^");
  EXPECT_EQ(error_of("used.lr"),
            "an operator is missing after this field; used.lr:* asks whether it has a value\n"
            "  used.lr\n         ^");
  EXPECT_EQ(error_of("started>soon"),
            "started takes a time, such as 2026-11-01, 2026-11-01T12:30, today or -2h (two hours "
            "ago)\n  started>soon\n          ^");
  // The caret stands under the character, whatever is before it.
  EXPECT_EQ(error_of("\"größe\" 日本 pid:x"),
            "pid takes a number\n  \"größe\" 日本 pid:x\n                   ^");
  EXPECT_EQ(error_of("a\nb pid:x c\nd"), "pid takes a number\n  b pid:x c\n        ^");
  EXPECT_NE(error_of(std::string("a\0b", 3)).find("without NUL"), std::string::npos);
  EXPECT_NE(error_of("\xff").find("no text"), std::string::npos);
  EXPECT_NE(error_of(std::string(300, '(') + "a" + std::string(300, ')')).find("levels deep"),
            std::string::npos);
  EXPECT_NE(error_of(std::string(300, '-') + "a").find("levels deep"), std::string::npos);
}

// Trees of every kind, as the parser could have made them.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  Filter tree(int depth) {
    switch (depth <= 0 ? upto(2) : upto(5)) {
      case 3: return Filter::all(parts(depth));
      case 4: return Filter::any(parts(depth));
      case 5: return Filter::negation(tree(depth - 1));
      case 2: {
        Filter word;
        word.kind = Filter::Kind::kSearch;
        word.values = {upto(1) == 0 ? FilterValue::quoted(text())
                                    : FilterValue::word("w" + plain())};
        return word;
      }
      default: return condition();
    }
  }

 private:
  int upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  std::vector<Filter> parts(int depth) {
    std::vector<Filter> out;
    for (int i = upto(3); i >= 0; --i) out.push_back(tree(depth - 1));
    return out;
  }
  std::string plain() {
    static const char* kWords[] = {"a", "lr_1", "node7", "x/y", "größe", "50%", "a-b", "json"};
    return kWords[upto(7)];
  }
  std::string text() {
    static const char* kPieces[] = {"\"", "\\", "'", " ", "\n", "OR", "(", ")", ",", ":",
                                    "*",  "?",  "-", "é", "日", "..", ".", "a", "1", "="};
    std::string out = "t";
    for (int i = upto(6); i > 0; --i) out += kPieces[upto(19)];
    return out;
  }
  std::string number() {
    static const char* kNumbers[] = {"1",    "-2.5", "1e-3",  "5kJ", "2min",
                                     "3MiB", "0",    "1e300", ".5"};
    return kNumbers[upto(8)];
  }
  FilterValue single() {
    switch (upto(4)) {
      case 0: return FilterValue::number(number());
      case 1: {
        FilterValue truth{FilterValue::Kind::kBool};
        truth.truth = upto(1) == 1;
        return truth;
      }
      case 2: return {FilterValue::Kind::kNull};
      case 3: return {FilterValue::Kind::kJson, R"({"a":[1,"b\n"]})"};
      default: return FilterValue::quoted(text());
    }
  }
  FilterValue alternative() {
    switch (upto(4)) {
      case 0: return FilterValue::word(number());
      case 1: return pattern(plain() + "*" + plain() + "?");
      case 2: return FilterValue{};
      case 3: {
        FilterValue range;
        range.kind = FilterValue::Kind::kRange;
        range.ends = {upto(2) == 0 ? FilterValue{} : FilterValue::word("1e-4"),
                      FilterValue::word("2026-11")};
        return range;
      }
      default: return upto(1) == 0 ? FilterValue::quoted(text()) : FilterValue::word(plain());
    }
  }
  Filter condition() {
    const std::vector<std::string> path = {upto(1) == 0 ? "used" : "generated", text(), plain()};
    const auto op = static_cast<FilterOp>(upto(8));
    switch (op) {
      case FilterOp::kRecorded: return Filter::field(path, op, {});
      case FilterOp::kMatches: return Filter::field(path, op, {FilterValue::quoted(text())});
      case FilterOp::kIs:
      case FilterOp::kEqual:
      case FilterOp::kNotEqual: {
        std::vector<FilterValue> values;
        for (int i = upto(2); i >= 0; --i) {
          values.push_back(op == FilterOp::kIs ? alternative() : single());
        }
        return Filter::field(path, op, values);
      }
      default: break;
    }
    FilterValue value = single();
    if (value.kind == FilterValue::Kind::kJson) value = FilterValue::number("7");
    return Filter::field(path, op, {value});
  }

  std::mt19937 random_;
};

TEST(FilterParser, PrintedTreesReadBackEqual) {
  RandomTree random(20261121);
  for (int i = 0; i < 5000; ++i) {
    const Filter tree = flattened(random.tree(4));
    const std::string text = filter_text(tree);
    const Result<Filter> again = parse_filter(text, FilterView::kTask);
    ASSERT_TRUE(again.ok()) << text << "\n" << again.status().message();
    ASSERT_EQ(*again, tree) << text << "\nbecame\n" << filter_text(*again);
    ASSERT_EQ(filter_text(*again), text);
  }
}

TEST(FilterParser, AnyTextIsReadOrRefused) {
  static const char* kPieces[] = {"activity", "used.",  ":",   "(",  ")", "OR", "-",  "\"", "'",
                                  " ",        "<",      ">=",  "..", ",", "*",  "1",  "kJ", "\\",
                                  "é",        "status", "tag", "=",  "~", "!",  "NOT"};
  std::mt19937 random(7);
  size_t read = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int n = static_cast<int>(random() % 12); n > 0; --n) text += kPieces[random() % 25];
    const Result<Filter> filter = parse_filter(text, FilterView::kTask);
    if (!filter.ok()) {
      EXPECT_NE(filter.status().message().find('^'), std::string::npos) << text;
      continue;
    }
    ++read;
    const Result<Filter> again = parse_filter(filter_text(*filter), FilterView::kTask);
    ASSERT_TRUE(again.ok()) << text << " became " << filter_text(*filter);
    ASSERT_EQ(*again, *filter) << text << " became " << filter_text(*filter);
  }
  EXPECT_GT(read, 1000u);
}

}  // namespace
}  // namespace headrace::query
