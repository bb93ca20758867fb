// The contract between the engine and its inner loops.
//
// Every instruction set compiles the same sources (kernels/isa.cpp) into its own namespace and exports one
// KernelTable. Only plain pointers and PODs cross this border, so no code compiled for a wide instruction set can
// be picked by the linker for the rest of the program.
//
// Conventions
//   m, n, k   rows, columns, depth. Zero is allowed everywhere and means "nothing to do".
//   ld        distance between rows, in floats.
//   Pointers need no alignment beyond that of float. NaN and infinity propagate as IEEE 754 says, unless stated.
//   A result at (i, j) never depends on m, n or on how a caller cut the work into slices: the order in which its
//   terms are added is a function of k (or of the reduced length) alone. Equal bits at every thread count rest on this.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace ravine {

/// A strided operand: element (i, j) is data[i * ld + j * step], step being 0 or 1. A row vector has ld 0, a value per
/// row has step 0, a scalar has both 0.
struct Source {
    const float* data;
    int64_t ld;
    int64_t step;
};

/// A strided result: element (i, j) is data[i * ld + j].
struct Target {
    float* data;
    int64_t ld;
};

inline constexpr int kMaxTileSources = 7;
inline constexpr int kMaxTileTargets = 4;
inline constexpr int kMaxTileParams = 4;

/// Operands of an element-wise kernel on an m x n tile. A target may be the very same memory as a source
/// (same data and ld); it must not overlap one in any other way.
struct TileArgs {
    int64_t m, n;
    Target out[kMaxTileTargets];
    Source in[kMaxTileSources];
    float param[kMaxTileParams];
};
using TileKernel = void (*)(const TileArgs&);

/// The element-wise kernels, one for each line of eltwise.def.
enum class Eltwise : int {
#define RAVINE_ELTWISE(name, inputs, outputs, params) name,
#include "eltwise.def"
#undef RAVINE_ELTWISE
    count_
};

struct EltwiseInfo {
    const char* name;
    int inputs, outputs, params;
};
inline constexpr EltwiseInfo kEltwiseInfo[] = {
#define RAVINE_ELTWISE(name, inputs, outputs, params) {#name, inputs, outputs, params},
#include "eltwise.def"
#undef RAVINE_ELTWISE
};

/// A tile P of Xhat^T dZ, where Z = (gamma Xhat + beta) W and Xhat is what batch normalization makes before its scale:
/// from it follow the gradients of W, gamma and beta.
struct NormalizedGradArgs {
    int64_t m, n;
    int64_t column;  // where the tile begins
    float* p;        // [m,n], ld_p; becomes dW = gamma P + beta s, with the row's gamma and beta
    int64_t ld_p;
    const float* w;  // the same tile of W, ld_w
    int64_t ld_w;
    const float* s;  // [n] column sums of dZ
    const float* gamma;
    const float* beta;
    float* dot_p;  // [m,kDotLanes], partial sums of dgamma = sum P w: each column adds to its lane (column % lanes)
    float* dot_s;  // the same for dbeta = sum s w
};
inline constexpr int64_t kDotLanes = 16;

/// An element-wise kernel over a whole product, which is its in[1] (left unset). Every other source is a matrix like
/// in[0] or a scalar. What becomes of the product before:
struct Update {
    Eltwise kernel;
    int64_t slots;  // matrices that it changes besides in[0]; they begin with in[2]
    TileArgs args;
    /// Or null. Its matrices and vectors are those of the whole product (m, n, column and p unset), its w is in[0].
    const NormalizedGradArgs* normalized;
    const float* decay;       // or null: adds *decay times in[0],
    const float* sign_decay;  // or null: and *sign_decay times the sign of in[0]
    const float* clip;        // or null: two numbers, between which it then lies
};

