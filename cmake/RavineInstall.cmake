# Two components: `python` is the extension module, placed in the folder `ravine` of a wheel; `development` is the header
# files, the library and the CMake package. In a wheel the latter live inside the Python package as well.
include(CMakePackageConfigHelpers)

if(SKBUILD)
    set(ravine_module_dir ravine)
    set(ravine_include_dir ravine/include)
    set(ravine_library_dir ravine/lib)
else()
    set(ravine_module_dir .)
    set(ravine_include_dir "${CMAKE_INSTALL_INCLUDEDIR}")
    set(ravine_library_dir "${CMAKE_INSTALL_LIBDIR}")
endif()
set(ravine_cmake_dir "${ravine_library_dir}/cmake/ravine")

if(RAVINE_PYTHON)
    # Outside a wheel the module is installed only on demand: cmake --install build --component python --prefix FOLDER
    if(SKBUILD)
        install(TARGETS ravine_core LIBRARY DESTINATION "${ravine_module_dir}" COMPONENT python)
    else()
        install(TARGETS ravine_core LIBRARY DESTINATION "${ravine_module_dir}" COMPONENT python EXCLUDE_FROM_ALL)
    endif()
endif()

install(TARGETS ravine EXPORT ravine ARCHIVE DESTINATION "${ravine_library_dir}" COMPONENT development
        INCLUDES DESTINATION "${ravine_include_dir}")
install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/cpp/include/ravine" "${CMAKE_CURRENT_BINARY_DIR}/include/ravine"
        DESTINATION "${ravine_include_dir}" COMPONENT development FILES_MATCHING PATTERN "*.h")
install(EXPORT ravine FILE ravineTargets.cmake NAMESPACE ravine:: DESTINATION "${ravine_cmake_dir}"
        COMPONENT development)

set(ravine_uses_openmp FALSE)
if(OpenMP_CXX_FOUND AND RAVINE_OPENMP)
    set(ravine_uses_openmp TRUE)
endif()
configure_package_config_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/ravineConfig.cmake.in"
    "${CMAKE_CURRENT_BINARY_DIR}/ravineConfig.cmake" INSTALL_DESTINATION "${ravine_cmake_dir}"
    NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/ravineConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ravineConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/ravineConfigVersion.cmake"
        DESTINATION "${ravine_cmake_dir}" COMPONENT development)
