// The way of a tile into the update of an optimizer, from registers.
#pragma once

#include "gemm_tile.inl"

namespace RAVINE_ISA {

/// Tiles of these sizes can be consumed by an update while they are in registers; any product that is not tiny
/// consists of them nearly everywhere. The baseline has too few registers.
RAVINE_INLINE constexpr bool updates_in_registers(int64_t rows, int64_t vectors) {
    return kWidth > 4 && rows + 1 >= kTileRows && vectors + 1 >= kTileVectors && vectors <= kTileVectors;
}

/// Those with roots and divisions keep their pipe busy longer than a tile lasts, and gain nothing there.
RAVINE_INLINE bool updates_in_registers(Eltwise kernel) {
    return kernel == Eltwise::sgd || kernel == Eltwise::sgd_momentum || kernel == Eltwise::sgd_nesterov;
}

/// Can an m x n product, cut evenly into tiles, go into this update (or null) from registers?
RAVINE_INLINE bool updates_in_registers(const Update* update, int64_t m, int64_t n) {
    return kWidth > 4 && update && updates_in_registers(update->kernel) && n > kWidth &&
           m / divide_up(m, kTileRows) + 1 >= kTileRows;
}

/// normalized_grad for a tile, row by row, on its way into an update.
template <int kVectors>
class NormalizedRows {
  public:
    explicit NormalizedRows(const Tile& t) : args_(*t.update->normalized), column_(t.column), row_(t.row) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            s_[v] = load_lanes(args_.s + t.column + v * kWidth, v + 1 < kVectors ? kWidth : t.c_last);
    }

    void begin_row() {
        gamma_ = splat(args_.gamma[row_]);
        beta_ = splat(args_.beta[row_]);
#pragma GCC unroll 4
        for (int v = 0; v < kLanes; ++v) {
            dot_p_[v] = load(args_.dot_p + lanes_of(v));
            dot_s_[v] = load(args_.dot_s + lanes_of(v));
        }
    }
    Vec operator()(int v, Vec product, Vec weight) {
        dot_p_[v % kLanes] = fma(product, weight, dot_p_[v % kLanes]);
        dot_s_[v % kLanes] = fma(s_[v], weight, dot_s_[v % kLanes]);
        return fma(gamma_, product, beta_ * s_[v]);
    }
    void end_row() {
#pragma GCC unroll 4
        for (int v = 0; v < kLanes; ++v) {
            store(args_.dot_p + lanes_of(v), dot_p_[v]);
            store(args_.dot_s + lanes_of(v), dot_s_[v]);
        }
        ++row_;
    }

  private:
    static constexpr int kLanes = ravine::kDotLanes / kWidth;
    // A column's lane must not depend on where its tile begins.
    int64_t lanes_of(int v) const {
        return row_ * ravine::kDotLanes + (kLanes > 1 ? (column_ + v * kWidth) % ravine::kDotLanes : 0);
    }

    const ravine::NormalizedGradArgs args_;
    const int64_t column_;
    int64_t row_;
    Vec s_[kVectors], dot_p_[kLanes], dot_s_[kLanes], gamma_, beta_;
};

/// Decay and clipping, on their way into an update.
template <bool kDecays, bool kSignDecays, bool kClips>
class ChangedRows {
  public:
    explicit ChangedRows(const Tile& t) {
        if constexpr (kDecays) decay_ = splat(*t.update->decay);
        if constexpr (kSignDecays) sign_decay_ = splat(*t.update->sign_decay);
        if constexpr (kClips) low_ = splat(t.update->clip[0]), high_ = splat(t.update->clip[1]);
    }
    void begin_row() {}
    Vec operator()(int, Vec product, Vec weight) {
        Vec change{};
        if constexpr (kDecays) change = op::multiply(weight, decay_);
        if constexpr (kSignDecays) {
            const Vec by_sign = op::multiply(op::sign(weight), sign_decay_);
            change = kDecays ? op::add(by_sign, change) : by_sign;
        }
        if constexpr (kDecays || kSignDecays) product = op::add(product, change);
        if constexpr (kClips) product = op::clip(product, low_, high_);
        return product;
    }
    void end_row() {}

  private:
    Vec decay_, sign_decay_, low_, high_;
};

