// The whole of one instruction set: compiled once for each, with RAVINE_ISA naming its namespace and the compiler's
// flags choosing its instructions. Nothing but the table leaves this file: no std containers or algorithms, no Eigen,
// no OpenMP, no exceptions (a test looks at the object's symbols).
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

// clang-format off: each builds on those before it, in namespace RAVINE_ISA with internal linkage.
#include "table.h"
#include "vec.h"
#include "math.inl"
#include "eltwise.inl"
#include "reduce.inl"
#include "softmax.inl"
#include "batch_norm.inl"
#include "random.inl"
#include "cast.inl"
#include "transpose.inl"
#include "gemm.inl"
// clang-format on

#define RAVINE_STRING_(x) #x
#define RAVINE_STRING(x) RAVINE_STRING_(x)
#define RAVINE_JOIN_(a, b) a##b
#define RAVINE_JOIN(a, b) RAVINE_JOIN_(a, b)

namespace ravine {

extern const KernelTable RAVINE_JOIN(kernel_table_, RAVINE_ISA);
const KernelTable RAVINE_JOIN(kernel_table_, RAVINE_ISA) = {
    RAVINE_STRING(RAVINE_ISA),
    RAVINE_ISA::kWidth,
    RAVINE_ISA::kBandFloats,
    {
#define RAVINE_ELTWISE(name, inputs, outputs, params) RAVINE_ISA::tile_##name,
#include "eltwise.def"
#undef RAVINE_ELTWISE
    },
    RAVINE_ISA::gemm,
    RAVINE_ISA::gemm_scratch,
    RAVINE_ISA::reduce_over_rows,
    RAVINE_ISA::reduce_over_columns,
    RAVINE_ISA::sum_absolutes_and_squares,
    RAVINE_ISA::softmax,
    RAVINE_ISA::softmax_grad,
    RAVINE_ISA::log_softmax,
    RAVINE_ISA::log_softmax_grad,
    RAVINE_ISA::log_sum_exp,
    RAVINE_ISA::softmax_loss_sparse,
    RAVINE_ISA::softmax_loss_dense,
    RAVINE_ISA::softmax_loss_sparse_grad,
    RAVINE_ISA::softmax_loss_dense_grad,
    RAVINE_ISA::batch_norm,
    RAVINE_ISA::batch_norm_grad,
    RAVINE_ISA::normalized_grad,
    RAVINE_ISA::dropout,
    RAVINE_ISA::random_uniform,
    RAVINE_CASTS,
};

}  // namespace ravine
