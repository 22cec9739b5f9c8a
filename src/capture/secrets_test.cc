#include "capture/secrets.h"

#include <gtest/gtest.h>

namespace headrace::capture {
namespace {

// Assembled here so that no scanner takes them for real ones.
std::string aws_key() { return std::string("AK") + "IAIOSFODNN7EXAMPLE"; }
std::string github_token() { return std::string("gh") + "p_" + std::string(36, 'x'); }
std::string web_token() {
  return std::string("ey") + "JhbGciOiJIUzI1NiJ9." + std::string(30, 'a') + "." +
         std::string(30, 'b');
}
std::string private_key() {
  return std::string("-----BEGIN RSA ") + "PRIVATE KEY-----\nMIIE\nabc\n-----END RSA " +
         "PRIVATE KEY-----";
}

TEST(Secrets, KnownFormsGoWhereverTheyStand) {
  for (const std::string& secret : {aws_key(), github_token(), web_token(), private_key()}) {
    for (const std::string& text : {secret, "x = \"" + secret + "\"", "a " + secret + " b\n"}) {
      size_t count = 0;
      const std::string out = without_secrets(text, Redact::kKnownForms, &count);
      EXPECT_EQ(out.find(secret.substr(0, 24)), std::string::npos) << out;
      EXPECT_EQ(count, 1u) << text;
    }
  }
  EXPECT_EQ(without_secrets("before " + private_key() + "\nafter"), "before [redacted]\nafter");
  EXPECT_EQ(without_secrets("curl -H 'Authorization: Bearer abcdefghijkl' x").find("abcdefgh"),
            std::string::npos);
}

TEST(Secrets, ThePasswordOfAnAddressGoes) {
  EXPECT_EQ(without_secrets("pull https://me:hunter2@host/x?a=b and http://host:80/y@z"),
            "pull https://me:[redacted]@host/x?a=b and http://host:80/y@z");
}

TEST(Secrets, AValueGoesByItsName) {
  EXPECT_EQ(without_secrets("--api-key=hunter2 --lr=0.1"), "--api-key=[redacted] --lr=0.1");
  EXPECT_EQ(without_secrets("DB_PASSWORD=\"hunter 2\" next"), "DB_PASSWORD=[redacted] next");
  EXPECT_EQ(without_secrets("{\"password\": \"hunter2\", \"n\": 1}"),
            "{\"password\": [redacted], \"n\": 1}");
  EXPECT_EQ(without_secrets("password = hunter2", Redact::kKnownForms), "password = hunter2");
}

TEST(Secrets, TheWordAfterAPasswordOptionGoes) {
  const std::vector<std::string> words = {"solve",   "--password", "hunter2",
                                          "--steps", "3",          "--api-key=hunter2"};
  const std::vector<std::string> expected = {"solve",   "--password", "[redacted]",
                                             "--steps", "3",          "--api-key=[redacted]"};
  EXPECT_EQ(without_secrets(words), expected);
}

TEST(Secrets, OtherTextStays) {
  for (const std::string text : {"", "epoch 3 loss 0.25", "pad_token=<pad>", "s3://bucket/key",
                                 "std::string a::b", "a: b", "sk-", "eyJ is not a token",
                                 "--dir=/a/b --tokenizer=gpt2", "-----BEGIN CERTIFICATE-----"}) {
    size_t count = 0;
    EXPECT_EQ(without_secrets(text, Redact::kAll, &count), text);
    EXPECT_EQ(count, 0u) << text;
  }
}

}  // namespace
}  // namespace headrace::capture