template <class Rows, int kDense, int kInputs, int kOutputs, int kParams, int kRows, int kVectors, class Op>
RAVINE_INLINE void update_tile(const Tile& t, const Vec (&sum)[kRows][kVectors], Op op) {
    const TileArgs& args = t.update->args;
    const float* in[kDense];
    float* out[kOutputs];
    Vec constant[kInputs + kParams];
    const int64_t ld = args.in[0].ld, offset = t.row * ld + t.column, last = t.c_last;
    for (int k = 0; k < kDense; ++k) in[k] = args.in[k].data + offset;
    for (int k = 0; k < kOutputs; ++k) out[k] = args.out[k].data + offset;
    for (int k = kDense; k < kInputs; ++k) constant[k] = splat(*args.in[k].data);
    for (int k = 0; k < kParams; ++k) constant[kInputs + k] = splat(args.param[k]);
    Rows rows(t);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        rows.begin_row();
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
            const int64_t lanes = v + 1 < kVectors ? kWidth : last, at = r * ld + v * kWidth;
            Vec arguments[kInputs + kParams];
            for (int k = 0; k < kInputs + kParams; ++k)
                if (k != 1) arguments[k] = k < kDense ? load_lanes(in[k] + at, lanes) : constant[k];
            arguments[1] = rows(v, sum[r][v], arguments[0]);
            const Results<kOutputs> y = apply(op, arguments, typename IndicesUpTo<kInputs + kParams>::type());
            for (int k = 0; k < kOutputs; ++k) store_lanes(out[k] + at, y.value[k], lanes);
        }
        rows.end_row();
    }
}

template <bool given>
struct Given {
    static constexpr bool value = given;
};
/// Calls what may depend on whether an operand is given, without asking again for each vector.
template <class Body>
RAVINE_INLINE void choose(const void* operand, Body body) {
    if (operand)
        body(Given<true>());
    else
        body(Given<false>());
}

template <class Rows, int kRows, int kVectors>
RAVINE_INLINE void update_tile(const Tile& t, const Vec (&sum)[kRows][kVectors]) {
    switch (t.update->kernel) {
#define RAVINE_UPDATE(name, inputs, outputs, params)                    \
    case Eltwise::name:                                                 \
        return update_tile<Rows, outputs + 1, inputs, outputs, params>( \
            t, sum, [](auto... v) __attribute__((always_inline)) { return op::name(v...); });
        RAVINE_UPDATE(sgd, 3, 1, 0)
        RAVINE_UPDATE(sgd_momentum, 5, 2, 0)
        RAVINE_UPDATE(sgd_nesterov, 5, 2, 0)
#undef RAVINE_UPDATE
        default: break;
    }
}

template <int kRows, int kVectors>
RAVINE_INLINE void update_tile(const Tile& t, const Vec (&sum)[kRows][kVectors]) {
    if (t.update->normalized) return update_tile<NormalizedRows<kVectors>>(t, sum);
    choose(t.update->decay, [&](auto decays) __attribute__((always_inline)) {
        choose(t.update->sign_decay, [&](auto sign_decays) __attribute__((always_inline)) {
            choose(t.update->clip, [&](auto clips) __attribute__((always_inline)) {
                update_tile<ChangedRows<decltype(decays)::value, decltype(sign_decays)::value, decltype(clips)::value>>(
                    t, sum);
            });
        });
    });
}

/// Fetches what an update is about to change, a line of each matrix at a time, spread over the depth: the queue of
/// misses never fills, and the lines are there when the product is. Nothing where no update is.
template <bool kUpdates, int kRows, int kVectors>
class Ahead {
  public:
    explicit Ahead(const Tile& t) {
        if constexpr (kUpdates) {
            const TileArgs& args = t.update->args;
            ld_ = args.in[0].ld;
            every_ = larger(t.k / left_, 1);
            at_ = t.row * ld_ + t.column;
            weights_ = args.in[0].data;
            slots_ = smaller(t.update->slots, kMost);
            for (int64_t k = 0; k < slots_; ++k) slot_[k] = args.in[2 + k].data;
        }
    }
    void fetch() {
        if constexpr (kUpdates) {
            if (--wait_ > 0 || left_ == 0) return;
            wait_ = every_;
            __builtin_prefetch(weights_ + at_, 1);
            if (slots_ > 0) __builtin_prefetch(slot_[0] + at_, 1);
            if (slots_ > 1) __builtin_prefetch(slot_[1] + at_, 1);
            at_ += ld_;
            if (--left_ % kRows == 0) at_ += kWidth - kRows * ld_;
        }
    }

  private:
    static constexpr int64_t kMost = 2;
    const float *weights_, *slot_[kMost];
    int64_t slots_, ld_, at_, every_, wait_ = 1;
    int left_ = kRows * (kVectors + 1);  // rows begin anywhere in a line
};

}  // namespace RAVINE_ISA
