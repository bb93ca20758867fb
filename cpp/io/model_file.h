// Model files: programs over shared variables in a safetensors container.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exec/program.h"

namespace ravine {

/// A metric that a program accumulates: value = total / count.
struct RunningMean {
    std::string name;
    VariablePtr total, count;
};

struct FileProgram {
    std::shared_ptr<Program> program;
    std::vector<RunningMean> metrics;
};

struct ModelContents {
    std::map<std::string, FileProgram> programs;  // "predict", and "train", "test" when compiled
    VariablePtr learning_rate;                    // null when not compiled, or when a schedule sets it
};

/// Atomic; throws std::runtime_error.
void write_model(const std::string& path, const ModelContents& contents);

/// Throws std::runtime_error naming the path and the fault.
ModelContents read_model(const std::string& path);

}  // namespace ravine
