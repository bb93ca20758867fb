// State that outlives a step: parameters, optimizer slots, statistics, counters.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/shape.h"

namespace ravine {

inline constexpr size_t kAlignment = 64;

/// Zeroed memory aligned to 64 bytes (to huge pages when it is large). Throws std::bad_alloc.
class Storage {
  public:
    /// Zeros, or with `zeroed` false whatever the memory held.
    explicit Storage(size_t bytes, bool zeroed = true);
    ~Storage();
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    char* data() const { return data_; }
    size_t bytes() const { return bytes_; }

  private:
    char* data_;
    size_t bytes_;
};

/// A named tensor. Its memory starts out loose and is moved, once, into a flat store that it shares with the other
/// variables of its model (see flatten); programs bind only to variables that lie in such a store.
class Variable {
  public:
    /// value: shape.size() elements of dtype, copied; null gives zeros. The shape must have no free dimension.
    Variable(std::string name, Shape shape, DType dtype, const void* value);

    const std::string& name() const { return name_; }
    void rename(std::string name) { name_ = std::move(name); }
    const Shape& shape() const { return shape_; }
    DType dtype() const { return dtype_; }
    size_t bytes() const { return static_cast<size_t>(shape_.unit() * dtype_size(dtype_)); }
    void* data() const { return storage_->data() + offset_; }
    const std::shared_ptr<Storage>& storage() const { return storage_; }

  private:
    friend void flatten(const std::vector<std::shared_ptr<Variable>>& variables);

    std::string name_;
    Shape shape_;
    DType dtype_;
    std::shared_ptr<Storage> storage_;
    size_t offset_ = 0;
    bool loose_ = true;
};

using VariablePtr = std::shared_ptr<Variable>;

/// Moves the loose ones among the variables into one new flat store, in order, each at a 64-byte boundary.
/// Pointers taken before from a loose variable go on pointing to its old memory.
void flatten(const std::vector<VariablePtr>& variables);

}  // namespace ravine
