#include "base/sha256.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace headrace {
namespace {

// NIST's example vectors for FIPS 180-4.
TEST(Sha256, MatchesThePublishedExamples) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes.push_back(static_cast<char>(i));
  for (size_t cut = 0; cut < bytes.size(); cut += 7) {
    Sha256 hash;
    hash.update(std::string_view(bytes).substr(0, cut));
    hash.update(std::string_view(bytes).substr(cut));
    EXPECT_EQ(hash.finish(), sha256(bytes)) << cut;
  }
}

TEST(Sha256, DigestsAFileAndItsSize) {
  const auto path =
      std::filesystem::temp_directory_path() / ("headrace-sha256-" + std::to_string(getpid()));
  const std::string bytes(3'000'001, 'q');
  std::ofstream(path, std::ios::binary) << bytes;
  const Result<FileDigest> digest = digest_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest->size_bytes, bytes.size());
  EXPECT_EQ(digest->sha256, sha256(bytes));
  EXPECT_EQ(digest_file(path).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace headrace
