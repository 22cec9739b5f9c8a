// A C++ program of somebody else: a small relaxation with four captured sweeps.
#include <vector>

#include <headrace/headrace.hpp>

int main() {
  headrace::Workflow workflow("relax", {{"points", 64}});
  std::vector<double> field(64, 0.0);
  field.front() = 1.0;
  for (int sweep = 0; sweep < 4; ++sweep) {
    headrace::Task task("sweep", {{"number", sweep}});
    double change = 0.0;
    for (size_t i = 1; i + 1 < field.size(); ++i) {
      const double next = 0.5 * (field[i - 1] + field[i + 1]);
      change += next > field[i] ? next - field[i] : field[i] - next;
      field[i] = next;
    }
    task.generated({{"change", change}});
  }
  return 0;
}
