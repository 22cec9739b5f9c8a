// Every command of the program. A new one: declare it here and add it to the list, in the order in
// which `headrace --help` shows them.
#pragma once

#include <array>

#include "cli/program.h"

namespace headrace::cli {

void add_run(CLI::App& app, Program& program);
void add_ls(CLI::App& app, Program& program);
void add_show(CLI::App& app, Program& program);
void add_query(CLI::App& app, Program& program);
void add_tradeoff(CLI::App& app, Program& program);
void add_regret(CLI::App& app, Program& program);
void add_diff(CLI::App& app, Program& program);
void add_why(CLI::App& app, Program& program);
void add_affects(CLI::App& app, Program& program);
void add_critical_path(CLI::App& app, Program& program);
void add_stragglers(CLI::App& app, Program& program);
void add_summary(CLI::App& app, Program& program);
void add_energy(CLI::App& app, Program& program);
void add_resolve(CLI::App& app, Program& program);
void add_thermal(CLI::App& app, Program& program);
void add_phases(CLI::App& app, Program& program);
void add_reproduce(CLI::App& app, Program& program);
void add_report(CLI::App& app, Program& program);
void add_serve(CLI::App& app, Program& program);
void add_ui(CLI::App& app, Program& program);
void add_top(CLI::App& app, Program& program);
void add_watch(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_import(CLI::App& app, Program& program);
void add_backup(CLI::App& app, Program& program);
void add_prune(CLI::App& app, Program& program);
void add_compact(CLI::App& app, Program& program);
void add_tag(CLI::App& app, Program& program);
void add_note(CLI::App& app, Program& program);
void add_rm(CLI::App& app, Program& program);
void add_doctor(CLI::App& app, Program& program);
void add_sensors(CLI::App& app, Program& program);
void add_sensor_check(CLI::App& app, Program& program);
void add_lab(CLI::App& app, Program& program);
void add_config(CLI::App& app, Program& program);
void add_collect(CLI::App& app, Program& program);

using AddCommand = void (*)(CLI::App&, Program&);
inline constexpr std::array kCommands = {
    AddCommand{add_run},          AddCommand{add_ls},
    AddCommand{add_show},         AddCommand{add_query},
    AddCommand{add_tradeoff},     AddCommand{add_regret},
    AddCommand{add_diff},         AddCommand{add_why},
    AddCommand{add_affects},      AddCommand{add_critical_path},
    AddCommand{add_stragglers},   AddCommand{add_summary},
    AddCommand{add_energy},       AddCommand{add_thermal},
    AddCommand{add_phases},       AddCommand{add_resolve},
    AddCommand{add_reproduce},    AddCommand{add_report},
    AddCommand{add_top},          AddCommand{add_watch},
    AddCommand{add_export},       AddCommand{add_serve},
    AddCommand{add_ui},           AddCommand{add_import},
    AddCommand{add_backup},       AddCommand{add_tag},
    AddCommand{add_note},         AddCommand{add_rm},
    AddCommand{add_prune},        AddCommand{add_compact},
    AddCommand{add_doctor},       AddCommand{add_sensors},
    AddCommand{add_sensor_check}, AddCommand{add_lab},
    AddCommand{add_collect},      AddCommand{add_config},
};

// Parses the command line and does what it says. Returns the exit code.
int main_of(int argc, const char* const* argv);

}  // namespace headrace::cli
