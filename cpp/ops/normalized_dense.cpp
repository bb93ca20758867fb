// The backward pass of a product Z = Y W whose Y is a batch normalization of something that wants no gradient, the
// network's input say. Then dY = dZ W^T, as large a product as dW, is not needed: with P = Xhat^T dZ and s the column
// sums of dZ,
//   dgamma_j = sum_i Xhat_ij dY_ij = sum_c P_jc W_jc,   dbeta_j = sum_i dY_ij = sum_c s_c W_jc,
//   dW_jc = sum_i (gamma_j Xhat_ij + beta_j) dZ_ic = gamma_j P_jc + beta_j s_c.
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

struct Sizes {
    int64_t features, units;
    bool batched;
    int64_t rows;  // of x; of one sample when batched
};

enum Input { x, mean, inv_std, gamma, beta, dz, w };

Sizes sizes_of(const NodeView& view) {
    return {view.in(w)[0], view.in(w)[1], view.in(x).batched(), view.in(x).batched() ? 1 : view.in(x)[0]};
}

int64_t padded(int64_t count) { return (count + kDotLanes - 1) / kDotLanes * kDotLanes; }

/// What every tile of P passes through on its way.
struct Context {
    const Call* call;
    const Slice* slice;
    int64_t units;
    const float* sums;
    float *dot_p, *dot_s;
    const Epilogue* next;

    /// The tile that is all the rows of the slice, but for P.
    NormalizedGradArgs whole() const {
        NormalizedGradArgs args{};
        args.w = call->src(w) + slice->begin * units;
        args.ld_w = units;
        args.s = sums;
        args.gamma = call->src(gamma) + slice->begin;
        args.beta = call->src(beta) + slice->begin;
        args.dot_p = dot_p;
        args.dot_s = dot_s;
        return args;
    }
};

void apply(const void* context, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m, int64_t n) {
    const Context& c = *static_cast<const Context*>(context);
    NormalizedGradArgs args = c.whole();
    args.m = m;
    args.n = n;
    args.column = j;
    args.p = tile;
    args.ld_p = ld;
    args.w += i * c.units + j;
    args.s += j;
    args.gamma += i;
    args.beta += i;
    args.dot_p += i * kDotLanes;
    args.dot_s += i * kDotLanes;
    c.call->kernels->normalized_grad(args);
    if (c.next) c.next->apply(c.next->context, tile, ld, i, j, m, n);
}

/// Xhat of the features of the slice, [rows, ld].
void standardize(const Call& call, const Slice& slice, int64_t features, int64_t rows, float* dst, int64_t ld) {
    static const float one = 1, zero = 0;
    TileArgs args{};
    args.m = rows;
    args.n = slice.end - slice.begin;
    args.out[0] = {dst, ld};
    args.in[0] = {call.src(x) + slice.begin, features, 1};
    args.in[1] = {call.src(mean) + slice.begin, 0, 1};
    args.in[2] = {call.src(inv_std) + slice.begin, 0, 1};
    args.in[3] = {&one, 0, 0};
    args.in[4] = {&zero, 0, 0};
    call.kernels->eltwise[static_cast<int>(Eltwise::normalize)](args);
}

