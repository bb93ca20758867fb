#include "exec/cpu.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace ravine {

extern const KernelTable kernel_table_base;
#if defined(RAVINE_HAVE_AVX2)
extern const KernelTable kernel_table_avx2;
#endif
#if defined(RAVINE_HAVE_AVX512)
extern const KernelTable kernel_table_avx512;
#endif

namespace {

std::vector<const KernelTable*> runnable_tables() {
    std::vector<const KernelTable*> tables;
#if defined(RAVINE_HAVE_AVX512)
    // GCC's own test covers the operating system's support of the wide registers too.
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        tables.push_back(&kernel_table_avx512);
#endif
#if defined(RAVINE_HAVE_AVX2)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
        tables.push_back(&kernel_table_avx2);
#endif
    tables.push_back(&kernel_table_base);
    return tables;
}

const KernelTable& pick(const std::string& name, const char* asked_by) {
    std::string list;
    for (const KernelTable* table : runnable_tables()) {
        if (name == table->isa) return *table;
        list += std::string(list.empty() ? "'" : ", '") + table->isa + "'";
    }
    throw std::invalid_argument(std::string(asked_by) + ": instruction set '" + name +
                                "' cannot run here; this machine has " + list + ".");
}

std::atomic<const KernelTable*> pinned{nullptr};

}  // namespace

const KernelTable* kernel_table(const char* isa) {
    for (const KernelTable* table : runnable_tables())
        if (std::string(isa) == table->isa) return table;
    return nullptr;
}

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const KernelTable* table : runnable_tables()) names.push_back(table->isa);
    return names;
}

const KernelTable& current_kernels() {
    if (const KernelTable* table = pinned.load()) return *table;
    const char* name = std::getenv("RAVINE_ISA");
    const KernelTable& table = name && *name ? pick(name, "RAVINE_ISA") : *runnable_tables().front();
    pinned.store(&table);
    return table;
}

void set_isa(const std::string& name) { pinned.store(&pick(name, "set_isa")); }

}  // namespace ravine
