#include "io/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace ravine {

namespace {

using Json = nlohmann::json;
constexpr uint64_t kMaxHeader = uint64_t{100} << 20;

const char* dtype_name(DType dtype) { return dtype == DType::f32 ? "F32" : dtype == DType::f64 ? "F64" : "I64"; }

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
    throw std::runtime_error("'" + path + "': " + why);
}

/// What the operating system refused, with its reason.
[[noreturn]] void fail_of_system(const std::string& path, const char* what) {
    throw std::system_error(errno, std::generic_category(), "'" + path + "': " + what);
}

/// Removes the temporary file unless it was renamed.
struct Temporary {
    std::string path;
    bool kept = false;
    ~Temporary() {
        if (!kept) std::remove(path.c_str());
    }
};

}  // namespace

void write_safetensors(const std::string& path, const SafetensorsFile& file) {
    Json header = Json::object();
    if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
    size_t offset = 0;
    for (const FileTensor& tensor : file.tensors) {
        header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                               {"shape", tensor.shape},
                               {"data_offsets", {offset, offset + tensor.bytes}}};
        offset += tensor.bytes;
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    unsigned char length[8];
    for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(static_cast<uint64_t>(text.size()) >> (8 * i));

#if defined(__unix__) || defined(__APPLE__)
    Temporary temporary{path + ".tmp" + std::to_string(::getpid())};
#else
    Temporary temporary{path + ".tmp"};
#endif
    File out(std::fopen(temporary.path.c_str(), "wb"));
    if (!out) fail_of_system(path, "cannot be written");
    const auto put = [&](const void* data, size_t bytes) {
        if (bytes && std::fwrite(data, 1, bytes, out.get()) != bytes) fail_of_system(path, "could not be written");
    };
    put(length, sizeof length);
    put(text.data(), text.size());
    for (const FileTensor& tensor : file.tensors) put(tensor.data, tensor.bytes);
    if (std::fflush(out.get()) != 0) fail_of_system(path, "could not be written");
#if defined(__unix__) || defined(__APPLE__)
    if (::fsync(::fileno(out.get())) != 0) fail_of_system(path, "could not be flushed to disk");
#endif
    out.reset();
    if (std::rename(temporary.path.c_str(), path.c_str()) != 0) fail_of_system(path, "could not be replaced");
    temporary.kept = true;
}

SafetensorsFile read_safetensors(const std::string& path) {
    File in(std::fopen(path.c_str(), "rb"));
    if (!in) fail_of_system(path, "cannot be read");
    if (std::fseek(in.get(), 0, SEEK_END) != 0) fail(path, "cannot be read: it is no regular file.");
    const long end = std::ftell(in.get());
    std::rewind(in.get());
    const uint64_t size = end < 0 ? 0 : static_cast<uint64_t>(end);
    unsigned char length_bytes[8];
    if (size < 8 || std::fread(length_bytes, 1, 8, in.get()) != 8) fail(path, "truncated: it has no header.");
    uint64_t length = 0;
    for (int i = 0; i < 8; ++i) length |= static_cast<uint64_t>(length_bytes[i]) << (8 * i);
    if (length > kMaxHeader || length > size - 8)
        fail(path, "not a model file, or truncated: its header would have " + std::to_string(length) + " bytes.");
    std::string text(static_cast<size_t>(length), '\0');
    if (std::fread(text.data(), 1, text.size(), in.get()) != text.size()) fail(path, "truncated in its header.");
    SafetensorsFile file;
    file.buffer.resize(static_cast<size_t>(size - 8 - length));
    if (!file.buffer.empty() && std::fread(file.buffer.data(), 1, file.buffer.size(), in.get()) != file.buffer.size())
        fail(path, "truncated in its tensors.");

    const Json header = Json::parse(text, nullptr, false);
    if (!header.is_object()) fail(path, "not a model file: its header is no JSON object.");
    try {
        std::vector<std::pair<uint64_t, uint64_t>> ranges;
        for (const auto& [name, entry] : header.items()) {
            if (name == "__metadata__") {
                for (const auto& [key, value] : entry.items()) file.metadata[key] = value.get<std::string>();
                continue;
            }
            FileTensor tensor;
            tensor.name = name;
            const std::string dtype = entry.at("dtype").get<std::string>();
            if (dtype == "F32")
                tensor.dtype = DType::f32;
            else if (dtype == "F64")
                tensor.dtype = DType::f64;
            else if (dtype == "I64")
                tensor.dtype = DType::i64;
            else
                fail(path, "tensor '" + name + "' has the unknown type '" + dtype + "'.");
            uint64_t elements = 1, checked = 1;  // without sizes of 0, which would hide others
            for (const Json& item : entry.at("shape")) {
                const uint64_t dim = item.is_number_unsigned() ? item.get<uint64_t>() : ~uint64_t{0};
                if (dim > (uint64_t{1} << 40) || checked > (uint64_t{1} << 40) / std::max<uint64_t>(dim, 1))
                    fail(path, "tensor '" + name + "' has an impossible shape.");
                elements *= dim;
                checked *= std::max<uint64_t>(dim, 1);
                tensor.shape.push_back(static_cast<int64_t>(dim));
            }
            const Json& range = entry.at("data_offsets");
            if (!range.is_array() || range.size() != 2 || !range[0].is_number_unsigned() ||
                !range[1].is_number_unsigned())
                fail(path, "tensor '" + name + "' has no byte range.");
            const uint64_t begin = range[0].get<uint64_t>(), stop = range[1].get<uint64_t>();
            tensor.bytes = static_cast<size_t>(elements) * static_cast<size_t>(dtype_size(tensor.dtype));
            if (begin > stop || stop > file.buffer.size() || stop - begin != tensor.bytes)
                fail(path, "truncated or altered: tensor '" + name + "' does not lie within the file.");
            tensor.data = file.buffer.data() + begin;
            ranges.emplace_back(begin, stop);
            file.tensors.push_back(std::move(tensor));
        }
        std::sort(ranges.begin(), ranges.end());
        uint64_t next = 0;
        for (const auto& [begin, stop] : ranges) {
            if (begin != next) fail(path, "altered: its tensors overlap or leave gaps.");
            next = stop;
        }
        if (next != file.buffer.size()) fail(path, "altered: its tensors do not fill the file.");
    } catch (const Json::exception& error) {
        fail(path, std::string("altered: its header cannot be read (") + error.what() + ").");
    }
    return file;
}

}  // namespace ravine
