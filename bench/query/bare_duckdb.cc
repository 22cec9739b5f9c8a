// The floor of a command's time: opens a DuckDB file, asks one question, reads the answer.
//   headrace_bench_bare_duckdb FILE SQL
#include <cstdio>

#include "duckdb.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  duckdb_config config = nullptr;
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  duckdb_result result;
  if (duckdb_create_config(&config) == DuckDBError ||
      duckdb_set_config(config, "access_mode", "READ_ONLY") == DuckDBError ||
      duckdb_set_config(config, "threads", "2") == DuckDBError ||
      duckdb_open_ext(argv[1], &database, config, nullptr) == DuckDBError ||
      duckdb_connect(database, &connection) == DuckDBError) {
    std::fprintf(stderr, "cannot open %s\n", argv[1]);
    return 1;
  }
  if (duckdb_query(connection, argv[2], &result) == DuckDBError) {
    std::fprintf(stderr, "%s\n", duckdb_result_error(&result));
    return 1;
  }
  unsigned long long rows = 0;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    rows += duckdb_data_chunk_get_size(chunk);
    duckdb_destroy_data_chunk(&chunk);
  }
  std::printf("%llu rows\n", rows);
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  duckdb_destroy_config(&config);
  return 0;
}
