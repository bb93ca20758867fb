#include "bind/convert.h"

namespace ravine::bind {

Shape shape_from(const py::handle& object) {
    std::vector<int64_t> dims;
    for (const py::handle& dim : py::cast<py::sequence>(object))
        dims.push_back(dim.is_none() ? kBatch : dim.cast<int64_t>());
    for (size_t i = 0; i < dims.size(); ++i)
        if (dims[i] < 0 && !(i == 0 && dims[i] == kBatch))
            throw std::invalid_argument("only the first dimension may be None, received shape " + Shape(dims).str() +
                                        ".");
    return Shape(std::move(dims));
}

py::tuple shape_to(const Shape& shape) {
    py::tuple tuple(static_cast<size_t>(shape.rank()));
    for (int64_t i = 0; i < shape.rank(); ++i)
        tuple[static_cast<size_t>(i)] = shape[i] == kBatch ? py::object(py::none()) : py::object(py::int_(shape[i]));
    return tuple;
}

Attrs attrs_from(const py::dict& dict) {
    Attrs attrs;
    for (const auto& [key, value] : dict) {
        const std::string name = py::cast<std::string>(key);
        if (py::isinstance<py::bool_>(value) || py::isinstance<py::int_>(value))
            attrs.set(name, value.cast<int64_t>());
        else if (py::isinstance<py::float_>(value))
            attrs.set(name, value.cast<double>());
        else if (py::isinstance<py::str>(value))
            attrs.set(name, value.cast<std::string>());
        else if (py::isinstance<py::sequence>(value))
            attrs.set(name, name == "shape" ? shape_from(value).dims() : value.cast<std::vector<int64_t>>());
        else
            throw py::type_error("attribute '" + name + "' must be a number, a string or a list of integers.");
    }
    return attrs;
}

Element element_of(const py::array& array) {
    const py::dtype dtype = array.dtype();
    const char kind = dtype.kind();
    const auto size = dtype.itemsize();
    const char order = dtype.byteorder();
    if (order != '>') {
        if (kind == 'f' && size == 4) return Element::f32;
        if (kind == 'f' && size == 8) return Element::f64;
        if (kind == 'f' && size == 2) return Element::f16;
        if (kind == 'b') return Element::boolean;
        if (kind == 'u')
            return size == 1 ? Element::u8 : size == 2 ? Element::u16 : size == 4 ? Element::u32 : Element::u64;
        if (kind == 'i')
            return size == 1 ? Element::i8 : size == 2 ? Element::i16 : size == 4 ? Element::i32 : Element::i64;
    }
    throw py::type_error("cannot train on elements of type " + py::str(dtype).cast<std::string>() +
                         "; convert the array to float32 first.");
}

Feed feed_from(const py::handle& object, bool batched, std::vector<py::object>& owner) {
    py::array array = py::array::ensure(object);
    if (!array) {
        PyErr_Clear();
        throw py::type_error("expected an array, received " + py::str(py::type::of(object)).cast<std::string>() + ".");
    }
    const Element element = element_of(array);
    const py::ssize_t first = batched ? 1 : 0;
    if (array.ndim() < first) throw std::invalid_argument("expected a batch, received a scalar.");
    bool contiguous = true;
    py::ssize_t expected = array.itemsize();
    for (py::ssize_t axis = array.ndim(); axis-- > first;) {
        contiguous = contiguous && (array.shape(axis) == 1 || array.strides(axis) == expected);
        expected *= array.shape(axis);
    }
    const py::ssize_t size = array.itemsize();
    const bool aligned = reinterpret_cast<uintptr_t>(array.data()) % static_cast<uintptr_t>(size) == 0 &&
                         (!batched || array.strides(0) % size == 0);
    if (!contiguous || !aligned) array = array.attr("copy")("C").cast<py::array>();
    int64_t unit = 1;
    for (py::ssize_t axis = first; axis < array.ndim(); ++axis) unit *= array.shape(axis);
    owner.push_back(array);
    return {array.data(), element, batched ? array.shape(0) : 1, unit, batched ? array.strides(0) : 0};
}

py::array view_of(const std::shared_ptr<Storage>& storage, void* data, const Shape& shape, DType dtype) {
    auto* keeper = new std::shared_ptr<Storage>(storage);
    py::capsule base(keeper, [](void* pointer) { delete static_cast<std::shared_ptr<Storage>*>(pointer); });
    const py::dtype type = dtype == DType::f32   ? py::dtype::of<float>()
                           : dtype == DType::f64 ? py::dtype::of<double>()
                                                 : py::dtype::of<int64_t>();
    return py::array(type, std::vector<py::ssize_t>(shape.dims().begin(), shape.dims().end()), data, base);
}

}  // namespace ravine::bind
