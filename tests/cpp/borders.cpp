// Products whose operands end where memory does: not even what a mask leaves out may be touched beyond them.
#include <algorithm>
#include <cstring>

#include "check.h"
#include "exec/cpu.h"
#include "kernels/table.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>

namespace ravine {

namespace {

/// Floats that end at the end of a page, before one that must not be touched.
class Bordered {
  public:
    explicit Bordered(const std::vector<float>& values) {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), bytes = values.size() * sizeof(float);
        const size_t used = (bytes + page - 1) / page * page;
        size_ = used + page;
        memory_ = static_cast<char*>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (memory_ == MAP_FAILED || mprotect(memory_ + used, page, PROT_NONE) != 0) std::abort();
        data_ = reinterpret_cast<float*>(memory_ + used - bytes);
        std::copy(values.begin(), values.end(), data_);
    }
    Bordered(const Bordered&) = delete;
    Bordered& operator=(const Bordered&) = delete;
    ~Bordered() { munmap(memory_, size_); }
    float* data() const { return data_; }

  private:
    size_t size_;
    char* memory_;
    float* data_;
};

/// With an epilogue there is no C, but the tiles that pass through.
void test_product(const KernelTable& kernels, int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit,
                  bool has_epilogue = false) {
    const Bordered a(test::uniform(m * k, 1)), b(test::uniform(k * n, 2)), bias(test::uniform(n, 3));
    const Bordered c(std::vector<float>(static_cast<size_t>(m * n)));
    // Aligned, and therefore with up to 15 floats behind it.
    const int64_t floats = (kernels.gemm_scratch(m, n, k, a_unit, b_unit) + 15) / 16 * 16;
    const Bordered scratch(std::vector<float>(static_cast<size_t>(floats)));
    GemmArgs args{};
    args.m = m;
    args.n = args.ldc = n;
    args.k = k;
    args.a = a.data();
    args.a_row = a_unit ? k : 1;
    args.a_col = a_unit ? 1 : m;
    args.b = b.data();
    args.b_row = b_unit ? n : 1;
    args.b_col = b_unit || n == 1 ? 1 : k;
    args.bias = bias.data();
    args.c = c.data();
    args.scratch = scratch.data();
    struct Product {
        float* c;
        int64_t ld;
    } const product{c.data(), n};
    const Epilogue copy{
        [](const void* context, float* tile, int64_t ld, int64_t i, int64_t j, int64_t rows, int64_t columns) {
            const Product& whole = *static_cast<const Product*>(context);
            for (int64_t r = 0; r < rows; ++r)
                std::memcpy(whole.c + (i + r) * whole.ld + j, tile + r * ld,
                            static_cast<size_t>(columns) * sizeof(float));
        },
        &product, nullptr};
    if (has_epilogue) {
        args.c = nullptr;
        args.epilogue = &copy;
    }
    kernels.gemm(args);
    double last = bias.data()[n - 1];
    for (int64_t p = 0; p < k; ++p)
        last += static_cast<double>(a.data()[(m - 1) * args.a_row + p * args.a_col]) *
                static_cast<double>(b.data()[p * args.b_row + (n - 1) * args.b_col]);
    const double error = static_cast<double>(c.data()[m * n - 1]) - last;
    const double tolerance = 1e-7 * static_cast<double>(k) + 1e-5;
    CHECK(error < tolerance && error > -tolerance, "%s: %lld x %lld x %lld", kernels.isa, static_cast<long long>(m),
          static_cast<long long>(n), static_cast<long long>(k));
}

}  // namespace

}  // namespace ravine

int main() {
    for (const std::string& isa : ravine::available_isas())
        for (const int64_t m : {1, 3, 16, 33, 92})
            for (const int64_t n : {1, 2, 3, 5, 17, 33, 50, 67, 130})
                for (const int64_t k : {1, 7, 33, 100})
                    for (int form = 0; form < 4; ++form)
                        ravine::test_product(*ravine::kernel_table(isa.c_str()), m, n, k, form & 1, form & 2);
    // Packed operands and a depth in pieces; the last columns beside full vectors; strips of a small depth; rows that
    // share their places in the caches; a panel that is fetched.
    const int64_t large[][3] = {{1030, 36, 40}, {1030, 100, 40}, {130, 100, 1700}, {130, 292, 2000}, {33, 50, 1700},
                                {19, 1100, 3},  {33, 1024, 40},  {1024, 20, 530},  {17, 1000, 3200}};
    for (const std::string& isa : ravine::available_isas())
        for (const auto& [m, n, k] : large)
            for (int form = 0; form < 8; ++form)
                ravine::test_product(*ravine::kernel_table(isa.c_str()), m, n, k, form & 1, form & 2, form & 4);
    return ravine::test::result();
}

#else

int main() { return EXIT_SUCCESS; }

#endif
