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
      const std::string out = without_secrets(text, Redact::kSource, &count);
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
  EXPECT_EQ(without_secrets("password = hunter2 # x"), "password = [redacted] # x");
  EXPECT_EQ(without_secrets("{\"password\" : \"hun\\\"ter2\"}"), "{\"password\" : [redacted]}");
  EXPECT_EQ(without_secrets("auth='not closed\nnext"), "auth=[redacted]\nnext");
  EXPECT_EQ(without_secrets("solve --password hunter2 --steps 3"),
            "solve --password [redacted] --steps 3");
  EXPECT_EQ(without_secrets("https://h/x?token=abc&n=1"), "https://h/x?token=[redacted]&n=1");
}

TEST(Secrets, InSourceTextOnlyLiteralsGo) {
  EXPECT_EQ(without_secrets("password = read(x)", Redact::kSource), "password = read(x)");
  EXPECT_EQ(without_secrets("connect(password=\"hunter2\", n=1)", Redact::kSource),
            "connect(password=[redacted], n=1)");
  EXPECT_EQ(without_secrets("+API_KEY = b'hunter2'", Redact::kSource), "+API_KEY = b[redacted]");
  EXPECT_EQ(without_secrets("def f(token: str): return token", Redact::kSource),
            "def f(token: str): return token");
}

TEST(Secrets, AUserBeforeAHostIsKnownWithoutAScheme) {
  EXPECT_EQ(without_secrets("rsync me:hunter2@example.org:/x"),
            "rsync me:[redacted]@example.org:/x");
  for (const std::string text :
       {"python:3.11@sha256:abcdef", "git@example.org:a/b", "10:30 @ noon", "a::b@c"}) {
    EXPECT_EQ(without_secrets(text), text);
  }
}

// What must alarm the quick look, or it is never looked at closely.
TEST(Secrets, EveryFormHasItsMark) {
  for (const std::string& secret : {aws_key(),
                                    github_token(),
                                    web_token(),
                                    private_key(),
                                    std::string("AS") + "IA0123456789ABCDEF",
                                    std::string("AI") + "za" + std::string(35, 'x'),
                                    std::string("s") + "k-" + std::string(24, 'x'),
                                    std::string("xo") + "xb-" + std::string(20, '1'),
                                    std::string("pwd=x"),
                                    std::string("Bearer abcdefg1"),
                                    std::string("basic YWxhZGRpbjpvcGVu"),
                                    std::string("--password x"),
                                    std::string("a:bcd@e"),
                                    std::string("hv") + "s." + std::string(24, 'y'),
                                    std::string("gl") + "pat-" + std::string(20, 'y'),
                                    std::string("h") + "f_" + std::string(24, 'y'),
                                    std::string("np") + "m_" + std::string(36, 'y'),
                                    std::string("S") + "G." + std::string(24, 'y'),
                                    std::string("ya") + "29." + std::string(24, 'y'),
                                    std::string("r") + "k_live_" + std::string(20, 'y'),
                                    std::string("py") + "pi-" + std::string(44, 'y'),
                                    std::string("xa") + "pp-" + std::string(20, 'y'),
                                    std::string("do") + "p_v1_" + std::string(44, 'y'),
                                    std::string("AG") + "E-SECRET-KEY-" + std::string(34, 'Y')}) {
    for (const char* const before : {"a/", "(", "a-b-"}) {
      EXPECT_TRUE(may_hold_secret(before + secret)) << before << secret;
      EXPECT_TRUE(may_hold_secret(before + secret + " x")) << before << secret;
    }
    for (size_t before = 0; before < 40; ++before) {
      for (const size_t after : {0, 1, 7, 20}) {
        const std::string text =
            std::string(before, ' ') + secret + (after == 0 ? "" : " ") + std::string(after, 'x');
        std::string out;
        EXPECT_TRUE(may_hold_secret(text)) << text;
        EXPECT_TRUE(take_out_secrets(text, &out)) << text;
      }
    }
  }
}

TEST(Secrets, TheQuickLookPassesUsualText) {
  for (const char* text : {"adam", "seventeen letters", "train", "float32", "cuda", "x", "",
                           "a text of plain words, and more", "(1, 2, 3)", "/data/set/train",
                           "step-0f3d4f5e12341234123412345678901", "/data/set-1/train_images.bin",
                           "0f3d4f5e-1234-1234-1234-123456789012", "torch.nn.modules.conv.Conv2d",
                           "Scheduler-0f3d4f5e-1234-1234-1234-123456789012"}) {
    EXPECT_FALSE(may_hold_secret(text)) << text;
  }
}

TEST(Secrets, RulesOfASiteHold) {
  EXPECT_FALSE(may_hold_secret("ACME1234"));
  EXPECT_EQ(add_redaction_rules("badge*, =ACME####, =Q-*-Z\n"), 0u);
  EXPECT_EQ(add_redaction_rules("=*x, =, =" + std::string(200, 'x')), 3u);
  EXPECT_TRUE(may_hold_secret("ACME1234"));
  EXPECT_EQ(without_secrets("x ACME1234, xACME56789 ACME12"), "x [redacted], x[redacted]9 ACME12");
  EXPECT_EQ(without_secrets("Q-a-b-Z Q--Z Q-a"), "[redacted] [redacted] Q-a");
  EXPECT_EQ(without_secrets("badge_number=7"), "badge_number=[redacted]");
  EXPECT_EQ(without_secrets("password=x"), "password=[redacted]");
}

TEST(Secrets, TheWordAfterAPasswordOptionGoes) {
  const std::vector<std::string> words = {"solve",   "--password", "hunter2",
                                          "--steps", "3",          "--api-key=hunter2"};
  const std::vector<std::string> expected = {"solve",   "--password", "[redacted]",
                                             "--steps", "3",          "--api-key=[redacted]"};
  EXPECT_EQ(without_secrets(words), expected);
}

TEST(Secrets, OtherTextStays) {
  for (const std::string text :
       {"", "epoch 3 loss 0.25", "pad_token=<pad>", "s3://bucket/key", "std::string a::b", "a: b",
        "sk-", "eyJ is not a token", "--dir=/a/b --tokenizer=gpt2", "-----BEGIN CERTIFICATE-----",
        "basic training", "token: 5", "password : what you type", "the bearer of news"}) {
    size_t count = 0;
    EXPECT_EQ(without_secrets(text, Redact::kAll, &count), text);
    EXPECT_EQ(count, 0u) << text;
  }
}

}  // namespace
}  // namespace headrace::capture
