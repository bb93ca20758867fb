# cpp/kernels/isa.cpp is compiled once for each instruction set. Every set is built, whatever machine builds it; the CPU
# is asked at run time. Link-time optimisation stays off: it could move wide instructions into code that runs everywhere.
set(RAVINE_KERNEL_OBJECTS)
set(RAVINE_KERNEL_DEFINITIONS)
set(ravine_kernel_options -O3 -fno-exceptions -fno-rtti -fno-math-errno -fno-trapping-math -ffp-contract=off -fno-lto)

function(ravine_add_kernels isa)
    set(target ravine_kernels_${isa})
    add_library(${target} OBJECT "${CMAKE_CURRENT_SOURCE_DIR}/cpp/kernels/isa.cpp")
    ravine_configure_target(${target})
    target_compile_definitions(${target} PRIVATE RAVINE_ISA=${isa})
    target_compile_options(${target} PRIVATE ${ravine_kernel_options} ${ARGN})
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    set(RAVINE_KERNEL_OBJECTS ${RAVINE_KERNEL_OBJECTS} $<TARGET_OBJECTS:${target}> PARENT_SCOPE)
endfunction()

ravine_add_kernels(base)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    ravine_add_kernels(avx2 -mavx2 -mfma -mf16c)
    ravine_add_kernels(avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c -mprefer-vector-width=512)
    list(APPEND RAVINE_KERNEL_DEFINITIONS RAVINE_HAVE_AVX2 RAVINE_HAVE_AVX512)
endif()
