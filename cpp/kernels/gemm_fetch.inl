// What a tile fetches into the caches while it is multiplied, line by line, because no hardware foresees it.
#pragma once

#include "gemm_tile.inl"

namespace RAVINE_ISA {

enum : int64_t { kLine = 16 };  // floats

struct FetchNothing {
    static constexpr bool kRowMajorA = false, kForUpdate = false;

    template <int, int>
    class During {
      public:
        explicit During(const Tile&) {}
        void step(int64_t, const float*) {}
    };
};

/// As many rows of a row-major A as the tile has, those that follow it.
struct FetchRows {
    static constexpr bool kRowMajorA = true, kForUpdate = false;

    template <int kRows, int>
    class During {
      public:
        explicit During(const Tile& t) : next_(t.a + kRows * t.a_row), a_row_(t.a_row) {}
        void step(int64_t p, const float*) {
            constexpr int64_t kSteps = kLine / kRows;
            if (p % kSteps == 0) __builtin_prefetch(next_ + p % kLine / kSteps * a_row_ + p);
        }

      private:
        const float* const next_;
        const int64_t a_row_;
    };
};

/// The panel of B beside this one. Also for a row-major A.
struct FetchPanel {
    static constexpr bool kRowMajorA = true, kForUpdate = false;

    template <int, int kVectors>
    class During {
      public:
        explicit During(const Tile&) {}
        void step(int64_t, const float* b) {
            for (int x = 0; x < kVectors * kWidth; x += kLine) __builtin_prefetch(b + kVectors * kWidth + x);
        }
    };
};

/// What an update is about to change: the weights, and one slot less than kMatrices. Spread over the depth, the queue
/// of misses never fills, and the lines are there when the product is.
template <int kMatrices>
struct FetchMatrices {
    static constexpr bool kRowMajorA = false, kForUpdate = true;

    template <int kRows, int kVectors>
    class During {
      public:
        explicit During(const Tile& t) {
            const TileArgs& args = t.update->args;
            ld_ = args.in[0].ld;
            every_ = larger(t.k / left_, 1);
            if (t.near) wait_ = t.k + 1;
            for (int k = 0; k < kMatrices; ++k) matrix_[k] = args.in[k > 0 ? k + 1 : 0].data + t.row * ld_ + t.column;
        }
        void step(int64_t, const float*) {
            if (--wait_ > 0 || left_ == 0) return;
            wait_ = every_;
            const int64_t next = --left_ % kRows == 0 ? kWidth - (kRows - 1) * ld_ : ld_;
            for (int k = 0; k < kMatrices; ++k) {
                __builtin_prefetch(matrix_[k], 1);
                matrix_[k] += next;
            }
        }

      private:
        const float* matrix_[kMatrices];
        int64_t ld_, every_, wait_ = 1;
        int left_ = kRows * (kVectors + 1);  // rows begin anywhere in a line
    };
};

}  // namespace RAVINE_ISA
