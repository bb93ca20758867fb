# Options of every target of this project, none of which reaches those who link the library.
add_library(ravine_options INTERFACE)
target_compile_features(ravine_options INTERFACE cxx_std_17)
target_compile_options(ravine_options INTERFACE -Wall -Wextra -Wshadow $<$<BOOL:${RAVINE_WERROR}>:-Werror>)
if(RAVINE_SANITIZE)
    # -O1: instrumented kernels take minutes to compile at -O3.
    target_compile_options(ravine_options INTERFACE
        -O1 -fsanitize=${RAVINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
    target_link_options(ravine_options INTERFACE -fsanitize=${RAVINE_SANITIZE})
endif()

function(ravine_configure_target target)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:ravine_options>)
    set_target_properties(${target} PROPERTIES
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON)
endfunction()