void multiply(const Call& call, const Slice& given, const Epilogue* next) {
    const Sizes& sizes = *static_cast<const Sizes*>(call.params);
    Slice slice = given;
    if (slice.axis != Axis::rows) slice.begin = 0, slice.end = sizes.features;
    const int64_t rows = sizes.rows * (sizes.batched ? slice.rows : 1), features = slice.end - slice.begin;
    const int64_t ld = padded(features);
    float* const standard = slice.scratch;
    float* const sums = standard + rows * ld;
    float* const dots = sums + padded(sizes.units);
    standardize(call, slice, sizes.features, rows, standard, ld);
    call.kernels->reduce_over_rows(Reduction::sum, rows, sizes.units, call.src(dz), sizes.units, sums);
    std::fill_n(dots, 2 * features * kDotLanes, 0.0f);

    const Context context{&call, &slice, sizes.units, sums, dots, dots + features * kDotLanes, next};
    Epilogue epilogue{apply, &context, nullptr};
    const NormalizedGradArgs whole = context.whole();
    Update update;
    if (next && next->update && next->update->args.in[0].data == whole.w && !next->update->decay &&
        !next->update->sign_decay && !next->update->clip) {
        update = *next->update;
        update.normalized = &whole;
        epilogue.update = &update;
    }
    GemmArgs args{};
    args.m = features;
    args.n = sizes.units;
    args.k = rows;
    args.a = standard;
    args.a_row = 1;
    args.a_col = ld;
    args.b = call.src(dz);
    args.b_row = sizes.units;
    args.b_col = 1;
    args.c = call.dst() ? call.dst() + slice.begin * sizes.units : nullptr;
    args.ldc = sizes.units;
    args.epilogue = &epilogue;
    args.scratch = dots + 2 * features * kDotLanes;
    call.kernels->gemm(args);
    for (int k = 0; k < 2; ++k)
        if (float* const gradient = call.dst(1 + k))
            call.kernels->reduce_over_columns(Reduction::sum, features, kDotLanes, dots + k * features * kDotLanes,
                                              kDotLanes, gradient + slice.begin);
}

}  // namespace

void register_normalized_dense(Registry& registry) {
    OpDef& op = define(registry, "normalized_dense_gradients");
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 7);
        const Shape &from = graph.shape(inputs[x]), &weights = graph.shape(inputs[w]);
        if (from.rank() != 2 || weights.rank() != 2 || from.last() != weights[0])
            throw std::invalid_argument("cannot multiply " + from.str() + " by " + weights.str() + ".");
        // Narrower products may be cut anywhere; from here on only between vectors, as the lanes of the row sums need.
        if (weights[1] < kDotLanes) throw std::invalid_argument("expected at least 16 columns of weights.");
        for (int i = mean; i <= beta; ++i)
            expect_shape("statistics, gamma and beta", Shape{from.last()}, graph.shape(inputs[static_cast<size_t>(i)]));
        expect_shape("a gradient", Shape{from[0], weights[1]}, graph.shape(inputs[dz]));
        return std::vector<Shape>{weights, Shape{from.last()}, Shape{from.last()}};
    };
    op.splits = [](const NodeView& view) {
        return std::vector<Split>{
            {Axis::rows,
             view.in(w)[0],
             {Axis::columns, Axis::columns, Axis::columns, Axis::columns, Axis::columns, Axis::all, Axis::rows},
             {Axis::rows, Axis::rows, Axis::rows}}};
    };
    op.cost = [](const NodeView& view, int64_t rows) {
        const Sizes sizes = sizes_of(view);
        const double samples = static_cast<double>(sizes.rows * (sizes.batched ? rows : 1));
        return static_cast<double>(sizes.features) * static_cast<double>(sizes.units) * (samples / 28 + 0.2);
    };
    op.scratch = [](const NodeView& view, int64_t rows, const KernelTable& kernels) {
        const Sizes sizes = sizes_of(view);
        const int64_t samples = sizes.rows * (sizes.batched ? rows : 1);
        return samples * padded(sizes.features) + padded(sizes.units) + 2 * sizes.features * kDotLanes +
               kernels.gemm_scratch(sizes.features, sizes.units, samples, false, true);
    };
    op.prepare = [](const NodeView& view) { return std::make_shared<Sizes>(sizes_of(view)); };
    op.optional_outputs = true;
    op.reads_by_tile = {w};
    op.run = [](const Call& call, const Slice& slice) { multiply(call, slice, nullptr); };
    op.run_with_epilogue = [](const Call& call, const Slice& slice, const Epilogue& next) {
        multiply(call, slice, &next);
    };
}

}  // namespace ravine
