// The answer for people and as JSON.
#include <algorithm>
#include <cmath>

#include "query/diff.h"
#include "query/json_or_null.h"
#include "query/shortened.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kMostSums = 6;  // activities whose time or energy is shown, of many

bool is_hash(const std::string& text) {
  return text.size() >= 40 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string full_text(const DiffLine& line, const Json& value) {
  if (value.is_null()) return "absent";
  if (const auto* list = value.as<Json::List>();
      list != nullptr &&
      (line.section == DiffSection::kCode || line.section == DiffSection::kEnvironment ||
       line.section == DiffSection::kInputs)) {
    std::string out;
    for (size_t i = 0; i < list->size() && i < 3; ++i) {
      out += (i == 0 ? "" : " | ") + shortened(full_text(line, (*list)[i]));
    }
    return out + (list->size() > 3 ? " | and " + std::to_string(list->size() - 3) + " more" : "");
  }
  if (const auto number = value.number(); number) {
    if (line.unit == "s") return duration_text(*number);
    if (line.unit == "B") return bytes_text(*number);
    if (!line.unit.empty()) return si_text(*number, line.unit);
    if (value.as<double>() != nullptr) return number_text(*number);
  }
  std::string text = terminal_text(value.text());
  if (is_hash(text)) return text.substr(0, 8);
  if (text.starts_with("sha256 ")) return text.substr(0, 15) + "…";
  return text;
}

// "a → b". Long texts that begin alike are shown from the word or folder on in which they differ.
std::string change_text(const DiffLine& line) {
  std::string a = full_text(line, line.a);
  std::string b = full_text(line, line.b);
  if (shortened(a) == shortened(b)) {
    const auto same = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
    const size_t word = a.find_last_of(" /", static_cast<size_t>(same) - 1);
    if (word != std::string::npos && word > 0) {
      a = "…" + a.substr(word);
      b = "…" + b.substr(word);
    }
  }
  return shortened(a) + " → " + shortened(b);
}

// "+12 %" of a measured quantity.
std::string relative(const DiffLine& line) {
  const auto a = line.a.number();
  const auto b = line.b.number();
  const bool measured = line.section == DiffSection::kTime ||
                        line.section == DiffSection::kEnergy ||
                        line.section == DiffSection::kMetrics;
  if (!measured || !line.differs || !a || !b || *a == 0 || !std::isfinite(*a) ||
      !std::isfinite(*b)) {
    return "";
  }
  const double change = (*b - *a) / std::fabs(*a) * 100;
  return " (" + std::string(change >= 0 ? "+" : "") + two_digits(change) + " %)";
}

std::string text_of(const DiffLine& line, size_t width) {
  const std::string name = line.what + (line.where.empty() ? "" : " [" + line.where + "]");
  const size_t have = display_width(name);
  std::string out =
      "  " + terminal_text(name) + std::string(width > have ? width - have : 0, ' ') + "  ";
  out += line.differs ? change_text(line) + relative(line) : shortened(full_text(line, line.a));
  return out + (line.note.empty() ? "" : "   " + line.note) + "\n";
}

std::string title_of(const Thing& thing) {
  return std::string(name_of(thing.kind)) + " " + terminal_text(thing.name) + " (" +
         thing.id.substr(0, 8) +
         (thing.kind == ThingKind::kTask && thing.id.size() > 4
              ? ".." + thing.id.substr(thing.id.size() - 4)
              : "") +
         ")";
}

std::string head_of(const Diff& answer) {
  std::string out = "a  " + title_of(answer.a.thing) + "\nb  " + title_of(answer.b.thing) + "\n";
  if (answer.a.tasks + answer.b.tasks == 0) return out;
  out += counted(answer.a.tasks, "task") + " and " + grouped(answer.b.tasks) + ": " +
         counted(answer.pairs, "pair");
  if (answer.pairs_with_other_parameters > 0) {
    out += ", " + grouped(answer.pairs_with_other_parameters) + " of them with other parameters";
  }
  if (answer.a.alone + answer.b.alone > 0) {
    out += "; without a partner " + grouped(answer.a.alone) + " and " + grouped(answer.b.alone);
  }
  return out + "\n";
}

Json json_of(const DiffLine& line) {
  Json::Map out = {{"section", std::string(name_of(line.section))},
                   {"what", line.what},
                   {"where", line.where.empty() ? Json() : Json(line.where)},
                   {"a", line.a},
                   {"b", line.b},
                   {"unit", line.unit.empty() ? Json() : Json(line.unit)},
                   {"differs", line.differs},
                   {"note", line.note.empty() ? Json() : Json(line.note)}};
  if (line.comparison) {
    const Comparison& c = *line.comparison;
    out.emplace_back("test", Json::Map{{"name", std::string(name_of(c.test))},
                                       {"n_a", static_cast<int64_t>(c.n_a)},
                                       {"n_b", static_cast<int64_t>(c.n_b)},
                                       {"mean_a", c.mean_a},
                                       {"mean_b", c.mean_b},
                                       {"difference", json_or_null(c.difference)},
                                       {"low", json_or_null(c.low)},
                                       {"high", json_or_null(c.high)},
                                       {"p", json_or_null(c.p)},
                                       {"p_adjusted", json_or_null(line.p_adjusted)}});
  }
  return Json(std::move(out));
}

}  // namespace

