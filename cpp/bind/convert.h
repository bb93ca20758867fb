// Between NumPy and the engine.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "exec/program.h"

namespace ravine::bind {

namespace py = pybind11;

/// A shape from Python, None or -1 in front standing for the batch; and back, with None.
Shape shape_from(const py::handle& object);
py::tuple shape_to(const Shape& shape);

Attrs attrs_from(const py::dict& dict);

/// The element type of an array; throws TypeError for those that cannot become float32.
Element element_of(const py::array& array);

/// A feed over an array whose samples (all but the first axis) are contiguous; copies it if they are not and then keeps
/// the copy in `owner`.
Feed feed_from(const py::handle& object, bool batched, std::vector<py::object>& owner);

/// An array over memory of the storage, which it keeps alive.
py::array view_of(const std::shared_ptr<Storage>& storage, void* data, const Shape& shape, DType dtype);

}  // namespace ravine::bind
