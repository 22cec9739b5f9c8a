#include "exchange/tensorboard_file.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "exchange/tensorboard_import.h"
#include "exchange/tensorboard_written_for_test.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EventFileTest : public testing::Test {
 protected:
  EventFileTest() {
    std::string folder = fs::temp_directory_path() / "event_file_XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~EventFileTest() override { fs::remove_all(folder_); }

  void append(const std::string& name, std::string_view bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::app | std::ios::binary) << bytes;
  }
  static std::vector<std::string> read(EventFile& file, bool last = false) {
    std::vector<std::string> out;
    const Status status = file.read(
        [&out](std::string_view record, uint64_t) {
          out.emplace_back(record);
          return true;
        },
        last);
    EXPECT_TRUE(status.ok()) << status.message();
    return out;
  }

  fs::path folder_;
};

TEST_F(EventFileTest, OnlyWhatIsNewComesAndACutRecordOnceItIsWhole) {
  const std::string second = framed("second");
  append("f", framed("first") + second.substr(0, 9));
  EventFile file(folder_ / "f");
  EXPECT_THAT(read(file), ElementsAre("first"));
  EXPECT_EQ(file.pending_bytes(), 9U);
  EXPECT_THAT(read(file), IsEmpty());
  append("f", second.substr(9) + framed("third"));
  EXPECT_THAT(read(file), ElementsAre("second", "third"));
  EXPECT_EQ(file.pending_bytes(), 0U);
  EventFile later(folder_ / "f", framed("first").size());
  EXPECT_THAT(read(later), ElementsAre("second", "third"));
}

TEST_F(EventFileTest, ZerosThatAreFilledLaterAreReadAgain) {
  const std::string second = framed("second");
  append("f", framed("first") + std::string(second.size(), '\0'));
  EventFile file(folder_ / "f");
  EXPECT_THAT(read(file), ElementsAre("first"));
  std::fstream out(folder_ / "f", std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(framed("first").size()));
  out << second << framed("third");
  out.close();
  EXPECT_THAT(read(file), ElementsAre("second", "third"));
  EXPECT_THAT(file.take_damage(), IsEmpty());
}

TEST_F(EventFileTest, AStopOnTheWayGoesOnBehindIt) {
  append("f", framed("first") + framed("second"));
  EventFile file(folder_ / "f");
  ASSERT_TRUE(file.read([](std::string_view, uint64_t) { return false; }).ok());
  EXPECT_EQ(file.position(), framed("first").size());
  EXPECT_THAT(read(file), ElementsAre("second"));
}

TEST_F(EventFileTest, DamageToTheEndIsToldWhenNothingMoreComes) {
  append("f", framed("first") + std::string(40, 'x'));
  EventFile file(folder_ / "f");
  EXPECT_THAT(read(file), ElementsAre("first"));
  EXPECT_THAT(file.take_damage(), IsEmpty());
  EXPECT_THAT(read(file, true), IsEmpty());
  const std::vector<EventDamage> damage = file.take_damage();
  ASSERT_EQ(damage.size(), 1U);
  EXPECT_EQ(damage[0].offset, framed("first").size());
  EXPECT_EQ(damage[0].length_bytes, 40U);
}

TEST_F(EventFileTest, AShorterFileIsSaid) {
  append("f", framed("first") + framed("second"));
  EventFile file(folder_ / "f");
  EXPECT_THAT(read(file), ElementsAre("first", "second"));
  fs::resize_file(folder_ / "f", 10);
  const Status status = file.read([](std::string_view, uint64_t) { return true; });
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("shorter"));
}

TEST_F(EventFileTest, RunsAreTheFoldersWithEventFiles) {
  append("logs/b/events.out.tfevents.2", "");
  append("logs/b/events.out.tfevents.1", "");
  append("logs/b/validation/events.out.tfevents.1", "");
  append("logs/events.out.tfevents.1", "");
  append("logs/other/notes.txt", "");
  const Result<std::vector<EventRun>> runs = event_runs(folder_ / "logs");
  ASSERT_TRUE(runs.ok());
  ASSERT_EQ(runs->size(), 3U);
  EXPECT_EQ((*runs)[0].name, ".");
  EXPECT_EQ((*runs)[1].name, "b");
  EXPECT_THAT((*runs)[1].files, ElementsAre(folder_ / "logs/b/events.out.tfevents.1",
                                            folder_ / "logs/b/events.out.tfevents.2"));
  EXPECT_EQ((*runs)[2].name, "b/validation");
}

TEST_F(EventFileTest, AFileAloneIsARunAndAnotherFileIsNone) {
  append("events.out.tfevents.1", "");
  append("notes.txt", "");
  ASSERT_TRUE(event_runs(folder_ / "events.out.tfevents.1").ok());
  EXPECT_EQ(event_runs(folder_ / "events.out.tfevents.1")->size(), 1U);
  EXPECT_EQ(event_runs(folder_ / "notes.txt").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(event_runs(folder_ / "nothing").status().code(), StatusCode::kNotFound);
}

TEST_F(EventFileTest, AFileWhoseProcessLivesGoesOnUntilItIsSilent) {
  char host[256] = {};
  ASSERT_EQ(::gethostname(host, sizeof host - 1), 0);
  const std::string name = std::string("events.out.tfevents.1.") + host + ".";
  const std::string alive = name + std::to_string(::getpid()) + ".0";
  const std::string dead = name + "2147483646.0.v2";
  append(alive, "");
  append(dead, "");
  append("events.out.tfevents.1.elsewhere.2147483646.0", "");
  EXPECT_EQ(why_ended(folder_ / alive), "");
  EXPECT_THAT(why_ended(folder_ / dead), HasSubstr("process"));
  EXPECT_EQ(why_ended(folder_ / "events.out.tfevents.1.elsewhere.2147483646.0"), "");
  fs::last_write_time(folder_ / alive, fs::file_time_type::clock::now() - kSilence);
  EXPECT_THAT(why_ended(folder_ / alive), HasSubstr("nothing was written"));
}

}  // namespace
}  // namespace headrace::exchange
