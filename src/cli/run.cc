// headrace run -- COMMAND...
#include <memory>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/energy_budget.h"
#include "cli/joules_option.h"
#include "cli/over_budget.h"
#include "cli/run_summary.h"
#include "collect/adopt.h"
#include "run/run_program.h"
#include "telemetry/cpu_power.h"
#include "telemetry/kept_file.h"
#include "telemetry/powercap.h"
#include "telemetry/telemetry.h"

namespace headrace::cli {

void add_run(CLI::App& app, Program& program) {
  struct Options {
    std::string campaign;
    std::string workflow;
    bool no_files = false;
    bool deep = false;
    bool torch = false;
    double energy_budget_j = 0;
    std::string over_budget = "warn";
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "run", "Runs any program, unchanged, and records it as a workflow",
      "  headrace run -- python train.py --lr 0.01\n"
      "  headrace run --campaign \"mesh study\" -- ./solver input.txt\n"
      "  srun headrace run --dir $SCRATCH/.headrace -- ./solver\n\n"
      "The exit code is the program's; 128 + N when signal N ended it. 127: there is no such\n"
      "program, 126: it cannot be executed, 125: headrace itself failed.\n");
  verb->add_option("--campaign", options->campaign, "The campaign that the run belongs to")
      ->type_name("NAME");
  verb->add_option("--workflow", options->workflow,
                   "What to call the workflow (default: the program's name)")
      ->type_name("NAME");
  verb->add_flag("--no-files", options->no_files,
                 "Do not see which files the program and those that it starts open");
  verb->add_flag("--deep", options->deep,
                 "See files by system calls: also those of static programs and Go. Slower")
      ->excludes("--no-files");
  verb->add_flag("--torch", options->torch,
                 "Watch the PyTorch models of Python programs: layers, steps, checkpoints");
  CLI::Option* budget =
      add_joules_option(verb, "--energy-budget", options->energy_budget_j,
                        "Say when the machine has used more than this since the program began: "
                        "5kJ, 300 J, 0.2kWh");
  verb->add_option("--over-budget", options->over_budget,
                   "What to do then: warn (default), or stop: end the program by SIGTERM")
      ->check(CLI::IsMember({"warn", "stop"}))
      ->needs(budget)
      ->type_name("WHAT");
  program.runs(verb, [options, &program]() -> int {
    if (program.command.empty() || program.command[0].empty()) {
      std::fprintf(stderr, "headrace: run needs a command: headrace run -- python train.py\n");
      return run::kRunFailed;
    }
    telemetry::install();
    run::RunOptions run_options;
    run_options.command = program.command;
    run_options.campaign = options->campaign;
    run_options.workflow = options->workflow;
    run_options.directory = Directory{program.root()};
    run_options.files = !options->no_files;
    run_options.deep = options->deep;
    run_options.torch = options->torch;
    const telemetry::Roots roots = telemetry::roots_from_environment();
    if (!telemetry::Powercap(roots).reads_a_package()) {
      const telemetry::CpuPower power =
          telemetry::assume_cpu_power(telemetry::read_once(roots.proc + "/cpuinfo").value_or(""));
      run_options.busy_cpu_w = power.busy_w;
      run_options.busy_cpu_assumption = power.assumption;
    }
    // On a compute node whose memory is wiped after the job nobody else will.
    run_options.processes_ended = [directory = run_options.directory, told = false](
                                      const run::RunOptions::HowEnded& how_ended) mutable {
      const collect::AdoptReport report =
          collect::adopt(directory, Liveness(), {.ended_by = how_ended});
      if (report.left == 0 || std::exchange(told, true)) return;
      std::fprintf(stderr, "headrace: what a killed process recorded last stays in memory: %s\n",
                   report.problem.message().c_str());
    };
    std::optional<EnergyBudget> energy_budget;
    if (options->energy_budget_j > 0) {
      energy_budget.emplace(EnergyBudget::Options{
          options->energy_budget_j, options->over_budget == "stop",
          [](const std::string& text) { std::fprintf(stderr, "headrace: %s\n", text.c_str()); },
          [&](double joules) {
            return note_over_budget(run_options.directory, options->energy_budget_j, joules);
          }});
      run_options.program_started = [&](pid_t started) { energy_budget->begin(started); };
      run_options.program_ended = [&] { energy_budget->end(); };
    }
    return run::run_program(run_options,
                            [&](const run::Recorded& recorded) { say_summary(program, recorded); });
  });
}

}  // namespace headrace::cli
