// Model files from Python: writing them, and the C++ Model that reads them.
#pragma once
#include <pybind11/pybind11.h>

namespace ravine::bind {

void bind_model(pybind11::module_& module);

}  // namespace ravine::bind
