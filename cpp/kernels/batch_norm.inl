// Batch normalization over the rows of a matrix, forward and backward (Ioffe & Szegedy 2015, algorithm 1 and its
// gradient in section 3). Channels are taken a panel at a time, so that the passes over x meet it in a near cache.
#pragma once
#include "fold.inl"

namespace RAVINE_ISA {

/// dst[offset] = body(offset, lanes) for all elements, where body = prepare(column, lanes) may hold what depends on the
/// column only. Offsets, columns and merged rows are those of fold_rows.
template <class Prepare>
RAVINE_INLINE void for_matrix(int64_t m, int64_t n, int64_t ld, float* dst, Prepare prepare) {
    // Elements of a few rows are read before any is written: where rows lie a multiple of 4 KiB apart, a load behind a
    // store to another row has to wait for it.
    constexpr int kRows = 4;
    const int64_t block = rows_collide(m, n, ld) ? kRows : 128;
    const auto walk = [&](int64_t base, int64_t rows, int64_t columns, int64_t stride) __attribute__((always_inline)) {
        const auto down = [&](int64_t row, int64_t end, int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const auto body = prepare(j, lanes);
            int64_t offset = base + row * stride + j;
            for (; row + kRows <= end; row += kRows, offset += kRows * stride) {
                Vec v[kRows];
#pragma GCC unroll 4
                for (int k = 0; k < kRows; ++k) v[k] = body(offset + k * stride, lanes);
#pragma GCC unroll 4
                for (int k = 0; k < kRows; ++k) store_lanes(dst + offset + k * stride, v[k], lanes);
            }
            for (; row < end; ++row, offset += stride) store_lanes(dst + offset, body(offset, lanes), lanes);
        };
        for (int64_t i = 0; i < rows; i += block) {
            const int64_t end = smaller(rows, i + block);
            int64_t j = 0;
            for (; j + kWidth <= columns; j += kWidth) down(i, end, j, kWidth);
            if (j < columns) down(i, end, j, columns - j);
        }
    };
    if (rows_are_merged(n, ld)) {
        const int64_t period = n * kWidth, whole = m / kWidth;
        walk(0, whole, period, period);
        walk(whole * period, 1, (m - whole * kWidth) * n, period);
    } else {
        walk(0, m, n, ld);
    }
}

/// Channels that are taken together.
RAVINE_INLINE int64_t panel_of(const BatchNormArgs& args) {
    return rows_collide(args.m, args.n, args.ld) ? kStrip : kPanel;
}
constexpr int64_t kMaxPanel = kStrip > kMaxPeriod ? kStrip : kMaxPeriod;

/// One parameter of each channel, repeated as often as merged rows need it.
struct ChannelValues {
    float value[kMaxPanel];  // full vectors are written
};
/// f(channel, lanes) is the vector of the parameters from `channel` on.
template <class F>
RAVINE_INLINE void fill_channels(ChannelValues& channels, int64_t n, int64_t ld, F f) {
    for (int64_t j = 0; j < n; j += kWidth) store(channels.value + j, f(j, smaller(kWidth, n - j)));
    if (rows_are_merged(n, ld))
        for (int64_t j = n; j < n * kWidth; ++j) channels.value[j] = channels.value[j - n];
}

/// One panel of at most kPanel channels, the first of which is c0.
static void batch_norm_panel(const BatchNormArgs& args, int64_t c0, int64_t n) {
    const int64_t m = args.m, ld = args.ld;
    const float* x = args.x + c0;
    float* y = args.y + c0;
    const float count = static_cast<float>(m);
    ChannelValues mean, scale, beta;
    float sums[kMaxPanel];

    fold_rows<Sum, true>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return load_lanes(x + offset, lanes); },
        sums);
    fill_channels(mean, n, ld, [&](int64_t j, int64_t lanes) {
        const Vec mu = load(sums + j) / count;
        store_partial(args.mean + c0 + j, mu, lanes);
        return mu;
    });

    fold_rows<Sum, true>(
        m, n, ld,
        [=, &mean](int64_t offset, int64_t column, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = load_lanes(x + offset, lanes) - load_lanes(mean.value + column, lanes);
            return d * d;
        },
        sums);
    fill_channels(scale, n, ld, [&](int64_t j, int64_t lanes) {
        const Vec variance = load(sums + j) / count;
        const Vec inv_std = 1.0f / sqrt_vec(variance + args.epsilon);
        store_partial(args.variance + c0 + j, variance, lanes);
        store_partial(args.inv_std + c0 + j, inv_std, lanes);
        return args.gamma ? inv_std * load_partial(args.gamma + c0 + j, lanes) : inv_std;
    });
    fill_channels(beta, n, ld, [&](int64_t j, int64_t lanes) {
        return args.beta ? load_partial(args.beta + c0 + j, lanes) : Vec{};
    });

    for_matrix(m, n, ld, y, [=, &mean, &scale, &beta](int64_t column, int64_t width) __attribute__((always_inline)) {
        const Vec mu = load_lanes(mean.value + column, width);
        const Vec a = load_lanes(scale.value + column, width), b = load_lanes(beta.value + column, width);
        return [=](int64_t offset, int64_t lanes)
                   __attribute__((always_inline)) { return fma(load_lanes(x + offset, lanes) - mu, a, b); };
    });
}

