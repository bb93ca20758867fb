# Some C++ dependencies come from PyPI (nlohmann-json, cmeel-eigen, pybind11). This finds the folder or file `relative`
# on the module path of the Python that is building, without importing anything.
function(ravine_find_in_python output relative)
    set(${output} "" PARENT_SCOPE)
    if(NOT Python_Interpreter_FOUND)
        find_package(Python 3.10 QUIET COMPONENTS Interpreter)
        if(NOT Python_Interpreter_FOUND)
            return()
        endif()
    endif()
    execute_process(
        COMMAND "${Python_EXECUTABLE}" -c
                "import os, sys; print(next((p for d in sys.path if os.path.exists(p := os.path.join(d, sys.argv[1]))), ''))"
                "${relative}"
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(found)
        file(TO_CMAKE_PATH "${found}" found)
    endif()
    set(${output} "${found}" PARENT_SCOPE)
endfunction()

# An include folder is enough: the library must not pass its private parser on to those who link it.
function(ravine_find_json output)
    if(RAVINE_JSON_INCLUDE_DIR)
        set(${output} "${RAVINE_JSON_INCLUDE_DIR}" PARENT_SCOPE)
        return()
    endif()
    find_package(nlohmann_json 3.10 CONFIG QUIET)
    if(TARGET nlohmann_json::nlohmann_json)
        get_target_property(directory nlohmann_json::nlohmann_json INTERFACE_INCLUDE_DIRECTORIES)
    else()
        ravine_find_in_python(package nlohmann_json/include)
        find_path(RAVINE_JSON_HEADER_DIR nlohmann/json.hpp HINTS "${package}" NO_CACHE)
        set(directory "${RAVINE_JSON_HEADER_DIR}")
    endif()
    if(NOT directory)
        message(FATAL_ERROR
            "nlohmann/json.hpp was not found. Install it (pip install nlohmann-json, or your system's nlohmann-json "
            "package), or pass -DRAVINE_JSON_INCLUDE_DIR=FOLDER with the folder that holds nlohmann/json.hpp.")
    endif()
    set(${output} "${directory}" PARENT_SCOPE)
endfunction()

# A macro: find_package must define its targets for the caller.
macro(ravine_find_eigen)
    find_package(Eigen3 3.4 CONFIG QUIET)
    if(NOT TARGET Eigen3::Eigen)
        ravine_find_in_python(ravine_cmeel_prefix cmeel.prefix)
        find_package(Eigen3 3.4 CONFIG REQUIRED HINTS "${ravine_cmeel_prefix}")
    endif()
endmacro()
