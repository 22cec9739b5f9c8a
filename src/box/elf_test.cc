// Real programs, made here; bytes of every damaged kind from them.
#include "box/elf.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace headrace::box {
namespace {

namespace fs = std::filesystem;

ptrdiff_t read_memory(void* context, uint64_t offset, void* out, size_t size) {
  const auto& bytes = *static_cast<const std::string*>(context);
  if (offset >= bytes.size()) return 0;
  const size_t n = std::min(size, bytes.size() - static_cast<size_t>(offset));
  std::memcpy(out, bytes.data() + offset, n);
  return static_cast<ptrdiff_t>(n);
}

Image inspect_bytes(std::string bytes) { return inspect_image({read_memory, &bytes}); }

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Elf : public testing::Test {
 protected:
  Elf() {
    std::string pattern = (fs::temp_directory_path() / "headrace-elf-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Elf() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text, mode_t mode = 0755) {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  // False where the tool is not on this machine or cannot build that.
  bool shell(const std::string& command) {
    return std::system(("cd '" + folder_.string() + "' && (" + command + ") >log 2>&1").c_str()) ==
           0;
  }
  fs::path compile(const std::string& name, const std::string& options) {
    write("program.c", "int main(void) { return 0; }\n", 0644);
    EXPECT_TRUE(shell("cc program.c -o " + name + " " + options)) << bytes_of(folder_ / "log");
    return folder_ / name;
  }
  uint32_t blind(const fs::path& path) { return inspect_program(AT_FDCWD, path.c_str()).blind; }

  fs::path folder_;
};

TEST_F(Elf, DynamicProgramsAreSeen) {
  const fs::path program = compile("dynamic", "");
  const Image image = inspect_program(AT_FDCWD, program.c_str());
  EXPECT_EQ(image.kind, ImageKind::kElf);
  EXPECT_EQ(image.blind, 0U);
  EXPECT_NE(std::string(image.interpreter).find("/ld-"), std::string::npos);
  EXPECT_EQ(blind(compile("fixed", "-no-pie")), 0U);
  EXPECT_EQ(blind(compile("stripped", "-s")), 0U);
}

TEST_F(Elf, StaticProgramsAreNot) {
  EXPECT_EQ(blind(compile("static", "-static")), kBlindStatic);
  EXPECT_EQ(blind(compile("static_pie", "-static-pie")), kBlindStatic);
}

TEST_F(Elf, GoIsToldAlsoWhereItLoadsLibc) {
  write("main.go", "package main\n\nfunc main() { println(1) }\n", 0644);
  const std::string go =
      std::getenv("HOME") != nullptr ? "go build" : "GOCACHE=$PWD/cache GOPATH=$PWD/path go build";
  if (!shell(go + " -o plain main.go")) GTEST_SKIP() << "no Go here";
  EXPECT_EQ(blind(folder_ / "plain"), kBlindStatic | kBlindGo);
  ASSERT_TRUE(shell(go + " -ldflags='-s -w' -o stripped main.go"));
  EXPECT_EQ(blind(folder_ / "stripped"), kBlindStatic | kBlindGo);
  write("cgo.go",
        "package main\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc main() { "
        "println(C.one()) }\n",
        0644);
  ASSERT_TRUE(shell("export CGO_ENABLED=1; " + go + " -o cgo cgo.go")) << bytes_of(folder_ / "log");
  EXPECT_EQ(blind(folder_ / "cgo"), uint32_t{kBlindGo});
}

TEST_F(Elf, PrivilegeIsWhatTheFileAddsToItsCaller) {
  const fs::path program = compile("privileged", "");
  struct stat facts {};
  chmod(program.c_str(), 04755);
  ASSERT_EQ(stat(program.c_str(), &facts), 0);
  EXPECT_EQ(inspect_mode(facts, false, facts.st_uid + 1, facts.st_gid), kBlindPrivileged);
  EXPECT_EQ(inspect_mode(facts, false, facts.st_uid, facts.st_gid), 0U);
  chmod(program.c_str(), 02755);
  ASSERT_EQ(stat(program.c_str(), &facts), 0);
  EXPECT_EQ(inspect_mode(facts, false, facts.st_uid, facts.st_gid + 1), kBlindPrivileged);
  chmod(program.c_str(), 02745);
  ASSERT_EQ(stat(program.c_str(), &facts), 0);
  EXPECT_EQ(inspect_mode(facts, false, facts.st_uid, facts.st_gid + 1), 0U);
  EXPECT_EQ(inspect_mode(facts, true, 1000, facts.st_gid), kBlindPrivileged);
  EXPECT_EQ(inspect_mode(facts, true, 0, facts.st_gid), 0U);
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(chown(program.c_str(), 1234, 1234), 0);
  chmod(program.c_str(), 04755);
  EXPECT_EQ(blind(program), kBlindPrivileged);
}

TEST_F(Elf, OtherMachinesAndLoadersAreTold) {
  std::string bytes = bytes_of(compile("dynamic", ""));
  std::string other = bytes;
  other[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(inspect_bytes(other).blind, kBlindMachine);
  other = bytes;
  other[18] = static_cast<char>(EM_PPC64);
  EXPECT_EQ(inspect_bytes(other).blind, kBlindMachine);
  const fs::path musl = compile("musl", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1");
  const Image image = inspect_program(AT_FDCWD, musl.c_str());
  EXPECT_EQ(image.blind, kBlindLibc);
  EXPECT_STREQ(image.interpreter, "/lib/ld-musl-x86_64.so.1");
}

TEST_F(Elf, AScriptIsAsItsInterpreter) {
  const std::string interpreter = compile("static", "-static").string();
  EXPECT_EQ(blind(write("shell", "#! /bin/sh -e\nexit 0\n")), 0U);
  const Image first = inspect_program(AT_FDCWD, write("one", "#!" + interpreter + "\n").c_str());
  EXPECT_EQ(first.kind, ImageKind::kScript);
  EXPECT_EQ(first.blind, kBlindStatic);
  EXPECT_EQ(first.interpreter, interpreter);
  EXPECT_EQ(blind(write("two", "#!" + (folder_ / "one").string() + " x\n")), kBlindStatic);
  EXPECT_EQ(blind(write("own", "#!" + (folder_ / "own").string() + "\n")), kBlindNotRunnable);
  EXPECT_EQ(blind(write("none", "#!\n")), kBlindNotRunnable);
  EXPECT_EQ(blind(write("gone", "#!/no/such/interpreter\n")), kBlindNotRunnable);
  // No first line: every shell runs it itself, and the kernel does not.
  EXPECT_EQ(blind(write("text", "echo 1\n")), kBlindUnreadable);
}

TEST_F(Elf, WhatCannotRunIsTold) {
  EXPECT_EQ(blind(folder_ / "nothing"), kBlindNotRunnable);
  EXPECT_EQ(blind(folder_), kBlindNotRunnable);
  EXPECT_EQ(blind(write("plain", "#!/bin/sh\n", 0644)), kBlindNotRunnable);
}

TEST_F(Elf, NoBytesMakeItFailOrReadWithoutBound) {
  const std::string program = bytes_of(compile("dynamic", ""));
  for (size_t size = 0; size < 1024; ++size) inspect_bytes(program.substr(0, size));
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = program.substr(0, 4096);
    for (int n = 0; n < 8; ++n) damaged[random() % 1024] = static_cast<char>(random());
    std::memcpy(damaged.data(), ELFMAG, SELFMAG);
    struct Counted {
      const std::string* bytes;
      size_t reads;
    } counted{&damaged, 0};
    const ByteSource source{[](void* context, uint64_t offset, void* out, size_t size) {
                              auto& from = *static_cast<Counted*>(context);
                              ++from.reads;
                              std::string copy = *from.bytes;
                              return read_memory(&copy, offset, out, size);
                            },
                            &counted};
    const Image image = inspect_image(source);
    EXPECT_LT(counted.reads, 10000U);
    EXPECT_LT(image.blind, kBlindNotRunnable << 1);
    EXPECT_LT(strnlen(image.interpreter, kMaxInterpreter), kMaxInterpreter);
  }
}

TEST(BlindSpot, EachBitHasAName) {
  for (uint32_t bit = 1; bit <= kBlindNotRunnable; bit <<= 1)
    EXPECT_NE(blind_spot_name(bit), nullptr);
  EXPECT_EQ(blind_spot_name(kBlindNotRunnable << 1), nullptr);
}

}  // namespace
}  // namespace headrace::box
