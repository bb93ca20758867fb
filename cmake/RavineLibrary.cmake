# The engine: one static library that a C++ app can link and that the Python module is made of.
file(GLOB ravine_sources CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/cpp/graph/*.cpp"
    "${CMAKE_CURRENT_SOURCE_DIR}/cpp/ops/*.cpp"
    "${CMAKE_CURRENT_SOURCE_DIR}/cpp/plan/*.cpp"
    "${CMAKE_CURRENT_SOURCE_DIR}/cpp/exec/*.cpp"
    "${CMAKE_CURRENT_SOURCE_DIR}/cpp/io/*.cpp")

configure_file("${CMAKE_CURRENT_SOURCE_DIR}/cpp/include/ravine/version.h.in"
               "${CMAKE_CURRENT_BINARY_DIR}/include/ravine/version.h" @ONLY)

add_library(ravine STATIC ${ravine_sources} ${RAVINE_KERNEL_OBJECTS})
add_library(ravine::ravine ALIAS ravine)
ravine_configure_target(ravine)
target_compile_features(ravine PUBLIC cxx_std_17)
target_compile_definitions(ravine PRIVATE ${RAVINE_KERNEL_DEFINITIONS})
target_include_directories(ravine
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/cpp/include>
           $<BUILD_INTERFACE:${CMAKE_CURRENT_BINARY_DIR}/include>
    PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/cpp")

ravine_find_json(ravine_json_include_dir)
target_include_directories(ravine SYSTEM PRIVATE "$<BUILD_INTERFACE:${ravine_json_include_dir}>")

find_package(Threads REQUIRED)
target_link_libraries(ravine PRIVATE Threads::Threads)
if(RAVINE_OPENMP)
    find_package(OpenMP COMPONENTS CXX)
    if(OpenMP_CXX_FOUND)
        target_link_libraries(ravine PRIVATE OpenMP::OpenMP_CXX)
    endif()
endif()
