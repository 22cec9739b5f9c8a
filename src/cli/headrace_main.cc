#include "cli/commands.h"

int main(int argc, char** argv) { return headrace::cli::main_of(argc, argv); }
