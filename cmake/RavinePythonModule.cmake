# ravine._core: a thin pybind11 module over the library.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 CONFIG QUIET)
if(NOT pybind11_FOUND)
    ravine_find_in_python(ravine_pybind11_dir pybind11/share/cmake/pybind11)
    find_package(pybind11 CONFIG REQUIRED HINTS "${ravine_pybind11_dir}")
endif()

file(GLOB ravine_bind_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/cpp/bind/*.cpp")
# NO_EXTRAS: no link-time optimisation (see RavineKernels.cmake).
pybind11_add_module(ravine_core MODULE NO_EXTRAS ${ravine_bind_sources})
ravine_configure_target(ravine_core)
set_target_properties(ravine_core PROPERTIES OUTPUT_NAME _core)
target_include_directories(ravine_core PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/cpp")
target_compile_definitions(ravine_core PRIVATE ${RAVINE_KERNEL_DEFINITIONS})
target_link_libraries(ravine_core PRIVATE ravine::ravine)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    # Nothing but the module's entry leaves it: C++ symbols of two extensions in one process must not meet.
    set(ravine_symbols "${CMAKE_CURRENT_SOURCE_DIR}/cmake/python-module.map")
    target_link_options(ravine_core PRIVATE "-Wl,--version-script=${ravine_symbols}")
    set_property(TARGET ravine_core APPEND PROPERTY LINK_DEPENDS "${ravine_symbols}")
endif()
