// Makes a folder in which the page is measured, and prints what it holds as a line of JSON.
//   headrace_bench_page FOLDER LARGE GRAPH SWEEP
// so many tasks of the workflow "large" and of "graph", so many workflows of the campaign "sweep".
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "collect/open.h"
#include "made_works.h"

int main(int argc, char** argv) {
  using namespace headrace;
  if (argc != 5) {
    std::fprintf(stderr, "usage: headrace_bench_page FOLDER LARGE GRAPH SWEEP\n");
    return 2;
  }
  const Directory directory{std::filesystem::path(argv[1]) / ".headrace"};
  const uint64_t large = std::strtoull(argv[2], nullptr, 10);
  const uint64_t graph = std::strtoull(argv[3], nullptr, 10);
  const uint64_t sweep = std::strtoull(argv[4], nullptr, 10);
  if (large > 0) bench::make_large_work(directory, large);
  if (graph > 0) bench::make_graph_work(directory, graph);
  if (sweep > 0) bench::make_sweep(directory, static_cast<uint32_t>(sweep));
  collect::FoldReport report;
  collect::OpenOptions options;
  options.report = &report;
  const Result<store::Store> store = collect::open_folded(directory, options);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().message().c_str());
    return 1;
  }
  std::printf("{\"large\": \"%s\", \"graph\": \"%s\", \"sweep\": \"%s\", \"tasks\": %llu}\n",
              bench::kLargeWork.text().c_str(), bench::kGraphWork.text().c_str(),
              bench::kSweep.text().c_str(), static_cast<unsigned long long>(report.tasks));
  return report.quarantined == 0 ? 0 : 1;
}
