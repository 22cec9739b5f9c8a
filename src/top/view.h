// What a person has chosen to look at, and what each key does to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "top/keys.h"
#include "top/panes.h"
#include "top/picture.h"

namespace headrace::top {

// Text over the whole screen: help, what is known of a task, why, a difference.
struct TextPage {
  std::string title;
  std::vector<std::string> lines;
  size_t top = 0;
};

// What can be asked of the store about a row.
struct Question {
  enum class Kind : uint8_t { kShow, kWhy, kDiff };
  Kind kind = Kind::kShow;
  std::string what;     // "task:<id>", "workflow:<id>"
  std::string other{};  // of kDiff
  size_t columns = 78;  // that its answer may take
};

struct View {
  Scope scope{};
  Pane focus = Pane::kWorkflows;
  std::array<std::string, kPanes.size()> chosen{};  // rows by row_id(); "": follows the first
  std::array<size_t, kPanes.size()> orders{};       // of orders_of()
  std::string filter{};                             // in force
  std::optional<std::string> typed{};               // a filter being typed
  bool is_paused = false;
  std::string marked{};  // the workflow to compare with, by id
  std::optional<TextPage> page{};
};

// What a key asks of others.
struct Wish {
  bool quit = false;
  bool up = false;  // to the scope above
  std::optional<std::string> filter{};
  std::optional<Question> question{};
  std::string notice{};  // a word to the person
};

// `picture`: as it is shown, ordered. `page_rows`: rows that a text page has.
Wish press(View& view, const Press& press, const Picture& picture, size_t page_rows);

// The place of the chosen row of a pane; 0 when it is gone or none is chosen.
size_t chosen_row(const View& view, const Picture& picture, Pane pane);

TextPage help_page();

}  // namespace headrace::top