/// What happens to each finished tile of a matrix product while it is still in the L1 cache:
/// apply(context, tile, ld, i, j, m, n) sees rows [i, i+m) and columns [j, j+n) of the product.
struct Epilogue {
    void (*apply)(const void* context, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m, int64_t n);
    const void* context;
    /// When apply does the update of an optimizer, with what an Update may begin with, and nothing else: which one, so
    /// that the product can do it without calling apply, before the gradient leaves the registers. Otherwise null.
    const Update* update;
};

/// C[m,n] = A[m,k] B[k,n] + bias[n].
/// A(i,p) = a[i*a_row + p*a_col] and B(p,j) = b[p*b_row + j*b_col]; one stride of each is 1. Both of
/// B's are when all of B, of which this may be a slice, has one column.
/// c may be null when an epilogue consumes the tiles; with both, C is stored and the epilogue sees C's memory.
/// k = 0 gives the bias alone (or zeros).
struct GemmArgs {
    int64_t m, n, k;
    const float* a;
    int64_t a_row, a_col;
    const float* b;
    int64_t b_row, b_col;
    float* c;
    int64_t ldc;
    const float* bias;         // [n] or null
    const Epilogue* epilogue;  // or null
    float* scratch;            // gemm_scratch(m, n, k, a_col == 1, b_col == 1) floats, 64-byte aligned
};

enum class Reduction : int { sum, sum_squares, sum_absolutes, max, min, prod, argmax, count_ };

/// softmax and its relatives work on m rows of n values.
struct SoftmaxLossArgs {
    int64_t m, n;
    const float* logits;   // [m,n], ld
    const float* targets;  // sparse: [m] class indices as floats; dense: [m,n] probabilities, rows contiguous
    int64_t ld;
    float* loss;   // [m]
    float* probs;  // [m,n], rows contiguous; may be logits' memory when ld == n
};

struct BatchNormArgs {
    int64_t m, n;  // m samples (batch and any inner positions), n channels of this slice
    int64_t ld;    // of x, y, dy, dx
    float epsilon;
    const float* x;
    const float* gamma;  // [n] or null (= 1)
    const float* beta;   // [n] or null (= 0)
    float* y;
    float* mean;      // [n] batch mean: written forward, read backward
    float* inv_std;   // [n] 1 / sqrt(batch variance + epsilon): written forward, read backward
    float* variance;  // [n] biased batch variance: written forward
    const float* dy;
    float* dx;      // null when nothing below needs a gradient; may be dy's memory
    float* dgamma;  // [n] or null
    float* dbeta;   // [n] or null
};

/// Which element types a batch may be gathered from.
enum class Element : int { f32, f64, f16, u8, i8, u16, i16, u32, i32, u64, i64, boolean, count_ };
inline constexpr int64_t kElementSize[] = {4, 8, 2, 1, 1, 2, 2, 4, 4, 8, 8, 1};

struct KernelTable {
    const char* isa;  // "base", "avx2", "avx512"
    int width;        // floats per vector
    int gemm_tile;    // floats in the largest tile of a product that an epilogue sees

    /// Element-wise kernels, indexed by Eltwise.
    TileKernel eltwise[static_cast<int>(Eltwise::count_)];

    void (*gemm)(const GemmArgs&);
    /// Floats of scratch that gemm needs, also for fewer rows, columns and depth. a_unit, b_unit: is the column stride
    /// of A, of B, 1?
    int64_t (*gemm_scratch)(int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit);

    /// dst[j] = reduction over i of src[i*ld + j]. argmax gives the first index of the maximum, as a float;
    /// a NaN wins max, min and argmax. m = 0 gives 0, -inf, +inf, 1, 0.
    void (*reduce_over_rows)(Reduction, int64_t m, int64_t n, const float* src, int64_t ld, float* dst);
    /// dst[i] = reduction over j of src[i*ld + j].
    void (*reduce_over_columns)(Reduction, int64_t m, int64_t n, const float* src, int64_t ld, float* dst);
    /// What reduce_over_columns gives for one row, both reductions in one pass.
    void (*sum_absolutes_and_squares)(int64_t n, const float* src, float* absolutes, float* squares);