std::string diff_text(const Diff& answer, bool all) {
  std::string out = head_of(answer);
  for (size_t i = 0; i < answer.lines.size();) {
    const DiffSection section = answer.lines[i].section;
    std::vector<const DiffLine*> lines;
    size_t equal = 0;
    for (; i < answer.lines.size() && answer.lines[i].section == section; ++i) {
      const DiffLine& line = answer.lines[i];
      equal += line.differs ? 0 : 1;
      if (line.differs || all) lines.push_back(&line);
    }
    if (lines.empty()) continue;
    const bool is_sum = section == DiffSection::kTime || section == DiffSection::kEnergy;
    const size_t most = is_sum && !all ? kMostSums : lines.size();
    size_t width = 0;
    for (size_t k = 0; k < lines.size() && k < most; ++k) {
      const DiffLine& line = *lines[k];
      const std::string name = line.what + (line.where.empty() ? "" : " [" + line.where + "]");
      width = std::max(width, std::min<size_t>(display_width(name), 44));
    }
    out += std::string(name_of(section)) + "\n";
    for (size_t k = 0; k < lines.size() && k < most; ++k) out += text_of(*lines[k], width);
    if (lines.size() > most) {
      out += "  and " + grouped(lines.size() - most) + " more activities; --all shows them\n";
    }
    if (equal > 0 && !all && !is_sum) {
      out += "  (" + grouped(equal) + " equal)\n";
    }
  }
  if (answer.equal) {
    out += "Equal but for what no two runs share (times, energy); --all shows everything.\n";
  }
  return out;
}

Json diff_json(const Diff& answer, bool all) {
  const auto side = [](const DiffSide& s) {
    return Json(Json::Map{{"kind", std::string(name_of(s.thing.kind))},
                          {"id", s.thing.id},
                          {"name", s.thing.name},
                          {"tasks", static_cast<int64_t>(s.tasks)},
                          {"without_partner", static_cast<int64_t>(s.alone)}});
  };
  Json::List lines;
  for (const DiffLine& line : answer.lines) {
    if (all || line.differs) lines.push_back(json_of(line));
  }
  return Json::Map{
      {"equal", answer.equal},
      {"a", side(answer.a)},
      {"b", side(answer.b)},
      {"pairs", static_cast<int64_t>(answer.pairs)},
      {"pairs_with_other_parameters", static_cast<int64_t>(answer.pairs_with_other_parameters)},
      {"tests", static_cast<int64_t>(answer.tests)},
      {"lines", std::move(lines)}};
}

}  // namespace headrace::query
