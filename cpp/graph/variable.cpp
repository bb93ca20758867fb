#include "graph/variable.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <stdexcept>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ravine {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t bytes, size_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

}  // namespace

Storage::Storage(size_t bytes, bool zeroed) : bytes_(round_up(bytes ? bytes : 1, kAlignment)) {
    if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
    const bool huge = bytes_ >= kHugePage;
    const size_t alignment = huge ? kHugePage : kAlignment;
    const size_t reserved = round_up(bytes_, alignment);
    data_ = static_cast<char*>(std::aligned_alloc(alignment, reserved));
    if (!data_) throw std::bad_alloc();
#if defined(__linux__)
    if (huge) madvise(data_, reserved, MADV_HUGEPAGE);
#endif
    if (zeroed) std::memset(data_, 0, reserved);
}

Storage::~Storage() { std::free(data_); }

Variable::Variable(std::string name, Shape shape, DType dtype, const void* value)
    : name_(std::move(name)), shape_(std::move(shape)), dtype_(dtype) {
    for (int64_t dim : shape_.dims())
        if (dim < 0)
            throw std::invalid_argument("Variable '" + name_ + "': its shape " + shape_.str() + " is not fixed.");
    storage_ = std::make_shared<Storage>(bytes());
    if (value) std::memcpy(data(), value, bytes());
}

void flatten(const std::vector<VariablePtr>& variables) {
    std::vector<Variable*> moved;
    std::set<Variable*> seen;
    size_t total = 0;
    for (const VariablePtr& variable : variables) {
        if (!variable->loose_ || !seen.insert(variable.get()).second) continue;
        moved.push_back(variable.get());
        total += round_up(variable->bytes(), kAlignment);
    }
    if (moved.empty()) return;
    // Untouched at first: each variable leaves its old memory as it moves, so that hardly anything exists twice.
    auto store = std::make_shared<Storage>(total, false);
    size_t offset = 0;
    for (Variable* variable : moved) {
        const size_t bytes = variable->bytes(), reserved = round_up(bytes, kAlignment);
        std::memcpy(store->data() + offset, variable->data(), bytes);
        std::memset(store->data() + offset + bytes, 0, reserved - bytes);
        variable->storage_ = store;
        variable->offset_ = offset;
        variable->loose_ = false;
        offset += reserved;
    }
}

}  // namespace ravine
