// The Python module ravine._core. It is generic: ops are named by strings, so that a new op needs nothing here.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <system_error>

#include "bind/convert.h"
#include "bind/eager.h"
#include "bind/model.h"
#include "exec/cpu.h"
#include "exec/shuffle.h"
#include "exec/team.h"
#include "ravine/version.h"

namespace ravine::bind {

namespace {

VariablePtr make_variable(const py::object& value, const std::string& name) {
    py::array array = py::array::ensure(value, py::array::c_style);
    if (!array) throw py::error_already_set();
    const char kind = array.dtype().kind();
    DType dtype = DType::f32;
    if (kind == 'f' && array.itemsize() == 8) dtype = DType::f64;
    if (kind == 'i' && array.itemsize() == 8) dtype = DType::i64;
    if (dtype == DType::f32 && !(kind == 'f' && array.itemsize() == 4))
        throw py::type_error("Variable '" + name + "': expected float32, float64 or int64, received " +
                             py::str(array.dtype()).cast<std::string>() + ".");
    return std::make_shared<Variable>(name, Shape(std::vector<int64_t>(array.shape(), array.shape() + array.ndim())),
                                      dtype, array.data());
}

void bind_variable(py::module_& module) {
    py::class_<Variable, VariablePtr>(module, "Variable", "A named tensor of state: float32, float64 or int64.")
        .def(py::init(&make_variable), py::arg("value"), py::arg("name"))
        .def_property_readonly(
            "value",
            [](const Variable& self) { return view_of(self.storage(), self.data(), self.shape(), self.dtype()); },
            "A writable view of the memory. Ask again after the variable was first used in a Program.")
        .def_property("name", &Variable::name, &Variable::rename)
        .def_property_readonly("shape", [](const Variable& self) { return shape_to(self.shape()); })
        .def_property_readonly("dtype", [](const Variable& self) {
            return self.dtype() == DType::f32 ? "float32" : self.dtype() == DType::f64 ? "float64" : "int64";
        });
    module.def("flatten", &flatten, py::arg("variables"), "Moves loose variables into one flat, aligned store.");
}

void bind_graph(py::module_& module) {
    py::class_<Graph>(module, "Graph", "What to compute: nodes in the order in which they run.")
        .def(py::init<>())
        .def(
            "input",
            [](Graph& self, const std::string& name, const py::object& shape) {
                return self.input(name, shape_from(shape));
            },
            py::arg("name"), py::arg("shape"))
        .def("variable", &Graph::variable, py::arg("variable"))
        .def(
            "constant",
            [](Graph& self, const py::object& value) {
                auto array = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(value);
                if (!array) throw py::error_already_set();
                return self.constant(Shape(std::vector<int64_t>(array.shape(), array.shape() + array.ndim())),
                                     std::vector<float>(array.data(), array.data() + array.size()));
            },
            py::arg("value"))
        .def(
            "add",
            [](Graph& self, const std::string& op, std::vector<ValueId> inputs, const py::dict& attrs,
               const std::string& label) { return self.add(op, std::move(inputs), attrs_from(attrs), label); },
            py::arg("op"), py::arg("inputs"), py::arg("attrs") = py::dict(), py::arg("label") = "")
        .def("push_guard", &Graph::push_guard, py::arg("condition"))
        .def("pop_guard", &Graph::pop_guard)
        .def(
            "shape", [](const Graph& self, ValueId id) { return shape_to(self.shape(id)); }, py::arg("id"))
        .def(
            "producer",
            [](const Graph& self, ValueId id) -> py::object {
                const Node* node = self.producer(id);
                if (!node) return py::none();
                return py::make_tuple(node->op->name, node->inputs, self.value(id).output_index);
            },
            py::arg("id"))
        .def(
            "gradients",
            [](Graph& self, ValueId loss, const std::vector<ValueId>& wrt) {
                py::list result;
                for (ValueId id : self.gradients(loss, wrt))
                    result.append(id == kNone ? py::object(py::none()) : py::object(py::int_(id)));
                return result;
            },
            py::arg("loss"), py::arg("wrt"));
}

std::vector<Feed> feeds_from(const Program& program, const py::sequence& data, std::vector<py::object>& owner) {
    if (py::len(data) != program.inputs().size())
        throw std::invalid_argument("expected " + std::to_string(program.inputs().size()) + " inputs, received " +
                                    std::to_string(py::len(data)) + ".");
    std::vector<Feed> feeds;
    for (size_t i = 0; i < program.inputs().size(); ++i)
        feeds.push_back(feed_from(data[i], program.input_shape(i).batched(), owner));
    return feeds;
}

int64_t samples_of(const Program& program, const std::vector<Feed>& feeds) {
    for (size_t i = 0; i < feeds.size(); ++i)
        if (program.input_shape(i).batched()) return feeds[i].rows;
    return 1;
}

py::list run_once(Program& self, const py::sequence& inputs) {
    std::vector<py::object> owner;
    const std::vector<Feed> feeds = feeds_from(self, inputs, owner);
    const int64_t rows = samples_of(self, feeds);
    py::list outputs;
    std::vector<Sink> sinks;
    for (size_t i = 0; i < self.outputs().size(); ++i) {
        std::vector<py::ssize_t> dims(self.output_shape(i).dims().begin(), self.output_shape(i).dims().end());
        if (self.output_shape(i).batched()) dims[0] = rows;
        py::array_t<float> array(dims);
        sinks.push_back({array.mutable_data(), rows});
        outputs.append(array);
    }
    if (rows == 0) return outputs;
    py::gil_scoped_release release;
    self.run(feeds, {rows, 0, 1, nullptr, rows}, sinks);
    return outputs;
}

int64_t run_batches(Program& self, const py::sequence& data, int64_t batch_size, int64_t begin, int64_t end,
                    const py::object& order, const py::object& outputs, const py::object& poll, double poll_seconds) {
    std::vector<py::object> owner;
    const std::vector<Feed> feeds = feeds_from(self, data, owner);
    BatchRange range{batch_size, begin, end, nullptr, samples_of(self, feeds)};
    if (!order.is_none()) {
        auto array = py::array_t<int64_t, py::array::c_style | py::array::forcecast>::ensure(order);
        if (!array) throw py::error_already_set();
        owner.push_back(array);
        range.order = array.data();
        range.samples = array.size();
    }
    std::vector<Sink> sinks;
    if (!outputs.is_none()) {
        for (const py::handle& output : py::cast<py::sequence>(outputs)) {
            if (!py::isinstance<py::array_t<float, py::array::c_style>>(output))
                throw py::type_error("outputs must be contiguous float32 arrays.");
            auto array = py::cast<py::array_t<float, py::array::c_style>>(output);
            const size_t i = sinks.size();
            const bool batched = i < self.outputs().size() && self.output_shape(i).batched();
            if (i < self.outputs().size() && array.size() < self.output_shape(i).size(range.samples))
                throw std::invalid_argument("an output array is too small.");
            sinks.push_back({array.mutable_data(), batched ? array.shape(0) : 1});
        }
    }
    // Signals are looked at together with the poll, so that Ctrl-C stops between batches.
    const std::function<bool(int64_t)> look = [&poll](int64_t next) {
        py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        return poll.is_none() || poll(next).cast<bool>();
    };
    py::gil_scoped_release release;
    return self.run(feeds, range, sinks, look, poll_seconds);
}

void bind_program(py::module_& module) {
    py::class_<Program, std::shared_ptr<Program>>(module, "Program",
                                                  "A graph with entries and exits, planned when first run.")
        .def(py::init<const Graph&, std::vector<ValueId>, std::vector<ValueId>>(), py::arg("graph"), py::arg("inputs"),
             py::arg("outputs"))
        .def("run", &run_once, py::arg("inputs"))
        .def("run_batches", &run_batches, py::arg("data"), py::arg("batch_size"), py::arg("begin"), py::arg("end"),
             py::arg("order") = py::none(), py::arg("outputs") = py::none(), py::arg("poll") = py::none(),
             py::arg("poll_seconds") = 0.1)
        .def("describe", &Program::describe, py::arg("batch_size") = 32, py::call_guard<py::gil_scoped_release>());
}

}  // namespace

PYBIND11_MODULE(_core, module) {
    module.doc() = "The engine of ravine.";
    module.attr("__version__") = RAVINE_VERSION;
    // OSError picks its subclass by the number: FileNotFoundError, PermissionError, ...
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const std::system_error& error) {
            PyErr_SetObject(PyExc_OSError, py::make_tuple(error.code().value(), error.what()).ptr());
        }
    });
    module.def("isas", &available_isas, "Instruction sets that can run here, the best first.");
    module.def("isa", [] { return std::string(current_kernels().isa); }, "The instruction set in use.");
    module.def("set_isa", &set_isa, py::arg("name"));
    module.def("num_threads", &num_threads);
    module.def("set_num_threads", &set_num_threads, py::arg("threads"));
    module.def("available_threads", &available_threads);
    module.def("allow_oversubscription", &allow_oversubscription, py::arg("allow"));
    module.def("op_names", [] {
        std::vector<std::string> names;
        for (const auto& entry : ops()) names.push_back(entry.first);
        return names;
    });
    module.def(
        "shuffle",
        [](int64_t count, uint64_t seed) {
            py::array_t<int64_t> order(count);
            shuffle(order.mutable_data(), count, seed);
            return order;
        },
        py::arg("n"), py::arg("seed"), "A permutation of range(n) that depends on the seed alone.");
    bind_variable(module);
    bind_graph(module);
    bind_program(module);
    bind_eager(module);
    bind_model(module);
}

}  // namespace ravine::bind
