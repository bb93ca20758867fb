// Matrix products of other libraries, loaded by path, so that nothing is needed to compile the benches.
#pragma once
#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>

namespace bench {

enum class Form { ab, abt, atb };

/// C[m,n] = A[m,k] B[k,n], all contiguous and row-major; the form says whether A or B is stored transposed.
struct Product {
    Form form;
    int64_t m, k, n;

    int64_t a_row() const { return form == Form::atb ? 1 : k; }
    int64_t a_col() const { return form == Form::atb ? m : 1; }
    int64_t b_row() const { return form == Form::abt ? 1 : n; }
    int64_t b_col() const { return form == Form::abt ? k : 1; }
};

class Library {
  public:
    explicit Library(const char* path) : path_(path), handle_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        if (handle_) return;
        std::fprintf(stderr, "%s\n", dlerror());
        std::exit(2);
    }

    /// The first of the names that it has, as a function; null when it has none.
    template <typename Function>
    Function find(std::initializer_list<const char*> names) const {
        for (const char* name : names)
            if (void* found = dlsym(handle_, name)) return reinterpret_cast<Function>(found);
        return nullptr;
    }

    template <typename Function>
    Function get(const char* name) const {
        const Function found = find<Function>({name});
        if (!found) fail(name);
        return found;
    }

    [[noreturn]] void fail(const char* what) const {
        std::fprintf(stderr, "%s: no %s\n", path_, what);
        std::exit(2);
    }

  private:
    const char* path_;
    void* handle_;
};

/// cblas_sgemm, under the names that builds of OpenBLAS, MKL and NumPy's wheels give it.
class Blas {
  public:
    explicit Blas(const char* path) {
        const Library library(path);
        sgemm64_ = library.find<Sgemm<int64_t>>({"cblas_sgemm64_", "scipy_cblas_sgemm64_"});
        sgemm32_ = library.find<Sgemm<int>>({"cblas_sgemm", "scipy_cblas_sgemm"});
        if (!sgemm64_ && !sgemm32_) library.fail("cblas_sgemm");
        const auto set_threads =
            library.find<void (*)(int)>({"openblas_set_num_threads", "openblas_set_num_threads64_",
                                         "scipy_openblas_set_num_threads", "scipy_openblas_set_num_threads64_"});
        if (set_threads) set_threads(1);
    }

    void operator()(const Product& s, const float* a, const float* b, float* c) const {
        if (sgemm64_) {
            call(sgemm64_, s, a, b, c);
        } else {
            call(sgemm32_, s, a, b, c);
        }
    }

  private:
    template <typename Int>
    using Sgemm = void (*)(int, int, int, Int, Int, Int, float, const float*, Int, const float*, Int, float, float*,
                           Int);

    template <typename Int>
    static void call(Sgemm<Int> sgemm, const Product& s, const float* a, const float* b, float* c) {
        constexpr int row_major = 101, plain = 111, transposed = 112;
        const int ta = s.form == Form::atb ? transposed : plain, tb = s.form == Form::abt ? transposed : plain;
        const auto size = [](int64_t x) { return static_cast<Int>(x); };
        sgemm(row_major, ta, tb, size(s.m), size(s.n), size(s.k), 1.0f, a, size(s.form == Form::atb ? s.m : s.k), b,
              size(s.form == Form::abt ? s.k : s.n), 0.0f, c, size(s.n));
    }

    Sgemm<int64_t> sgemm64_;
    Sgemm<int> sgemm32_;
};

/// The matmul primitive of oneDNN 3, by its C interface (https://uxlfoundation.github.io/oneDNN/group_dnnl_api.html).
/// Operands lie as they are: weights that change in every step cannot be brought into a layout of its choice first.
class OneDnn {
  public:
    explicit OneDnn(const char* path) : library_(path) {
        check(library_.get<Status (*)(Handle*, int, size_t)>("dnnl_engine_create")(&engine_, kCpu, 0), "engine");
        check(library_.get<Status (*)(Handle*, Handle, unsigned)>("dnnl_stream_create")(&stream_, engine_, kInOrder),
              "stream");
        execute_ = library_.get<Execute>("dnnl_primitive_execute");
    }

    /// A call that does the product again and again. What oneDNN makes for it lives as long as the process.
    std::function<void()> matmul(const Product& s, float* a, float* b, float* c) const {
        const Handle source = describe(s.m, s.k, s.a_row(), s.a_col());
        const Handle weights = describe(s.k, s.n, s.b_row(), s.b_col());
        const Handle target = describe(s.m, s.n, s.n, 1);
        Handle description = nullptr, primitive = nullptr;
        using Describe = Status (*)(Handle*, Handle, Handle, Handle, Handle, Handle, Handle);
        check(library_.get<Describe>("dnnl_matmul_primitive_desc_create")(&description, engine_, source, weights,
                                                                          nullptr, target, nullptr),
              "matmul");
        check(library_.get<Status (*)(Handle*, Handle)>("dnnl_primitive_create")(&primitive, description), "primitive");
        constexpr int kSource = 1, kWeights = 33, kTarget = 17;
        const std::array<Argument, 3> arguments = {
            {{kSource, memory(source, a)}, {kWeights, memory(weights, b)}, {kTarget, memory(target, c)}}};
        return [execute = execute_, stream = stream_, primitive, arguments] {
            execute(primitive, stream, 3, arguments.data());
        };
    }

  private:
    using Handle = void*;
    using Status = int;
    struct Argument {
        int kind;
        Handle memory;
    };
    using Execute = Status (*)(Handle, Handle, int, const Argument*);
    static constexpr int kCpu = 1, kFloat = 3;
    static constexpr unsigned kInOrder = 1;

    void check(Status status, const char* what) const {
        if (status) library_.fail(what);
    }

    Handle describe(int64_t rows, int64_t columns, int64_t row, int64_t column) const {
        constexpr int kMostDimensions = 12;
        const int64_t sizes[kMostDimensions] = {rows, columns};
        const int64_t strides[kMostDimensions] = {row, column};
        Handle description = nullptr;
        using Create = Status (*)(Handle*, int, const int64_t*, int, const int64_t*);
        check(library_.get<Create>("dnnl_memory_desc_create_with_strides")(&description, 2, sizes, kFloat, strides),
              "description");
        return description;
    }

    Handle memory(Handle description, float* data) const {
        Handle memory = nullptr;
        using Create = Status (*)(Handle*, Handle, Handle, void*);
        check(library_.get<Create>("dnnl_memory_create")(&memory, description, engine_, data), "memory");
        return memory;
    }

    Library library_;
    Handle engine_ = nullptr, stream_ = nullptr;
    Execute execute_ = nullptr;
};

}  // namespace bench
