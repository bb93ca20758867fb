// Batch normalization over the rows of a matrix, forward and backward (Ioffe & Szegedy 2015, algorithm 1 and its
// gradient in section 3). Channels are taken a panel at a time, so that the passes over x meet it in a near cache.
#pragma once
#include "fold.inl"

namespace RAVINE_ISA {

/// Runs body(offset, lanes) on all elements, where body = prepare(column, lanes) may hold what depends on the column
/// only. Offsets, columns and merged rows are those of fold_rows.
template <class Prepare>
RAVINE_INLINE void for_matrix(int64_t m, int64_t n, int64_t ld, Prepare prepare) {
    constexpr int64_t kBlock = 128;
    const auto walk = [&](int64_t base, int64_t rows, int64_t columns, int64_t stride) __attribute__((always_inline)) {
        for (int64_t i = 0; i < rows; i += kBlock) {
            const int64_t end = rows - i < kBlock ? rows : i + kBlock;
            int64_t j = 0;
            for (; j + kWidth <= columns; j += kWidth) {
                const auto body = prepare(j, kWidth);
                for (int64_t row = i; row < end; ++row) body(base + row * stride + j, kWidth);
            }
            if (j == columns) continue;
            const auto body = prepare(j, columns - j);
            for (int64_t row = i; row < end; ++row) body(base + row * stride + j, columns - j);
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

/// One parameter of each channel, repeated as often as merged rows need it.
struct ChannelValues {
    float value[kMaxPeriod];
};
template <class F>
RAVINE_INLINE void fill_channels(ChannelValues& channels, int64_t n, int64_t ld, F f) {
    for (int64_t j = 0; j < n; ++j) channels.value[j] = f(j);
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
    float sums[kPanel];

    fold_rows<Sum>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return load_lanes(x + offset, lanes); },
        sums);
    fill_channels(mean, n, ld, [&](int64_t j) { return args.mean[c0 + j] = sums[j] / count; });

    fold_rows<Sum>(
        m, n, ld,
        [=, &mean](int64_t offset, int64_t column, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = load_lanes(x + offset, lanes) - load_lanes(mean.value + column, lanes);
            return d * d;
        },
        sums);
    fill_channels(scale, n, ld, [&](int64_t j) {
        const float variance = sums[j] / count;
        const float inv_std = 1.0f / sqrt_vec(splat(variance + args.epsilon))[0];
        args.variance[c0 + j] = variance;
        args.inv_std[c0 + j] = inv_std;
        return args.gamma ? inv_std * args.gamma[c0 + j] : inv_std;
    });
    fill_channels(beta, n, ld, [&](int64_t j) { return args.beta ? args.beta[c0 + j] : 0.0f; });

    for_matrix(m, n, ld, [=, &mean, &scale, &beta](int64_t column, int64_t width) __attribute__((always_inline)) {
        const Vec mu = load_lanes(mean.value + column, width);
        const Vec a = load_lanes(scale.value + column, width), b = load_lanes(beta.value + column, width);
        return [=](int64_t offset, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(y + offset, fma(load_lanes(x + offset, lanes) - mu, a, b), lanes);
        };
    });
}

static void batch_norm(const BatchNormArgs& args) {
    for (int64_t c0 = 0; args.m > 0 && c0 < args.n; c0 += kPanel)
        batch_norm_panel(args, c0, args.n - c0 < kPanel ? args.n - c0 : kPanel);
}

static void batch_norm_grad_panel(const BatchNormArgs& args, int64_t c0, int64_t n) {
    const int64_t m = args.m, ld = args.ld;
    const float *x = args.x + c0, *dy = args.dy + c0;
    float* dx = args.dx ? args.dx + c0 : nullptr;
    const float count = static_cast<float>(m);
    ChannelValues mean, mean_dy, slope, scale;
    float sum_dy[kPanel], sum_dy_d[kPanel];  // sums of dy and of dy (x - mean)

    fill_channels(mean, n, ld, [&](int64_t j) { return args.mean[c0 + j]; });
    fold_rows<Sum>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return load_lanes(dy + offset, lanes); },
        sum_dy);
    fold_rows<Sum>(
        m, n, ld,
        [=, &mean](int64_t offset, int64_t column, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = load_lanes(x + offset, lanes) - load_lanes(mean.value + column, lanes);
            return load_lanes(dy + offset, lanes) * d;
        },
        sum_dy_d);
    for (int64_t j = 0; j < n; ++j) {
        if (args.dbeta) args.dbeta[c0 + j] = sum_dy[j];
        if (args.dgamma) args.dgamma[c0 + j] = sum_dy_d[j] * args.inv_std[c0 + j];
    }
    if (!dx) return;

    // dx = scale (dy - mean(dy) - (x - mean) slope)
    fill_channels(mean_dy, n, ld, [&](int64_t j) { return sum_dy[j] / count; });
    fill_channels(slope, n, ld, [&](int64_t j) {
        const float inv_std = args.inv_std[c0 + j];
        return inv_std * inv_std * (sum_dy_d[j] / count);
    });
    fill_channels(scale, n, ld, [&](int64_t j) {
        return args.gamma ? args.inv_std[c0 + j] * args.gamma[c0 + j] : args.inv_std[c0 + j];
    });
    for_matrix(
        m, n, ld, [=, &mean, &mean_dy, &slope, &scale](int64_t column, int64_t width) __attribute__((always_inline)) {
            const Vec mu = load_lanes(mean.value + column, width), shift = load_lanes(mean_dy.value + column, width);
            const Vec b = load_lanes(slope.value + column, width), a = load_lanes(scale.value + column, width);
            return [=](int64_t offset, int64_t lanes) __attribute__((always_inline)) {
                const Vec d = load_lanes(x + offset, lanes) - mu;
                store_lanes(dx + offset, a * fma(-d, b, load_lanes(dy + offset, lanes) - shift), lanes);
            };
        });
}

static void batch_norm_grad(const BatchNormArgs& args) {
    for (int64_t c0 = 0; c0 < args.n; c0 += kPanel)
        batch_norm_grad_panel(args, c0, args.n - c0 < kPanel ? args.n - c0 : kPanel);
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
