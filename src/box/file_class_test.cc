#include "box/file_class.h"

#include <gtest/gtest.h>

namespace headrace::box {
namespace {

TEST(FileClass, IsToldFromThePath) {
  const ClassRules rules{"/home/me/study", {"/home/me/study/.headrace"}, "/scratch/tmp"};
  const std::pair<const char*, FileClass> cases[] = {
      {"/home/me/study/data.txt", FileClass::kUser},
      {"/home/me/other/data.txt", FileClass::kUser},
      {"/data/climate.nc", FileClass::kUser},
      {"/opt/inputs/mesh.h5", FileClass::kUser},
      {"/home/me/study/.headrace/spool/1.open", FileClass::kOwn},
      {"/elsewhere/.headrace/store.duckdb", FileClass::kOwn},
      {"/tmp/ccX.s", FileClass::kTemp},
      {"/var/tmp/x", FileClass::kTemp},
      {"/dev/shm/x", FileClass::kTemp},
      {"/scratch/tmp/x", FileClass::kTemp},
      {"/tmpfile", FileClass::kUser},
      {"/etc/passwd", FileClass::kSystem},
      {"/usr/include/stdio.h", FileClass::kSystem},
      {"/usr/lib/x86_64-linux-gnu/libc.so.6", FileClass::kSystem},
      {"/proc/self/maps", FileClass::kSystem},
      {"/var/lib/x", FileClass::kSystem},
      {"/home/me/venv/lib/python3.11/site-packages/numpy/__init__.py", FileClass::kRuntime},
      {"/opt/python/lib/python3.12/os.py", FileClass::kRuntime},
      {"/usr/lib/jvm/java-17/lib/modules", FileClass::kRuntime},
      {"/home/me/lib/libsolver.so.2", FileClass::kRuntime},
      {"/home/me/study/__pycache__/a.cpython-311.pyc", FileClass::kCache},
      {"/home/me/.cache/torch/kernels/x", FileClass::kCache},
      {"/tmp/hsperfdata_me/12", FileClass::kCache},
  };
  for (const auto& [path, expected] : cases) {
    EXPECT_STREQ(name_of(class_of(path, rules)), name_of(expected)) << path;
  }
}

TEST(FileClass, TheWorkFolderIsTheUsersWhereverItLies) {
  const ClassRules rules{"/tmp/pytest/test_1", {}, ""};
  EXPECT_EQ(class_of("/tmp/pytest/test_1/data.txt", rules), FileClass::kUser);
  EXPECT_EQ(class_of("/tmp/pytest/test_10/data.txt", rules), FileClass::kTemp);
  const ClassRules at_root{"/", {}, ""};
  EXPECT_EQ(class_of("/etc/passwd", at_root), FileClass::kSystem);
}

TEST(FileClass, PathsAreMadeAbsoluteByName) {
  EXPECT_EQ(absolute_path("/a/b", "c"), "/a/b/c");
  EXPECT_EQ(absolute_path("/a/b", "../c/./d//e"), "/a/c/d/e");
  EXPECT_EQ(absolute_path("/a", "/x/../y"), "/y");
  EXPECT_EQ(absolute_path("/", "../.."), "/");
  EXPECT_EQ(absolute_path("/a", ""), "/a");
}

}  // namespace
}  // namespace headrace::box
