// An option whose value is an energy: 300 J, 5kJ, 0.2kWh.
#pragma once

#include <map>
#include <string>

#include "cli/program.h"

namespace headrace::cli {

inline CLI::Option* add_joules_option(CLI::App* verb, const std::string& name, double& joules,
                                      const std::string& about) {
  return verb->add_option(name, joules, about)
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{
              {"J", 1}, {"kJ", 1e3}, {"MJ", 1e6}, {"GJ", 1e9}, {"Wh", 3600}, {"kWh", 3.6e6}},
          CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::PositiveNumber)
      ->type_name("J");
}

}  // namespace headrace::cli
