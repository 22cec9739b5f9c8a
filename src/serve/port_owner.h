// Who listens at a port of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace headrace::serve {

// "pid 4711 (jupyter-lab)"; "a process of user 1004" where that may not be known; "" when nobody
// does. `proc_root` stands for /proc.
std::string port_owner(uint16_t port, const std::string& proc_root = "/proc");

}  // namespace headrace::serve
