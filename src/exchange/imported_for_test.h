// A folder of Headrace into which a test imports, and what its store then says.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "collect/intake.h"
#include "collect/open.h"
#include "exchange/importer.h"
#include "spool/directory.h"

namespace headrace::exchange {

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    std::string folder = std::filesystem::temp_directory_path() / "import_XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~ImportTest() override { std::filesystem::remove_all(folder_); }

  Directory directory() const { return Directory{folder_ / ".headrace"}; }
  // Nobody asks to stop.
  static bool never() { return false; }

  // Opens the source, reads it once and closes it, as a call of the program does.
  collect::IntakeReport import(const std::string& kind, const std::string& source,
                               const std::string& name = "") {
    const Importer* importer = find_importer(kind);
    EXPECT_NE(importer, nullptr);
    Result<OpenedSource> opened = importer->open(source, name);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    if (!opened.ok()) return {};
    Result<collect::Intake> intake = collect::Intake::open(directory(), opened->source);
    EXPECT_TRUE(intake.ok()) << intake.status().message();
    if (!intake.ok()) return {};
    const Status read = opened->reader->read(*intake, never);
    EXPECT_TRUE(read.ok()) << read.message();
    notes_ = opened->reader->notes();
    return intake->report();
  }

  // All values of the first column, as text.
  std::vector<std::string> ask(const std::string& sql) const {
    std::vector<std::string> out;
    const Result<store::Store> store = collect::open_folded(directory());
    EXPECT_TRUE(store.ok()) << store.status().message();
    if (!store.ok()) return out;
    const Result<std::string> joined = store->connection().text(
        "SELECT coalesce(string_agg(v, chr(10)), '') FROM (SELECT (#1)::VARCHAR AS v FROM (" + sql +
        "))");
    EXPECT_TRUE(joined.ok()) << joined.status().message() << "\n" << sql;
    std::string line;
    for (const char c : joined.value_or("")) {
      if (c == '\n') {
        out.push_back(std::move(line));
        line.clear();
      } else {
        line += c;
      }
    }
    if (!line.empty()) out.push_back(std::move(line));
    return out;
  }

  std::filesystem::path folder_;
  std::vector<std::string> notes_;
};

}  // namespace headrace::exchange
