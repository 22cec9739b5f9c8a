#include "base/whole_file.h"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace {
namespace {

namespace fs = std::filesystem;

class WholeFileTest : public testing::Test {
 protected:
  WholeFileTest() {
    std::string name = (fs::temp_directory_path() / "headrace-whole-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~WholeFileTest() override { fs::remove_all(folder_); }
  static std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Status put(const fs::path& path, std::string_view text) {
    Result<WholeFile> file = WholeFile::open(path);
    if (!file.ok()) return file.status();
    file->write(text);
    return file->finish();
  }
  size_t files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

TEST_F(WholeFileTest, HasItsNameOnlyWhenItIsWhole) {
  const fs::path path = folder_ / "a";
  ASSERT_TRUE(put(path, "first").ok());
  {
    Result<WholeFile> file = WholeFile::open(path);
    ASSERT_TRUE(file.ok());
    file->write("second");
    EXPECT_EQ(text_of(path), "first");
  }
  EXPECT_EQ(text_of(path), "first");
  EXPECT_EQ(files(), 1u);
  ASSERT_TRUE(put(path, "third").ok());
  EXPECT_EQ(text_of(path), "third");
  EXPECT_EQ(files(), 1u);
}

TEST_F(WholeFileTest, ALinkStaysALink) {
  fs::create_symlink("target", folder_ / "link");
  ASSERT_TRUE(put(folder_ / "link", "text").ok());
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(text_of(folder_ / "target"), "text");
}

// Standing in for a device: by a rename, root would put a plain file in its place.
TEST_F(WholeFileTest, APipeStaysAPipe) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(put(path, "text").ok());
  char bytes[8];
  EXPECT_EQ(read(reader, bytes, sizeof bytes), 4);
  close(reader);
  EXPECT_TRUE(fs::is_fifo(path));
  EXPECT_EQ(files(), 1u);
}

TEST_F(WholeFileTest, SaysWhatCannotBeWritten) {
  EXPECT_NE(put(folder_ / "absent" / "a", "text").message().find("absent/a"), std::string::npos);
}

TEST_F(WholeFileTest, AFullDeviceIsAnError) { EXPECT_FALSE(put("/dev/full", "text").ok()); }

}  // namespace
}  // namespace headrace
