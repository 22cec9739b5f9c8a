#include "run/variables.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "capture/redaction.h"
#include "capture/secrets.h"

extern char** environ;

namespace headrace::run {
namespace {

constexpr std::array<std::string_view, 38> kNames = {
    "PATH",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LIBRARY_PATH",
    "CPATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "SPACK_ENV",
    "LOADEDMODULES",
    "LMOD_SYSTEM_NAME",
    "R_LIBS",
    "JULIA_PROJECT",
    "JULIA_NUM_THREADS",
    "JULIA_DEPOT_PATH",
    "LANG",
    "LC_ALL",
    "LC_NUMERIC",
    "TZ",
    "TMPDIR",
    "SHELL",
    "HOSTNAME",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "MALLOC_ARENA_MAX",
    "MASTER_ADDR",
    "MASTER_PORT",
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "SOURCE_DATE_EPOCH",
};

constexpr std::array<std::string_view, 54> kPrefixes = {
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "BLIS_",
    "NUMEXPR_",
    "NUMBA_",
    "CUDA_",
    "CUBLAS_",
    "CUDNN_",
    "NVIDIA_VISIBLE",
    "NCCL_",
    "NVSHMEM_",
    "ROCR_",
    "HIP_",
    "HSA_",
    "RCCL_",
    "MIOPEN_",
    "ZE_",
    "SYCL_",
    "ONEAPI_",
    "TORCH_",
    "PYTORCH_",
    "TORCHINDUCTOR_",
    "TF_CPP_",
    "TF_XLA_",
    "TF_NUM_",
    "TF_ENABLE_",
    "TF_GPU_",
    "TF_CUDNN_",
    "TF_FORCE_",
    "TF_DETERMINISTIC_",
    "XLA_",
    "JAX_",
    "TRITON_",
    "OMPI_MCA_",
    "OMPI_COMM_WORLD_",
    "MPICH_",
    "I_MPI_",
    "PMI_",
    "PMIX_",
    "PALS_",
    "UCX_",
    "FI_",
    "GASNET_",
    "SLURM_",
    "PBS_",
    "LSB_",
    "FLUX_",
    "COBALT_",
    "SGE_",
    "KOKKOS_",
    "HDF5_",
};

constexpr std::array<std::string_view, 9> kPlaceNames = {
    "HOSTNAME", "SHELL",      "TMPDIR",     "MASTER_ADDR",      "MASTER_PORT",
    "RANK",     "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE",
};
constexpr std::array<std::string_view, 10> kPlacePrefixes = {
    "OMPI_COMM_WORLD_", "PMI_", "PMIX_", "PALS_", "SLURM_", "PBS_", "LSB_", "FLUX_",
    "COBALT_",          "SGE_",
};

bool begins_with_one(std::string_view name, std::span<const std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool is_kept_variable(std::string_view name) {
  if (capture::secrecy_of_name(name) != capture::Secrecy::kNone) return false;
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         begins_with_one(name, kPrefixes);
}

bool is_of_the_place(std::string_view name) {
  return std::find(kPlaceNames.begin(), kPlaceNames.end(), name) != kPlaceNames.end() ||
         begins_with_one(name, kPlacePrefixes);
}

NestedMap kept_variables() {
  std::map<std::string_view, std::string_view> kept;  // in order of names
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    if (is_kept_variable(name)) kept.emplace(name, variable.substr(equals + 1));
  }
  NestedMap map;
  for (const auto& [name, value] : kept) {
    map.add(name, capture::without_secrets(value.substr(0, kMaxVariableBytes)));
  }
  return map;
}

}  // namespace headrace::run
