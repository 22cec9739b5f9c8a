// Heat in a square plate with one hot edge, by Jacobi's method: MPI ranks hold bands of rows,
// OpenMP threads sweep blocks of a band. Captured with Headrace.
//
// All ranks of one mpirun join one workflow without talking about it. A task `sweep` is one
// iteration of one rank; under it stand `halo`, the exchange with the neighbours, and a task
// `relax` for each thread, which says which task it belongs to because threads do not inherit one.
//   mpirun -n 2 plate CELLS SWEEPS
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mpi.h>
#include <omp.h>
#include <vector>

#include <headrace/headrace.hpp>

namespace {

// Rows [first, first + rows) of a cells x cells plate, with one row more on each side that belongs
// to a neighbour or to the rim.
class Band {
 public:
  Band(int cells, int rank, int ranks)
      : cells_(cells),
        first_(cells * rank / ranks),
        rows_(cells * (rank + 1) / ranks - first_),
        above_(rank > 0 ? rank - 1 : MPI_PROC_NULL),
        below_(rank + 1 < ranks ? rank + 1 : MPI_PROC_NULL),
        now_(static_cast<size_t>(rows_ + 2) * static_cast<size_t>(cells)),
        next_(now_.size()) {
    if (rank == 0) {
      std::fill_n(now_.begin(), cells, 100.0);  // the hot edge
      std::fill_n(next_.begin(), cells, 100.0);
    }
  }
  int first() const { return first_; }
  int rows() const { return rows_; }

  void exchange() {
    MPI_Sendrecv(row(1), cells_, MPI_DOUBLE, above_, 0, row(rows_ + 1), cells_, MPI_DOUBLE, below_,
                 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(row(rows_), cells_, MPI_DOUBLE, below_, 1, row(0), cells_, MPI_DOUBLE, above_, 1,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  // The largest change in rows [from, to) of the band.
  double relax(int from, int to) {
    double change = 0;
    const auto width = static_cast<size_t>(cells_);
    for (auto y = static_cast<size_t>(from) + 1; y <= static_cast<size_t>(to); ++y) {
      for (size_t x = 1; x + 1 < width; ++x) {
        const size_t i = y * width + x;
        next_[i] = (now_[i - 1] + now_[i + 1] + now_[i - width] + now_[i + width]) / 4;
        change = std::max(change, std::fabs(next_[i] - now_[i]));
      }
    }
    return change;
  }
  void advance() { now_.swap(next_); }

 private:
  double* row(int y) { return &now_[static_cast<size_t>(y) * static_cast<size_t>(cells_)]; }

  int cells_;
  int first_;
  int rows_;
  int above_;
  int below_;
  std::vector<double> now_;
  std::vector<double> next_;
};

// One iteration; the largest change anywhere on the plate.
double sweep(Band& band, int number) {
  headrace::Task task("sweep", {{"number", number}});
  {
    const headrace::Task halo("halo");
    band.exchange();
  }
  double change = 0;
  const headrace::TaskId parent = headrace::current_task();
#pragma omp parallel reduction(max : change)
  {
    const int thread = omp_get_thread_num();
    const int from = band.rows() * thread / omp_get_num_threads();
    const int to = band.rows() * (thread + 1) / omp_get_num_threads();
    headrace::Task relax("relax", parent,
                         {{"first_row", band.first() + from}, {"rows", to - from}});
    change = band.relax(from, to);
    relax.generated({{"change", change}});
  }
  band.advance();
  double largest = 0;
  MPI_Allreduce(&change, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  task.generated({{"change", largest}});
  return largest;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int cells = argc == 3 ? std::atoi(argv[1]) : 0;
  const int sweeps = argc == 3 ? std::atoi(argv[2]) : 0;
  if (cells < 3 || cells < ranks || sweeps < 1) {
    if (rank == 0) std::fprintf(stderr, "usage: plate CELLS SWEEPS (at least 3 cells)\n");
    MPI_Finalize();
    return 2;
  }
  {
    headrace::Workflow workflow("plate", {{"cells", cells},
                                          {"sweeps", sweeps},
                                          {"ranks", ranks},
                                          {"threads", omp_get_max_threads()}});
    Band band(cells, rank, ranks);
    double change = 0;
    for (int i = 0; i < sweeps; ++i) change = sweep(band, i);
    workflow.generated({{"change", change}});
    if (rank == 0) std::printf("%d sweeps, last change %.6f\n", sweeps, change);
  }
  MPI_Finalize();
}
