// Batch normalization over the rows of a matrix, forward and backward (Ioffe & Szegedy 2015, algorithm 1 and its
// gradient in section 3). Channels are taken a panel at a time, so that the passes over x meet it in a near cache.
#pragma once
#include "fold.inl"

namespace RAVINE_ISA {

/// A matrix whose rows are short and follow each other without a gap is written as rows of kWidth * n: no lane is idle.
RAVINE_INLINE bool rows_are_merged(int64_t n, int64_t ld) { return 0 < n && ld == n && n <= kWidth / 2; }

/// dst[offset] = body(offset, lanes) for all elements, where body = prepare(j, lanes) may hold what depends on the
/// column only. In merged rows column j stands at j, j + n, j + 2 n and so on.
template <class Prepare>
RAVINE_INLINE void for_matrix(int64_t m, int64_t n, int64_t ld, float* dst, Prepare prepare) {
    constexpr int kTogether = 4;
    const auto row = [=](int64_t offset, int64_t lanes, const auto& bodies) __attribute__((always_inline)) {
        for (const auto& body : bodies) {
            store_lanes(dst + offset, body(offset, lanes), lanes);
            offset += kWidth;
        }
    };
    // Where rows lie a multiple of 4 KiB apart, a load behind a store to another row has to wait for it: elements of a
    // few rows are read before any is written.
    const auto colliding_rows = [=](int64_t offset, int64_t lanes, const auto& body) __attribute__((always_inline)) {
        Vec v[kTogether];
#pragma GCC unroll 4
        for (int k = 0; k < kTogether; ++k) v[k] = body(offset + k * ld, lanes);
#pragma GCC unroll 4
        for (int k = 0; k < kTogether; ++k) store_lanes(dst + offset + k * ld, v[k], lanes);
    };
    const auto down = [=](int64_t begin, int64_t rows, int64_t stride, int64_t j, int64_t lanes)
                          __attribute__((always_inline)) {
                              const decltype(prepare(j, lanes)) one[] = {prepare(j, lanes)};
                              for (int64_t i = 0; i < rows; ++i) row(begin + i * stride + j, lanes, one);
                          };
    const auto walk = [=](int64_t begin, int64_t rows, int64_t columns, int64_t stride) __attribute__((always_inline)) {
        int64_t j = 0;
        for (; j + kTogether * kWidth <= columns; j += kTogether * kWidth) {
            const decltype(prepare(j, kWidth)) several[] = {prepare(j, kWidth), prepare(j + kWidth, kWidth),
                                                            prepare(j + 2 * kWidth, kWidth),
                                                            prepare(j + 3 * kWidth, kWidth)};
            for (int64_t i = 0; i < rows; ++i) row(begin + i * stride + j, kWidth, several);
        }
        for (; j + kWidth <= columns; j += kWidth) down(begin, rows, stride, j, kWidth);
        if (j < columns) down(begin, rows, stride, j, columns - j);
    };
    if (rows_are_merged(n, ld)) {
        const int64_t period = n * kWidth, whole = m / kWidth;
        walk(0, whole, period, period);
        walk(whole * period, 1, (m - whole * kWidth) * n, period);
    } else if (rows_collide(m, n, ld)) {
        int64_t i = 0;
        for (; i + kTogether <= m; i += kTogether) {
            int64_t j = 0;
            for (; j + kWidth <= n; j += kWidth) colliding_rows(i * ld + j, kWidth, prepare(j, kWidth));
            if (j < n) colliding_rows(i * ld + j, n - j, prepare(j, n - j));
        }
        walk(i * ld, m - i, n, ld);
    } else {
        walk(0, m, n, ld);
    }
}

/// Channels that are taken together.
RAVINE_INLINE int64_t panel_of(const BatchNormArgs& args) {
    return rows_collide(args.m, args.n, args.ld) ? kStrip : kPanel;
}
constexpr int64_t kLongestMerged = kWidth / 2 * kWidth, kMaxPanel = kStrip > kLongestMerged ? kStrip : kLongestMerged;

/// One parameter of each channel, as full vectors.
struct ChannelValues {
    float value[kMaxPanel];
    __attribute__((always_inline)) inline Vec at(int64_t column, int64_t lanes) const {
        return load_lanes(value + column, lanes);
    }
};
/// Repeats the parameters of n channels as often as merged rows need them.
template <class... Each>
RAVINE_INLINE void repeat_channels(int64_t n, int64_t ld, Each&... channels) {
    if (!rows_are_merged(n, ld)) return;
    float* const values[] = {channels.value...};
    for (float* value : values)
        for (int64_t j = n; j < n * kWidth; ++j) value[j] = value[j - n];
}

/// One panel of channels, the first of which is c0.
///
/// Mean and variance come from one pass, as sums of x - s and its square, s being the first sample. It lies within
/// sqrt(m - 1) standard deviations of the mean (Samuelson 1968), so that the variance, as a difference of two numbers,
/// loses log2(m) bits at worst, and about one as a rule.
static void batch_norm_panel(const BatchNormArgs& args, int64_t c0, int64_t n) {
    const int64_t m = args.m, ld = args.ld;
    const float* x = args.x + c0;
    const float part = 1.0f / static_cast<float>(m);
    ChannelValues mean, scale, beta;

    fold_rows<SumPair>(
        m, n, ld,
        [=](int64_t offset, int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = load_lanes(x + offset, lanes) - load_lanes(x + j, lanes);
            return Pair{d, d * d};
        },
        [&](int64_t j, int64_t lanes, const Pair& sums) __attribute__((always_inline)) {
            const Vec shift = sums.first * part, mu = load_lanes(x + j, lanes) + shift;
            const Vec variance = max_nan(sums.second * part - shift * shift, Vec{});
            const Vec inv_std = 1.0f / sqrt_vec(variance + args.epsilon);
            store_partial(args.mean + c0 + j, mu, lanes);
            store_partial(args.variance + c0 + j, variance, lanes);
            store_partial(args.inv_std + c0 + j, inv_std, lanes);
            store(mean.value + j, mu);
            store(scale.value + j, args.gamma ? inv_std * load_partial(args.gamma + c0 + j, lanes) : inv_std);
            store(beta.value + j, args.beta ? load_partial(args.beta + c0 + j, lanes) : Vec{});
        });
    repeat_channels(n, ld, mean, scale, beta);
    for_matrix(m, n, ld, args.y + c0,
               [=, &mean, &scale, &beta](int64_t column, int64_t width) __attribute__((always_inline)) {
                   const Vec mu = mean.at(column, width), a = scale.at(column, width), b = beta.at(column, width);
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
    const float *x = args.x + c0, *dy = args.dy + c0, *center = args.mean + c0;
    const float part = 1.0f / static_cast<float>(m);
    ChannelValues mean, mean_dy, slope, scale;

    fold_rows<SumPair>(
        m, n, ld,
        [=](int64_t offset, int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec g = load_lanes(dy + offset, lanes);
            return Pair{g, g * (load_lanes(x + offset, lanes) - load_lanes(center + j, lanes))};
        },
        [&](int64_t j, int64_t lanes, const Pair& sums) __attribute__((always_inline)) {
            const Vec inv_std = load_partial(args.inv_std + c0 + j, lanes);
            if (args.dbeta) store_partial(args.dbeta + c0 + j, sums.first, lanes);
            if (args.dgamma) store_partial(args.dgamma + c0 + j, sums.second * inv_std, lanes);
            store(mean.value + j, load_partial(center + j, lanes));
            store(mean_dy.value + j, sums.first * part);
            store(slope.value + j, inv_std * inv_std * (sums.second * part));
            store(scale.value + j, args.gamma ? inv_std * load_partial(args.gamma + c0 + j, lanes) : inv_std);
        });
    if (!args.dx) return;

    // dx = scale (dy - mean(dy) - (x - mean) slope)
    repeat_channels(n, ld, mean, mean_dy, slope, scale);
    for_matrix(m, n, ld, args.dx + c0,
               [=, &mean, &mean_dy, &slope, &scale](int64_t column, int64_t width) __attribute__((always_inline)) {
                   const Vec mu = mean.at(column, width), shift = mean_dy.at(column, width);
                   const Vec b = slope.at(column, width), a = scale.at(column, width);
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