    /// y = exp(x - max) / sum, row by row. y may be x.
    void (*softmax)(int64_t m, int64_t n, const float* x, float* y);
    /// dx = y * (dy - sum(dy * y)), row by row. dx may be dy.
    void (*softmax_grad)(int64_t m, int64_t n, const float* y, const float* dy, float* dx);
    /// y = x - max - log(sum(exp(x - max))). y may be x.
    void (*log_softmax)(int64_t m, int64_t n, const float* x, float* y);
    /// dx = dy - exp(y) * sum(dy). dx may be dy.
    void (*log_softmax_grad)(int64_t m, int64_t n, const float* y, const float* dy, float* dx);
    /// y = max + log(sum(exp(x - max))), one number a row.
    void (*log_sum_exp)(int64_t m, int64_t n, const float* x, float* y);
    /// loss = logsumexp(logits) - logits[target]; probs = softmax(logits). A target that is no integer in [0, n)
    /// gives a NaN loss; returns the first such row, or -1.
    int64_t (*softmax_loss_sparse)(const SoftmaxLossArgs&);
    /// loss = logsumexp(logits) * sum(targets) - sum(targets * logits); probs = softmax(logits).
    void (*softmax_loss_dense)(const SoftmaxLossArgs&);
    /// dlogits = (probs - onehot(target)) * dloss[i]; dloss has step 0 (a scalar) or 1. dlogits may be probs.
    void (*softmax_loss_sparse_grad)(int64_t m, int64_t n, const float* probs, const float* targets, const float* dloss,
                                     int64_t dloss_step, float* dlogits);
    /// dlogits = (probs * sum(targets) - targets) * dloss[i].
    void (*softmax_loss_dense_grad)(int64_t m, int64_t n, const float* probs, const float* targets, const float* dloss,
                                    int64_t dloss_step, float* dlogits);

    /// Ioffe & Szegedy 2015, algorithm 1, with the biased batch variance (two passes over x).
    void (*batch_norm)(const BatchNormArgs&);
    /// Its gradient: dbeta = sum dy, dgamma = sum dy*xhat, dx = gamma*inv_std*(dy - (dbeta + xhat*dgamma)/m).
    void (*batch_norm_grad)(const BatchNormArgs&);
    /// See NormalizedGradArgs. Tiles begin at multiples of `width` columns and come in the order of their columns.
    void (*normalized_grad)(const NormalizedGradArgs&);

    /// Inverted dropout of `count` consecutive elements, the first of which has index `first` in its tensor. The mask
    /// is a function of (seed, step, index) only: Philox4x32-10 (Salmon et al. 2011) with key = seed and counter =
    /// (block, step). An element gets 16 bits, 64 elements share 8 blocks: with e = index % 64, half e % 2 (the lower
    /// first) of word 2 (e / 32) + e % 4 / 2 of block 8 (index / 64) + e % 32 / 4. An element is dropped when its bits
    /// are a number below rate * 2^16, rounded: the probability is within 2^-16 of the rate. Kept values are multiplied
    /// by 1 / (1 - rate); rate 1 drops all. dst may be src.
    void (*dropout)(int64_t count, const float* src, float* dst, uint64_t seed, uint64_t step, uint64_t first,
                    float rate);

    /// `count` numbers, uniform in [0, 1) in steps of 2^-24, for the elements from index `first` on of a tensor: a
    /// function of (seed, step, index) only. Philox4x32-10 as above, 64 elements sharing 16 blocks: with e = index %
    /// 64, element e has the upper 24 bits of word 2 (e / 32) + e % 2 of block 16 (index / 64) + e % 32 / 2.
    void (*random_uniform)(int64_t count, float* dst, uint64_t seed, uint64_t step, uint64_t first);

    /// dst[i] = float(src[i]) for i in [0, count), by Element.
    void (*cast[static_cast<int>(Element::count_)])(int64_t count, const void* src, float* dst);
};

/// The table of one instruction set, or null when this build or machine lacks it.
const KernelTable* kernel_table(const char* isa);

}  // namespace ravine