static void batch_norm(const BatchNormArgs& args) {
    const int64_t panel = panel_of(args);
    for (int64_t c0 = 0; args.m > 0 && c0 < args.n; c0 += panel)
        batch_norm_panel(args, c0, smaller(panel, args.n - c0));
}

static void batch_norm_grad_panel(const BatchNormArgs& args, int64_t c0, int64_t n) {
    const int64_t m = args.m, ld = args.ld;
    const float *x = args.x + c0, *dy = args.dy + c0;
    float* dx = args.dx ? args.dx + c0 : nullptr;
    const float count = static_cast<float>(m);
    ChannelValues mean, mean_dy, slope, scale;
    float sum_dy[kMaxPanel], sum_dy_d[kMaxPanel];  // sums of dy and of dy (x - mean)

    fill_channels(mean, n, ld, [&](int64_t j, int64_t lanes) { return load_partial(args.mean + c0 + j, lanes); });
    fold_rows<Sum, true>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return load_lanes(dy + offset, lanes); },
        sum_dy);
    fold_rows<Sum, true>(
        m, n, ld,
        [=, &mean](int64_t offset, int64_t column, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = load_lanes(x + offset, lanes) - load_lanes(mean.value + column, lanes);
            return load_lanes(dy + offset, lanes) * d;
        },
        sum_dy_d);
    for (int64_t j = 0; j < n; j += kWidth) {
        const int64_t lanes = smaller(kWidth, n - j);
        if (args.dbeta) store_partial(args.dbeta + c0 + j, load(sum_dy + j), lanes);
        if (!args.dgamma) continue;
        const Vec inv_std = load_partial(args.inv_std + c0 + j, lanes);
        store_partial(args.dgamma + c0 + j, load(sum_dy_d + j) * inv_std, lanes);
    }
    if (!dx) return;

    // dx = scale (dy - mean(dy) - (x - mean) slope)
    fill_channels(mean_dy, n, ld, [&](int64_t j, int64_t) { return load(sum_dy + j) / count; });
    fill_channels(slope, n, ld, [&](int64_t j, int64_t lanes) {
        const Vec inv_std = load_partial(args.inv_std + c0 + j, lanes);
        return inv_std * inv_std * (load(sum_dy_d + j) / count);
    });
    fill_channels(scale, n, ld, [&](int64_t j, int64_t lanes) {
        const Vec inv_std = load_partial(args.inv_std + c0 + j, lanes);
        return args.gamma ? inv_std * load_partial(args.gamma + c0 + j, lanes) : inv_std;
    });
    for_matrix(m, n, ld, dx,
               [=, &mean, &mean_dy, &slope, &scale](int64_t column, int64_t width) __attribute__((always_inline)) {
                   const Vec mu = load_lanes(mean.value + column, width),
                             shift = load_lanes(mean_dy.value + column, width);
                   const Vec b = load_lanes(slope.value + column, width), a = load_lanes(scale.value + column, width);
                   return [=](int64_t offset, int64_t lanes) __attribute__((always_inline)) {
                       const Vec d = load_lanes(x + offset, lanes) - mu;
                       return a * fma(-d, b, load_lanes(dy + offset, lanes) - shift);
                   };
               });
}

static void batch_norm_grad(const BatchNormArgs& args) {
    const int64_t panel = panel_of(args);
    for (int64_t c0 = 0; c0 < args.n; c0 += panel) batch_norm_grad_panel(args, c0, smaller(panel, args.n - c0));
}

static void normalized_grad(const NormalizedGradArgs& args) {
    constexpr int kVectors = kDotLanes / kWidth;
    for (int64_t i = 0; i < args.m; ++i) {
        float* const p = args.p + i * args.ld_p;
        const float* const w = args.w + i * args.ld_w;
        const Vec gamma = splat(args.gamma[i]), beta = splat(args.beta[i]);
        Vec dot_p[kVectors], dot_s[kVectors];
        // A column's lane must not depend on where its tile begins: vector v of the tile's sixteens is this one.
        const auto lanes_of = [&](int v) { return i * kDotLanes + (args.column + v * kWidth) % kDotLanes; };
        for (int v = 0; v < kVectors; ++v) {
            dot_p[v] = load(args.dot_p + lanes_of(v));
            dot_s[v] = load(args.dot_s + lanes_of(v));
        }
        const auto step = [&](int v, int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec product = load_lanes(p + j, lanes), weight = load_lanes(w + j, lanes);
            const Vec sum = load_lanes(args.s + j, lanes);
            dot_p[v] = fma(product, weight, dot_p[v]);
            dot_s[v] = fma(sum, weight, dot_s[v]);
            store_lanes(p + j, fma(gamma, product, beta * sum), lanes);
        };
        int64_t j = 0;
        for (; j + kDotLanes <= args.n; j += kDotLanes)
            for (int v = 0; v < kVectors; ++v) step(v, j + v * kWidth, kWidth);
        for (int v = 0; v < kVectors; ++v, j += kWidth)
            if (j < args.n) step(v, j, smaller(kWidth, args.n - j));
        for (int v = 0; v < kVectors; ++v) {
            store(args.dot_p + lanes_of(v), dot_p[v]);
            store(args.dot_s + lanes_of(v), dot_s[v]);
        }
    }
}

}  // namespace RAVINE_ISA
