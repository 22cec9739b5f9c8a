#include "capture/redaction.h"

#include <gtest/gtest.h>

namespace headrace::capture {
namespace {

TEST(Redaction, SecretNames) {
  for (const char* name : {"password", "PASSWORD", "db_password", "userPassword", "api_key",
                           "apiKey", "API-KEY", "OPENAI_API_KEY", "aws_secret_access_key",
                           "client_secret", "Authorization", "credentials", "ssh_key"}) {
    EXPECT_EQ(secrecy_of_name(name), Secrecy::kAny) << name;
  }
}

TEST(Redaction, TokensAreSecretOnlyAsText) {
  for (const char* name : {"token", "hf_token", "githubToken", "HEADRACE_TOKEN", "auth"}) {
    EXPECT_EQ(secrecy_of_name(name), Secrecy::kText) << name;
  }
}

TEST(Redaction, WordsOfLanguageModelsAreNoSecrets) {
  for (const char* name :
       {"tokens", "max_tokens", "tokenizer", "pad_token", "eos_token", "tokens_per_step",
        "token_id", "key", "keys", "primary_key", "author", "n_heads", "secretary", "", "lr"}) {
    EXPECT_EQ(secrecy_of_name(name), Secrecy::kNone) << name;
  }
}

}  // namespace
}  // namespace headrace::capture
