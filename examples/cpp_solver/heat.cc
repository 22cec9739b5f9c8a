// The 2-D heat equation on a square, implicit in time, captured with Headrace.
//
// Backward Euler: each step solves (I - dt Laplacian) u_new = u_old with conjugate gradients. The
// workflow's values are the parameters, each step is a task with its residual, and the parameter
// file and the resulting field are objects, so that lineage leads from the field to its parameters.
//   heat PARAMETER_FILE OUTPUT_FILE
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <headrace/headrace.hpp>

namespace {

using Field = std::vector<double>;

struct Parameters {
  int cells = 64;  // in each direction
  int steps = 20;
  double dt = 1e-3;
  double tolerance = 1e-8;
};

Parameters read_parameters(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Parameters out;
  for (std::string name; file >> name;) {
    const bool ok = name == "cells"       ? bool(file >> out.cells)
                    : name == "steps"     ? bool(file >> out.steps)
                    : name == "dt"        ? bool(file >> out.dt)
                    : name == "tolerance" ? bool(file >> out.tolerance)
                                          : false;
    if (!ok) throw std::runtime_error(path + ": cannot understand '" + name + "'");
  }
  if (out.cells < 2 || out.steps < 1 || !(out.dt > 0) || !(out.tolerance > 0)) {
    throw std::runtime_error(path + ": cells >= 2, steps >= 1, dt > 0 and tolerance > 0 needed");
  }
  return out;
}

class Heat {
 public:
  explicit Heat(const Parameters& parameters)
      : n_(static_cast<size_t>(parameters.cells)),
        ratio_(parameters.dt * parameters.cells * parameters.cells),
        tolerance_(parameters.tolerance),
        u_(n_ * n_) {
    // A hot square in the middle of a cold plate whose rim is held at zero.
    for (size_t y = n_ / 3; y < n_ - n_ / 3; ++y) {
      for (size_t x = n_ / 3; x < n_ - n_ / 3; ++x) u_[y * n_ + x] = 1;
    }
  }

  struct Solved {
    int iterations = 0;
    double residual = 0;
  };
  // One step of time.
  Solved advance() {
    Field r = u_, p, applied(u_.size());
    apply(u_, applied);  // the old field is the first guess
    for (size_t i = 0; i < r.size(); ++i) r[i] -= applied[i];
    p = r;
    double rr = dot(r, r);
    const double goal = tolerance_ * tolerance_ * std::max(dot(u_, u_), 1e-300);
    Solved out;
    for (; !(rr <= goal); ++out.iterations) {  // also entered with NaN
      if (out.iterations > 10000 || !std::isfinite(rr)) throw std::runtime_error("diverged");
      apply(p, applied);
      const double alpha = rr / dot(p, applied);
      for (size_t i = 0; i < r.size(); ++i) {
        u_[i] += alpha * p[i];
        r[i] -= alpha * applied[i];
      }
      const double rr_new = dot(r, r);
      for (size_t i = 0; i < p.size(); ++i) p[i] = r[i] + rr_new / rr * p[i];
      rr = rr_new;
    }
    out.residual = std::sqrt(rr);
    return out;
  }

  double mean() const {
    double sum = 0;
    for (const double value : u_) sum += value;
    return sum / static_cast<double>(u_.size());
  }
  void write(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(u_.data()),
               static_cast<std::streamsize>(u_.size() * sizeof(double)));
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
  }

 private:
  static double dot(const Field& a, const Field& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  // out = (I - dt Laplacian) in, with the five-point stencil.
  void apply(const Field& in, Field& out) const {
    for (size_t y = 0; y < n_; ++y) {
      for (size_t x = 0; x < n_; ++x) {
        const size_t i = y * n_ + x;
        const double around = (x > 0 ? in[i - 1] : 0) + (x + 1 < n_ ? in[i + 1] : 0) +
                              (y > 0 ? in[i - n_] : 0) + (y + 1 < n_ ? in[i + n_] : 0);
        out[i] = in[i] + ratio_ * (4 * in[i] - around);
      }
    }
  }

  size_t n_;
  double ratio_;
  double tolerance_;
  Field u_;
};

void run(const std::string& parameter_file, const std::string& output_file) {
  const Parameters parameters = read_parameters(parameter_file);
  headrace::Workflow workflow("heat", {{"parameters", headrace::file_object(parameter_file)},
                                       {"cells", parameters.cells},
                                       {"steps", parameters.steps},
                                       {"dt", parameters.dt},
                                       {"tolerance", parameters.tolerance}});
  Heat heat(parameters);
  int iterations = 0;
  for (int i = 0; i < parameters.steps; ++i) {
    headrace::Task step("step", {{"number", i}, {"time", (i + 1) * parameters.dt}});
    const Heat::Solved solved = heat.advance();
    iterations += solved.iterations;
    step.generated({{"residual", solved.residual},
                    {"iterations", solved.iterations},
                    {"mean_temperature", heat.mean()}});
  }
  headrace::in_task("write field", {}, [&](headrace::Task& task) {
    heat.write(output_file);
    task.generated({{"field", headrace::file_object(output_file, "field")}});
  });
  workflow.generated({{"iterations", iterations}, {"mean_temperature", heat.mean()}});
  std::printf("%d steps, %d iterations, mean temperature %.6f\n", parameters.steps, iterations,
              heat.mean());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: heat PARAMETER_FILE OUTPUT_FILE\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heat: %s\n", error.what());
    return 1;
  }
}
