// The ways a finished tile may take: to memory, or from registers into the update of an optimizer.
#pragma once

#include "gemm_fetch.inl"

namespace RAVINE_ISA {

/// Tiles of these sizes can be consumed by an update while they are in registers, or fetch something while they are
/// multiplied; any product that is not tiny consists of them nearly everywhere. The baseline has too few registers.
RAVINE_INLINE bool is_usual(int64_t rows, int64_t vectors) {
    return kWidth > 4 && rows + 1 >= kTileRows && rows <= kTileRows && vectors + 1 >= kTileVectors &&
           vectors <= kTileVectors;
}

/// normalized_grad for a tile, row by row, on its way into an update.
struct Normalized {
    template <int kVectors, bool kPartial>
    class Rows {
      public:
        explicit Rows(const Tile& t) : args_(*t.update->normalized), column_(t.column), row_(t.row) {
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v)
                s_[v] = load_lanes(args_.s + t.column + v * kWidth, kPartial && v + 1 == kVectors ? t.c_last : kWidth);
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
};

/// Decay and clipping, on their way into an update.
template <bool kDecays, bool kSignDecays, bool kClips>
struct Changed {
    template <int, bool>
    class Rows {
      public:
        explicit Rows(const Tile& t) {
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
};

/// To C.
template <class Fetched>
struct ToMemory {
    using Fetch = Fetched;

    template <Last, int kRows, int kVectors>
    RAVINE_INLINE void finish(const Tile& t, const Vec (&sum)[kRows][kVectors]) {
        float* c = t.c;
        const int64_t c_row = t.c_row, c_last = t.c_last;
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r, c += c_row) {
#pragma GCC unroll 8
            for (int v = 0; v + 1 < kVectors; ++v) store(c + v * kWidth, sum[r][v]);
            store_lanes(c + (kVectors - 1) * kWidth, sum[r][kVectors - 1], c_last);
        }
    }
};

/// From registers into an update: Rule::update(w, g, slots..., scalars...).
template <class Rule, class Changes>
struct ToUpdate {
    enum : int { kInputs = Rule::kInfo.inputs, kOutputs = Rule::kInfo.outputs, kDense = kOutputs + 1 };
    using Fetch = FetchMatrices<kOutputs>;

    template <Last kLast, int kRows, int kVectors>
    RAVINE_INLINE void finish(const Tile& t, const Vec (&sum)[kRows][kVectors]) {
        constexpr bool kPartial = kLast != Last::full;
        // What a mask leaves out may be where the next row begins, if the tile is as wide as the weights: then loads of
        // that row would wait for such a store.
        constexpr bool kLoadsAhead = kLast == Last::partial && kVectors < kTileVectors;
        const TileArgs& args = t.update->args;
        const float* in[kDense];
        float* out[kOutputs];
        Vec constant[kInputs];
        const int64_t ld = args.in[0].ld, offset = t.row * ld + t.column;
        for (int k = 0; k < kDense; ++k) in[k] = args.in[k].data + offset;
        for (int k = 0; k < kOutputs; ++k) out[k] = args.out[k].data + offset;
        for (int k = kDense; k < kInputs; ++k) constant[k] = splat(*args.in[k].data);
        const auto lanes = [&](int v) { return kPartial && v + 1 == kVectors ? t.c_last : kWidth; };
        Vec dense[kVectors][kDense];
        Results<kOutputs> y[kVectors];
        const auto load_one = [&](int r, int v) __attribute__((always_inline)) {
            for (int k = 0; k < kDense; ++k)
                if (k != 1) dense[v][k] = load_lanes(in[k] + r * ld + v * kWidth, lanes(v));
        };
        const auto store_one = [&](int r, int v) __attribute__((always_inline)) {
            for (int k = 0; k < kOutputs; ++k) store_lanes(out[k] + r * ld + v * kWidth, y[v].value[k], lanes(v));
        };
        typename Changes::template Rows<kVectors, kPartial> rows(t);
        if (kLoadsAhead)
            for (int v = 0; v < kVectors; ++v) load_one(0, v);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            rows.begin_row();
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) {
                if (!kLoadsAhead) load_one(r, v);
                Vec arguments[kInputs];
                for (int k = 0; k < kInputs; ++k)
                    if (k != 1) arguments[k] = k < kDense ? dense[v][k] : constant[k];
                arguments[1] = rows(v, sum[r][v], arguments[0]);
                y[v] = apply([](auto... x) __attribute__((always_inline)) { return Rule::update(x...); }, arguments,
                             typename IndicesUpTo<kInputs>::type());
                if (!kLoadsAhead) store_one(r, v);
            }
            if (kLoadsAhead) {
                for (int v = 0; v < kVectors && r + 1 < kRows; ++v) load_one(r + 1, v);
                for (int v = 0; v < kVectors; ++v) store_one(r, v);
            }
            rows.end_row();
        }
    }
};

/// The rules whose updates happen in registers. Those with roots and divisions keep their pipe busy longer than a tile
/// lasts, and gain nothing there.
#define RAVINE_UPDATES(update) update(sgd) update(sgd_momentum) update(sgd_nesterov)
#define RAVINE_RULE(name)                                                                      \
    struct Rule_##name {                                                                       \
        static constexpr ravine::EltwiseInfo kInfo = ravine::kEltwiseInfo[int(Eltwise::name)]; \
        template <class... V>                                                                  \
        RAVINE_INLINE auto update(V... v) {                                                    \
            return op::name(v...);                                                             \
        }                                                                                      \
    };
RAVINE_UPDATES(RAVINE_RULE)
#undef RAVINE_RULE

RAVINE_INLINE bool updates_in_registers(Eltwise kernel) {
#define RAVINE_EQUALS(name) || kernel == Eltwise::name
    return false RAVINE_UPDATES(RAVINE_EQUALS);
#undef RAVINE_EQUALS
}

/// Can an m x n product, cut evenly into tiles, go into this update (or null) from registers?
RAVINE_INLINE bool updates_in_registers(const Update* update, int64_t m, int64_t n) {
    return kWidth > 4 && update && updates_in_registers(update->kernel) && n > kWidth &&
           m / divide_up(m, kTileRows) + 1 >= kTileRows;
}

/// Calls what may depend on whether an operand is given.
template <class Body>
RAVINE_INLINE void choose(const void* operand, Body body) {
    if (operand)
        body(Given<true>());
    else
        body(Given<false>());
}

template <class Rule, class Body>
RAVINE_INLINE void choose_changes(const Update& update, Body body) {
    if (update.normalized) return body(ToUpdate<Rule, Normalized>());
    choose(update.decay, [&](auto decays) {
        choose(update.sign_decay, [&](auto sign_decays) {
            choose(update.clip, [&](auto clips) {
                body(
                    ToUpdate<Rule,
                             Changed<decltype(decays)::value, decltype(sign_decays)::value, decltype(clips)::value>>());
            });
        });
    });
}

/// Calls body with the way into an update that updates_in_registers.
template <class Body>
RAVINE_INLINE void choose_way(const Update& update, Body body) {
    switch (update.kernel) {
#define RAVINE_CASE(name) \
    case Eltwise::name: return choose_changes<Rule_##name>(update, body);
        RAVINE_UPDATES(RAVINE_CASE)
#undef RAVINE_CASE
        default: break;
    }
}

}  // namespace RAVINE_ISA
