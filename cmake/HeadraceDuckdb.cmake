# DuckDB's shared library is placed by script/setup with a pinned checksum; its header is committed.
set(HEADRACE_DUCKDB_LIBRARY "${PROJECT_SOURCE_DIR}/third_party/duckdb/lib/libduckdb.so"
    CACHE FILEPATH "DuckDB 1.5.5 shared library")
if(NOT EXISTS "${HEADRACE_DUCKDB_LIBRARY}")
  message(FATAL_ERROR
    "DuckDB's library is missing: ${HEADRACE_DUCKDB_LIBRARY}\n"
    "Run ./script/setup, which places the pinned version there, then configure again.\n"
    "(To build only the capture library, which needs no DuckDB: -DHEADRACE_CAPTURE_ONLY=ON)")
endif()
add_library(headrace_duckdb SHARED IMPORTED GLOBAL)
set_target_properties(headrace_duckdb PROPERTIES
  IMPORTED_LOCATION "${HEADRACE_DUCKDB_LIBRARY}"
  IMPORTED_SONAME libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/third_party/duckdb/include")
