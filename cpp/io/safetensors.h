// The safetensors container: an 8-byte length, a JSON header with dtype, shape and byte range of each tensor, the
// bytes.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/shape.h"

namespace ravine {

struct FileTensor {
    std::string name;
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    const void* data = nullptr;
    size_t bytes = 0;
};

struct SafetensorsFile {
    std::map<std::string, std::string> metadata;
    std::vector<FileTensor> tensors;
    std::vector<char> buffer;  // what the tensors point to, when read
};

/// Writes beside `path`, flushes to disk and renames. Throws std::runtime_error with the system's reason.
void write_safetensors(const std::string& path, const SafetensorsFile& file);

/// Reads and checks everything: lengths, names, dtypes, shapes, ranges that must tile the buffer. Throws
/// std::runtime_error naming the path and the fault.
SafetensorsFile read_safetensors(const std::string& path);

}  // namespace ravine
