// Which instruction set runs.
#pragma once
#include <string>
#include <vector>

#include "kernels/table.h"

namespace ravine {

/// Instruction sets that this build has and this machine (CPU and operating system) can run, the best first.
std::vector<std::string> available_isas();

/// The kernels in use: the best available, or what RAVINE_ISA names. Throws std::invalid_argument when RAVINE_ISA names
/// one that cannot run here.
const KernelTable& current_kernels();

/// Pins another one. Throws std::invalid_argument with the list of those that can run.
void set_isa(const std::string& name);

}  // namespace ravine
