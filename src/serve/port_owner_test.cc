#include "serve/port_owner.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace headrace::serve {
namespace {

TEST(PortOwner, NamesTheProcessThatListens) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  socklen_t size = sizeof at;
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
  const std::string owner = port_owner(ntohs(at.sin_port));
  EXPECT_EQ(owner.find("pid " + std::to_string(getpid()) + " ("), 0U) << owner;
  close(listener);
  EXPECT_EQ(port_owner(ntohs(at.sin_port)), "");
}

}  // namespace
}  // namespace headrace::serve
