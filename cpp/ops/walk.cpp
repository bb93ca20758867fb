#include "ops/walk.h"

#include <algorithm>

namespace ravine {

std::vector<int64_t> row_major_strides(const Shape& shape) {
    std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
    int64_t stride = 1;
    for (int64_t axis = shape.rank(); axis-- > 0;) {
        strides[static_cast<size_t>(axis)] = stride;
        if (shape[axis] != kBatch) stride *= shape[axis];
    }
    return strides;
}

namespace {

void copy_line(const float* src, int64_t src_step, float* dst, int64_t dst_step, int64_t count) {
    if (dst_step != 1) {
        for (int64_t j = 0; j < count; ++j) dst[j * dst_step] = src[j * src_step];
    } else if (src_step == 0) {
        std::fill_n(dst, count, *src);
    } else if (src_step == 1) {
        std::copy_n(src, count, dst);
    } else {
        for (int64_t j = 0; j < count; ++j) dst[j] = src[j * src_step];
    }
}

}  // namespace

void run_walk(const Call& call, const Slice& slice) {
    const Walk& walk = *static_cast<const Walk*>(call.params);
    const int64_t rank = static_cast<int64_t>(walk.dims.size());
    const float* src = call.src(0) + walk.source_begin;
    float* dst = call.dst() + walk.target_begin;
    const bool by_rows = slice.axis == Axis::rows;
    if (walk.cleared) {
        const int64_t samples = by_rows ? slice.end - slice.begin : walk.batched ? slice.rows : 1;
        std::fill_n(call.dst() + (by_rows ? slice.begin * walk.cleared : 0), samples * walk.cleared, 0.0f);
    }
    if (rank == 0) {
        *dst = *src;
        return;
    }
    const size_t last = static_cast<size_t>(rank - 1);
    const int64_t first = by_rows ? slice.begin : 0;
    const int64_t top = by_rows ? slice.end : walk.batched ? slice.rows : walk.dims[0];
    int64_t index[kMaxRank] = {first};
    int64_t inner = 1;
    for (size_t axis = 1; axis <= last; ++axis) inner *= walk.dims[axis];
    if (inner == 0 || first >= top) return;
    src += first * walk.source[0];
    dst += first * walk.target[0];
    const int64_t width = rank == 1 ? top - first : walk.dims[last];
    for (;;) {
        copy_line(src, walk.source[last], dst, walk.target[last], width);
        int64_t axis = rank - 2;
        for (; axis >= 0; --axis) {
            const size_t i = static_cast<size_t>(axis);
            const int64_t begin = axis == 0 ? first : 0, end = axis == 0 ? top : walk.dims[i];
            src += walk.source[i];
            dst += walk.target[i];
            if (++index[i] < end) break;
            src -= (end - begin) * walk.source[i];
            dst -= (end - begin) * walk.target[i];
            index[i] = begin;
        }
        if (axis < 0) return;
    }
}

void define_walk(OpDef& op) {
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return static_cast<double>(view.out().size(rows)); };
    op.run = run_walk;
}

}  // namespace ravine
