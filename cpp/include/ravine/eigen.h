// Views of ravine's memory for users of Eigen (not needed otherwise; Eigen must be on the include path).
#pragma once
#include <Eigen/Core>
#include <stdexcept>
#include <string>

#include "ravine/model.h"

namespace ravine {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A variable of rank 1 or 2 as a matrix over its own memory (rank 1: one row). Throws std::invalid_argument for
/// others.
inline Eigen::Map<RowMatrix> matrix(const TensorView& tensor) {
    if (tensor.shape.empty() || tensor.shape.size() > 2)
        throw std::invalid_argument("variable '" + tensor.name + "' is no matrix.");
    const int64_t rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
    return {tensor.data, rows, tensor.shape.back()};
}

/// Predictions for a batch in a row-major matrix, one sample a row; x is copied. Throws std::invalid_argument when its
/// columns are not input_size().
inline RowMatrix predict(Model& model, const Eigen::Ref<const RowMatrix, 0, Eigen::OuterStride<>>& x) {
    if (x.cols() != model.input_size())
        throw std::invalid_argument("predict: expected " + std::to_string(model.input_size()) + " columns, received " +
                                    std::to_string(x.cols()) + ".");
    const RowMatrix dense = x;
    RowMatrix y(dense.rows(), model.output_size());
    model.predict(dense.data(), dense.rows(), y.data());
    return y;
}

}  // namespace ravine
