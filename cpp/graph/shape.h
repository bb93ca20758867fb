// Shapes and element types of graph values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ravine {

/// The size of the one free dimension, the batch. It may stand only in front.
inline constexpr int64_t kBatch = -1;

/// f32 carries everything that is computed, class indices and truth values included (exact up to 2^24).
/// i64 is for counters (steps, seeds), f64 for running totals; both are only ever variables.
enum class DType : uint8_t { f32, f64, i64 };

inline int64_t dtype_size(DType type) { return type == DType::f32 ? 4 : 8; }

class Shape {
  public:
    Shape() = default;
    Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
    explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

    const std::vector<int64_t>& dims() const { return dims_; }
    int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
    int64_t operator[](int64_t axis) const { return dims_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
    bool batched() const { return !dims_.empty() && dims_[0] == kBatch; }
    /// Size of the last dimension; 1 for a scalar, kBatch for a vector with one value per sample.
    int64_t last() const { return dims_.empty() ? 1 : dims_.back(); }
    /// Elements per sample of a batched value, all elements of another.
    int64_t unit() const;
    /// Elements when the batch has `rows` samples.
    int64_t size(int64_t rows) const { return batched() ? rows * unit() : unit(); }
    bool operator==(const Shape& other) const { return dims_ == other.dims_; }
    bool operator!=(const Shape& other) const { return !(*this == other); }
    /// As Python writes it: (None, 784), (3,), ().
    std::string str() const;

  private:
    std::vector<int64_t> dims_;
};

}  // namespace ravine
