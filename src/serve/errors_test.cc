#include "serve/errors.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

TEST(Errors, TakeAMessageApart) {
  const Response out =
      error_response(unavailable("cannot read the store: pid 7 writes it; try again"));
  EXPECT_EQ(out.status, 503);
  EXPECT_EQ(out.body,
            R"({"error":{"kind":"unavailable","what":"cannot read the store","why":"pid 7 writes )"
            R"(it","next":"try again","at":null}})");
}

TEST(Errors, ACaretBecomesAPlace) {
  const Response out =
      error_response(invalid_argument("there is no field colour\n  a:b colour:red\n      ^"));
  EXPECT_EQ(out.status, 400);
  EXPECT_EQ(out.body, R"({"error":{"kind":"invalid","what":"there is no field colour","why":null,)"
                      R"("next":null,"at":4}})");
}

}  // namespace
}  // namespace headrace::serve
