// A plan serves batches shorter than its own, and threads take fewer rows or columns than there are: none of them may
// need more scratch.
#include "check.h"
#include "exec/cpu.h"

namespace ravine {

namespace {

constexpr int64_t kSizes[] = {1, 2, 4, 5, 16, 33, 64, 65, 96, 129, 193, 512, 700, 800, 801, 1000, 1024, 1700, 3000};

void test_growing(const KernelTable& kernels, bool a_unit, bool b_unit) {
    for (int64_t first : kSizes)
        for (int64_t second : kSizes) {
            int64_t before[3] = {};
            for (int64_t size : kSizes) {
                const int64_t now[] = {kernels.gemm_scratch(size, first, second, a_unit, b_unit),
                                       kernels.gemm_scratch(first, size, second, a_unit, b_unit),
                                       kernels.gemm_scratch(first, second, size, a_unit, b_unit)};
                for (int i = 0; i < 3; ++i) {
                    CHECK(now[i] >= before[i], "%s: %c = %lld, the others %lld and %lld", kernels.isa, "mnk"[i],
                          static_cast<long long>(size), static_cast<long long>(first), static_cast<long long>(second));
                    before[i] = now[i];
                }
            }
        }
}

}  // namespace

}  // namespace ravine

int main() {
    for (const std::string& isa : ravine::available_isas())
        for (int form = 0; form < 4; ++form)
            ravine::test_growing(*ravine::kernel_table(isa.c_str()), form & 1, form & 2);
    return ravine::test::result();
}
