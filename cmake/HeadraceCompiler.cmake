# One set of flags for every target: C++20, warnings, reproducible paths, ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_package(Threads REQUIRED)

add_library(headrace_flags INTERFACE)
target_compile_options(headrace_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wconversion
  -Wno-sign-conversion
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
if(HEADRACE_WERROR)
  target_compile_options(headrace_flags INTERFACE -Werror)
endif()
target_include_directories(headrace_flags INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>"
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
target_link_libraries(headrace_flags INTERFACE Threads::Threads)

set(HEADRACE_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined")
if(HEADRACE_SANITIZE)
  target_compile_options(headrace_flags INTERFACE
    "-fsanitize=${HEADRACE_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(headrace_flags INTERFACE "-fsanitize=${HEADRACE_SANITIZE}")
  if(HEADRACE_SANITIZE MATCHES "undefined")
    # It tries memory out by a pipe, which a process that bounds itself may not make.
    target_compile_options(headrace_flags INTERFACE -fno-sanitize=vptr)
  endif()
  if(HEADRACE_FUZZ)
    # Coverage in every room; the targets themselves link libFuzzer's main.
    target_compile_options(headrace_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  # What a sanitizer adds hides from gcc where a variant's string is set, and it warns in vain.
  target_compile_options(headrace_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(HEADRACE_SANITIZE MATCHES "thread")
    # TSan does not model fences; what they order here is atomic itself, so it has no race to see.
    target_compile_options(headrace_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    # Nor can it follow threads that the child of a threaded process starts.
    set(HEADRACE_TEST_FILTER "-*Fork*")
  endif()
  set(HEADRACE_TEST_ENVIRONMENT
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan_suppressions.txt"
    "ASAN_OPTIONS=detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1")
endif()

find_program(HEADRACE_CCACHE ccache)
if(HEADRACE_CCACHE)
  # CCACHE_BASEDIR and -ffile-prefix-map let two clones share compiled objects; the cache itself
  # lies outside the clone (ccache's own default, or CCACHE_DIR).
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1)
  if(NOT DEFINED ENV{CCACHE_DIR} AND NOT DEFINED ENV{XDG_CACHE_HOME}
     AND (NOT DEFINED ENV{HOME} OR NOT IS_DIRECTORY "$ENV{HOME}"))
    list(APPEND launcher "CCACHE_DIR=/tmp/headrace-ccache")
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher} "${HEADRACE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} "${HEADRACE_CCACHE}")
endif()
find_program(HEADRACE_MOLD mold)
if(HEADRACE_MOLD AND NOT HEADRACE_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()
