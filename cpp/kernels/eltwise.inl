// Element-wise kernels: the drivers that walk a tile, and the table of kernels made from eltwise.def.
//
// An op is one inline function in namespace op, named as in eltwise.def: it takes its sources and then its params as
// vectors and returns the result (Results<k> when there are several). Everything about strides, tails and in-place use
// is here, once. The same vector code serves full vectors and tails, so a result never depends on where its element
// lies.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

/// What an op with several targets returns.
template <int count>
struct Results {
    Vec value[count];
};
RAVINE_INLINE Results<1> results(Vec v) { return {{v}}; }
template <int count>
RAVINE_INLINE Results<count> results(const Results<count>& r) {
    return r;
}

template <int... i>
struct Indices {};
template <int n, int... i>
struct IndicesUpTo : IndicesUpTo<n - 1, n - 1, i...> {};
template <int... i>
struct IndicesUpTo<0, i...> {
    using type = Indices<i...>;
};

template <class Op, int... i>
RAVINE_INLINE auto apply(Op op, const Vec* arguments, Indices<i...>) {
    return results(op(arguments[i]...));
}

}  // namespace RAVINE_ISA

#include "eltwise_activations.inl"
#include "eltwise_arithmetic.inl"
#include "eltwise_losses.inl"
#include "eltwise_math.inl"
#include "eltwise_optimizers.inl"

