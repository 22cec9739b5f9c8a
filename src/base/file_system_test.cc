#include "base/file_system.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace headrace {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-files-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(const char* name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  FileSystem files_;
};

TEST_F(Files, WritesReadsAndNamesFiles) {
  const int fd = files_.create(at("a").c_str());
  ASSERT_GE(fd, 0);
  const int reserved = files_.reserve(fd, 0, 1 << 20);
  EXPECT_TRUE(reserved == 0 || reserved == -EOPNOTSUPP);
  EXPECT_EQ(files_.write(fd, "words", 5), 5);
  EXPECT_EQ(files_.truncate(fd, 5), 0);
  EXPECT_EQ(files_.sync(fd), 0);
  EXPECT_EQ(files_.close(fd), 0);
  EXPECT_EQ(files_.sync_folder(folder_.c_str()), 0);
  EXPECT_EQ(files_.rename(at("a").c_str(), at("b").c_str()), 0);
  std::string text = "kept ";
  EXPECT_EQ(files_.read(at("b").c_str(), text), 0);
  EXPECT_EQ(text, "kept words");
  EXPECT_EQ(files_.make_folder(at("c").c_str()), 0);
  std::vector<FileSystem::Entry> found;
  EXPECT_EQ(files_.list(folder_.c_str(), found), 0);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "b");
  EXPECT_EQ(found[0].size_bytes, 5u);
  EXPECT_EQ(files_.unlink(at("b").c_str()), 0);
}

TEST_F(Files, RefusesWhatIsThereAlready) {
  EXPECT_EQ(files_.close(files_.create(at("a").c_str())), 0);
  EXPECT_EQ(files_.close(files_.create(at("b").c_str())), 0);
  EXPECT_EQ(files_.create(at("a").c_str()), -EEXIST);
  EXPECT_EQ(files_.rename(at("a").c_str(), at("b").c_str()), -EEXIST);
  EXPECT_EQ(files_.link(at("a").c_str(), at("b").c_str()), -EEXIST);
  EXPECT_EQ(files_.make_folder(folder_.c_str()), -EEXIST);
  EXPECT_EQ(files_.unlink(at("none").c_str()), -ENOENT);
  std::filesystem::create_symlink(at("target"), at("link"));
  EXPECT_EQ(files_.create(at("link").c_str()), -EEXIST);
  EXPECT_FALSE(std::filesystem::exists(at("target")));
  std::filesystem::create_directory_symlink(folder_, at("folder"));
  EXPECT_FALSE(files_.is_own_folder(at("folder").c_str()));
  EXPECT_TRUE(files_.is_own_folder(folder_.c_str()));
}

TEST_F(Files, TellsSharedFileSystemsFromLocalOnes) {
  EXPECT_TRUE(is_network_file_system(0x6969));
  EXPECT_TRUE(is_network_file_system(0x0BD00BD0));
  EXPECT_FALSE(is_network_file_system(0x01021994)) << "tmpfs";
  EXPECT_FALSE(is_network_file_system(0xEF53)) << "ext4";
  EXPECT_TRUE(is_on_network("/nowhere/at/all")) << "unknown is taken for the careful case";
  FileSystem::Facts facts;
  ASSERT_EQ(files_.facts("/proc", &facts), 0);
  EXPECT_EQ(facts.magic, 0x9FA0u);
}

TEST_F(Files, ATestMayPutAnotherInItsPlace) {
  class Full : public FileSystem {
   public:
    int create(const char*) override { return -ENOSPC; }
  } full;
  EXPECT_EQ(FileSystem::replace_for_test(&full), nullptr);
  EXPECT_EQ(FileSystem::current().create(at("a").c_str()), -ENOSPC);
  EXPECT_EQ(FileSystem::replace_for_test(nullptr), &full);
  EXPECT_EQ(FileSystem::current().close(FileSystem::current().create(at("a").c_str())), 0);
}

}  // namespace
}  // namespace headrace
