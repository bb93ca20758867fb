// One op at once, on NumPy arrays.
#pragma once
#include <pybind11/pybind11.h>

namespace ravine::bind {

void bind_eager(pybind11::module_& module);

}  // namespace ravine::bind