namespace RAVINE_ISA {

/// Vectors that are worked on side by side: what waits in one goes on in the other. The baseline lacks the registers.
constexpr int kRowVectors = kWidth > 4 ? 2 : 1;
/// GCC has to be asked to mix their instructions. In the matrix product, which is in order by hand, it must not.
#if RAVINE_WIDTH > 4 && defined(__GNUC__) && !defined(__clang__)
#define RAVINE_MIX_INSTRUCTIONS __attribute__((optimize("schedule-insns")))
#else
#define RAVINE_MIX_INSTRUCTIONS
#endif

/// So many floats have left the caches before anybody can read them again.
constexpr int64_t kStreamed = 1 << 23;

/// One row of n elements. The first `dense` sources are read along the row, the others are the same for all of it.
template <int dense, int inputs, int outputs, int params, bool streamed = false, class Op>
RAVINE_INLINE void run_row(int64_t n, float* const (&out)[outputs], const float* const (&in)[inputs],
                           const Vec (&constant)[inputs + params + 1], Op op) {
    const auto step = [&](auto& r, int64_t j, int64_t lanes) __attribute__((always_inline)) {
        int64_t at = j;
        for (Results<outputs>& result : r) {
            Vec arguments[inputs + params];
            for (int k = 0; k < inputs + params; ++k)
                arguments[k] = k < dense ? load_lanes(in[k < inputs ? k : 0] + at, lanes) : constant[k];
            result = apply(op, arguments, typename IndicesUpTo<inputs + params>::type());
            at += kWidth;
        }
        for (const Results<outputs>& result : r) {
            for (int k = 0; k < outputs; ++k)
                if (streamed && lanes == kWidth)
                    stream(out[k] + j, result.value[k]);
                else
                    store_lanes(out[k] + j, result.value[k], lanes);
            j += kWidth;
        }
    };
    Results<outputs> several[kRowVectors], one[1];
    int64_t j = 0;
    for (; j + kRowVectors * kWidth <= n; j += kRowVectors * kWidth) step(several, j, kWidth);
    if (kRowVectors > 1)
        for (; j + kWidth <= n; j += kWidth) step(one, j, kWidth);
    if (j < n) step(one, j, n - j);
}

/// Rows whose first `dense` sources have step 1; the others are scalars.
template <int dense, int inputs, int outputs, int params, class Op>
RAVINE_INLINE void run_rows(const TileArgs& args, int64_t m, int64_t n, const Source* source, Op op) {
    Vec constant[inputs + params + 1];
    const float* in[inputs];
    float* out[outputs];
    for (int k = 0; k < inputs; ++k) {
        in[k] = source[k].data;
        if (k >= dense) constant[k] = splat(*in[k]);
    }
    for (int k = 0; k < params; ++k) constant[inputs + k] = splat(args.param[k]);
    for (int k = 0; k < outputs; ++k) out[k] = args.out[k].data;
    for (; m > 0; --m) {
        run_row<dense, inputs, outputs, params>(n, out, in, constant, op);
        for (int k = 0; k < dense; ++k) in[k] += source[k].ld;
        for (int k = 0; k < outputs; ++k) out[k] += args.out[k].ld;
    }
}

/// One long row that is no source as well. Written past the caches it need not be read into them first.
template <int inputs, int params, class Op>
RAVINE_INLINE void run_streamed_row(const TileArgs& args, int64_t n, const Source* source, Op op) {
    float* out[1] = {args.out[0].data};
    const auto misaligned =
        static_cast<int64_t>(reinterpret_cast<uintptr_t>(out[0]) % (kWidth * sizeof(float)) / sizeof(float));
    const int64_t head = misaligned ? kWidth - misaligned : 0;
    run_rows<inputs, inputs, 1, params>(args, 1, head, source, op);
    Vec constant[inputs + params + 1];
    const float* in[inputs];
    for (int k = 0; k < inputs; ++k) in[k] = source[k].data + head;
    for (int k = 0; k < params; ++k) constant[inputs + k] = splat(args.param[k]);
    out[0] += head;
    run_row<inputs, inputs, 1, params, true>(n - head, out, in, constant, op);
    finish_streaming();
}

/// Rows of any mixture of steps. A source of step 0 is copied to a vector that is read again and again.
template <int inputs, int outputs, int params, class Op>
RAVINE_INLINE void run_mixed_rows(const TileArgs& args, int64_t m, int64_t n, const Source* source, Op op) {
    Vec param[params + 1];
    for (int k = 0; k < params; ++k) param[k] = splat(args.param[k]);
    float copies[inputs][kWidth];
    const float* in[inputs];
    float* out[outputs];
    int64_t advance[inputs];  // floats per vector
    for (int k = 0; k < inputs; ++k) advance[k] = source[k].step ? kWidth : 0;
    const auto step = [&](int64_t lanes) __attribute__((always_inline)) {
        Vec arguments[inputs + params];
        for (int k = 0; k < inputs; ++k) arguments[k] = load_lanes(in[k], lanes);
        for (int k = 0; k < params; ++k) arguments[inputs + k] = param[k];
        const Results<outputs> r = apply(op, arguments, typename IndicesUpTo<inputs + params>::type());
        for (int k = 0; k < outputs; ++k) store_lanes(out[k], r.value[k], lanes);
    };
    for (int64_t i = 0; i < m; ++i) {
        for (int k = 0; k < outputs; ++k) out[k] = args.out[k].data + i * args.out[k].ld;
        for (int k = 0; k < inputs; ++k) {
            in[k] = source[k].data + i * source[k].ld;
            if (source[k].step) continue;
            store(copies[k], splat(*in[k]));
            in[k] = copies[k];
        }
        int64_t left = n;
        for (; left >= kWidth; left -= kWidth) {
            step(kWidth);
            for (int k = 0; k < inputs; ++k) in[k] += advance[k];
            for (int k = 0; k < outputs; ++k) out[k] += kWidth;
        }
        if (left > 0) step(left);
    }
}

/// Do rows follow each other without a gap, so that the tile is one long row?
template <int inputs, int outputs>
RAVINE_INLINE bool contiguous(const TileArgs& args, const Source* in) {
    bool yes = true;
    for (int k = 0; k < outputs; ++k) yes &= args.out[k].ld == args.n;
    for (int k = 0; k < inputs; ++k) yes &= in[k].ld == (in[k].step ? args.n : 0);
    return yes;
}

template <int inputs, int outputs, int params, class Op>
RAVINE_INLINE void run_tile(const TileArgs& args, Op op) {
    int64_t m = args.m, n = args.n;
    if (m <= 0 || n <= 0) return;
    Source in[inputs];
    for (int k = 0; k < inputs; ++k) {
        in[k] = args.in[k];
        if (n == 1) in[k].step = in[k].ld != 0;  // a single column: step means nothing, ld tells a vector from a scalar
    }
    if (m > 1 && contiguous<inputs, outputs>(args, in)) {
        n *= m;
        m = 1;
    }
    // The two common mixtures: every source has a row; or, in updates, weights, gradient and slots have.
    constexpr int arrays = outputs + 1 < inputs ? outputs + 1 : inputs;
    int rows = 0;
    while (rows < inputs && in[rows].step) ++rows;
    bool scalars = rows == arrays;
    for (int k = arrays; k < inputs; ++k) scalars &= in[k].step == 0 && in[k].ld == 0;
    if constexpr (outputs == 1) {
        bool in_place = false;
        for (int k = 0; k < inputs; ++k) in_place |= in[k].data == args.out[0].data;
        if (rows == inputs && m == 1 && n >= kStreamed && !in_place)
            return run_streamed_row<inputs, params>(args, n, in, op);
    }
    if (rows == inputs)
        run_rows<inputs, inputs, outputs, params>(args, m, n, in, op);
    else if (scalars)
        run_rows<arrays, inputs, outputs, params>(args, m, n, in, op);
    else
        run_mixed_rows<inputs, outputs, params>(args, m, n, in, op);
}

#define RAVINE_ELTWISE(name, inputs, outputs, params)                                                               \
    RAVINE_MIX_INSTRUCTIONS static void tile_##name(const TileArgs& args) {                                         \
        run_tile<inputs, outputs, params>(args,                                                                     \
                                          [](auto... v) __attribute__((always_inline)) { return op::name(v...); }); \
    }
#include "eltwise.def"
#undef RAVINE_ELTWISE

}  // namespace RAVINE_ISA
