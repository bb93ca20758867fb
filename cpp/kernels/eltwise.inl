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

/// The pointers of one row. A source of step 0 points to kWidth copies of its value, and its advance is 0, so that one
/// loop serves every mixture of steps.
template <int inputs, int outputs>
struct TileRow {
    const float* in[inputs];
    float* out[outputs];
    int64_t advance[inputs];  // floats per vector: kWidth or 0
};

/// Vectors that are worked on side by side: what waits in one goes on in the other. The baseline lacks the registers.
constexpr int kRowVectors = kWidth > 4 ? 2 : 1;
/// GCC has to be asked to mix their instructions. In the matrix product, which is in order by hand, it must not.
#if RAVINE_WIDTH > 4 && defined(__GNUC__) && !defined(__clang__)
#define RAVINE_MIX_INSTRUCTIONS __attribute__((optimize("schedule-insns")))
#else
#define RAVINE_MIX_INSTRUCTIONS
#endif

/// all_dense: every advance is kWidth, known at compile time.
template <int inputs, int outputs, int params, bool all_dense, class Op>
RAVINE_INLINE void run_row(TileRow<inputs, outputs> row, int64_t n, const Vec (&param)[params + 1], Op op) {
    const auto run = [&](auto& r, int64_t lanes) __attribute__((always_inline)) {
        for (Results<outputs>& result : r) {
            Vec arguments[inputs + params];
            for (int k = 0; k < inputs; ++k) {
                arguments[k] = load_lanes(row.in[k], lanes);
                row.in[k] += all_dense ? kWidth : row.advance[k];
            }
            for (int k = 0; k < params; ++k) arguments[inputs + k] = param[k];
            result = apply(op, arguments, typename IndicesUpTo<inputs + params>::type());
        }
        for (const Results<outputs>& result : r)
            for (int k = 0; k < outputs; ++k) {
                store_lanes(row.out[k], result.value[k], lanes);
                row.out[k] += kWidth;
            }
    };
    Results<outputs> several[kRowVectors], one[1];
    for (; n >= kRowVectors * kWidth; n -= kRowVectors * kWidth) run(several, kWidth);
    if (kRowVectors > 1)
        for (; n >= kWidth; n -= kWidth) run(one, kWidth);
    if (n > 0) run(one, n);
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
    Vec param[params + 1];
    for (int k = 0; k < params; ++k) param[k] = splat(args.param[k]);

    bool all_dense = true;
    float copies[inputs][kWidth];
    TileRow<inputs, outputs> row;
    for (int k = 0; k < inputs; ++k) {
        row.advance[k] = in[k].step ? kWidth : 0;
        all_dense &= in[k].step != 0;
    }
    for (int64_t i = 0; i < m; ++i) {
        for (int k = 0; k < outputs; ++k) row.out[k] = args.out[k].data + i * args.out[k].ld;
        for (int k = 0; k < inputs; ++k) {
            row.in[k] = in[k].data + i * in[k].ld;
            if (in[k].step) continue;
            store(copies[k], splat(*row.in[k]));
            row.in[k] = copies[k];
        }
        if (all_dense)
            run_row<inputs, outputs, params, true>(row, n, param, op);
        else
            run_row<inputs, outputs, params, false>(row, n, param, op);
    }
}

#define RAVINE_ELTWISE(name, inputs, outputs, params)                                                               \
    RAVINE_MIX_INSTRUCTIONS static void tile_##name(const TileArgs& args) {                                         \
        run_tile<inputs, outputs, params>(args,                                                                     \
                                          [](auto... v) __attribute__((always_inline)) { return op::name(v...); }); \
    }
#include "eltwise.def"
#undef RAVINE_ELTWISE

}  // namespace RAVINE_ISA
