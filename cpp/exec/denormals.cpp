#include "exec/denormals.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace ravine {

namespace {

#if defined(__SSE2__)
constexpr uint64_t kFlushes = 0x8000, kMode = 0x8040;  // results to zero; and operands taken for zero
uint64_t get() { return _mm_getcsr(); }
void set(uint64_t state) { _mm_setcsr(static_cast<unsigned>(state)); }
#elif defined(__aarch64__)
constexpr uint64_t kFlushes = 1 << 24, kMode = kFlushes;  // results and operands
uint64_t get() {
    uint64_t state;
    asm volatile("mrs %0, fpcr" : "=r"(state));
    return state;
}
void set(uint64_t state) { asm volatile("msr fpcr, %0" ::"r"(state)); }
#else
constexpr uint64_t kFlushes = 0, kMode = 0;
uint64_t get() { return 0; }
void set(uint64_t) {}
#endif

void change(uint64_t state) {
    if (state != get()) set(state);
}

}  // namespace

DenormalMode::DenormalMode(bool flush) : before_(get()) { change((before_ & ~kMode) | (flush ? kFlushes : 0)); }
DenormalMode::~DenormalMode() { change((get() & ~kMode) | (before_ & kMode)); }

}  // namespace ravine
