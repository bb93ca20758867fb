#include "bind/model.h"

#include <pybind11/stl.h>

#include "bind/convert.h"
#include "io/model_file.h"
#include "ravine/model.h"

namespace ravine::bind {

namespace {

using Means = std::vector<std::tuple<std::string, VariablePtr, VariablePtr>>;

void export_model(const std::string& path,
                  const std::map<std::string, std::pair<std::shared_ptr<Program>, Means>>& programs,
                  const VariablePtr& learning_rate) {
    ModelContents contents;
    contents.learning_rate = learning_rate;
    for (const auto& [name, entry] : programs) {
        FileProgram program{entry.first, {}};
        for (const auto& [metric, total, count] : entry.second) program.metrics.push_back({metric, total, count});
        contents.programs[name] = std::move(program);
    }
    write_model(path, contents);
}

using Rows = py::array_t<float, py::array::c_style | py::array::forcecast>;

int64_t rows_of(const Rows& array, int64_t unit, const char* what) {
    const int64_t rows = array.ndim() ? array.shape(0) : 0;
    if (array.ndim() < 1 || array.size() != rows * unit)
        throw std::invalid_argument(std::string(what) + ": expected samples of " + std::to_string(unit) +
                                    " values, received shape " + py::str(array.attr("shape")).cast<std::string>() +
                                    ".");
    return rows;
}

int64_t checked_pair(const Model& model, const Rows& x, const Rows& y) {
    const int64_t rows = rows_of(x, model.input_size(), "x");
    if (rows_of(y, model.target_size(), "y") != rows) throw std::invalid_argument("x and y differ in length.");
    return rows;
}

}  // namespace

void bind_model(py::module_& module) {
    module.def("export_model", &export_model, py::arg("path"), py::arg("programs"),
               py::arg("learning_rate") = VariablePtr(),
               "Writes programs, each with its metrics as (name, total, count), and their variables to a model file.");
    py::class_<Model>(module, "NativeModel", "The Model that C++ programs use, over a model file.")
        .def(py::init([](const std::string& path) { return Model::load(path); }), py::arg("path"))
        .def("save", &Model::save, py::arg("path"), py::call_guard<py::gil_scoped_release>(),
             "Writes the model as it is now; a crash leaves the old file.")
        .def_property_readonly("input_shape", [](const Model& self) { return py::tuple(py::cast(self.input_shape())); })
        .def_property_readonly("output_shape",
                               [](const Model& self) { return py::tuple(py::cast(self.output_shape())); })
        .def_property_readonly("trainable", &Model::trainable)
        .def_property("learning_rate", &Model::learning_rate, &Model::set_learning_rate)
        .def(
            "predict",
            [](Model& self, const Rows& x) {
                const int64_t rows = rows_of(x, self.input_size(), "x");
                std::vector<py::ssize_t> dims{rows};
                for (int64_t dim : self.output_shape()) dims.push_back(dim);
                py::array_t<float> y(dims);
                float* data = y.mutable_data();
                py::gil_scoped_release release;
                self.predict(x.data(), rows, data);
                return y;
            },
            py::arg("x"))
        .def(
            "train_on_batch",
            [](Model& self, const Rows& x, const Rows& y) {
                const int64_t rows = checked_pair(self, x, y);
                py::gil_scoped_release release;
                return self.train_on_batch(x.data(), y.data(), rows);
            },
            py::arg("x"), py::arg("y"))
        .def(
            "evaluate",
            [](Model& self, const Rows& x, const Rows& y, int64_t batch_size) {
                const int64_t rows = checked_pair(self, x, y);
                py::gil_scoped_release release;
                return self.evaluate(x.data(), y.data(), rows, batch_size);
            },
            py::arg("x"), py::arg("y"), py::arg("batch_size") = 32)
        .def(
            "fit",
            [](Model& self, const Rows& x, const Rows& y, int epochs, int64_t batch_size, bool shuffle, uint64_t seed) {
                const int64_t rows = checked_pair(self, x, y);
                FitOptions options;
                options.epochs = epochs;
                options.batch_size = batch_size;
                options.shuffle = shuffle;
                options.seed = seed;
                py::gil_scoped_release release;
                return self.fit(x.data(), y.data(), rows, options);
            },
            py::arg("x"), py::arg("y"), py::arg("epochs") = 1, py::arg("batch_size") = 32, py::arg("shuffle") = true,
            py::arg("seed") = 0)
        .def("variables", [](py::object self) {
            py::dict views;
            for (const TensorView& view : self.cast<const Model&>().variables())
                views[py::str(view.name)] =
                    py::array(py::dtype::of<float>(), std::vector<py::ssize_t>(view.shape.begin(), view.shape.end()),
                              view.data, self);
            return views;
        });
}

}  // namespace ravine::bind
