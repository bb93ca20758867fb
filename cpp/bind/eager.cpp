#include "bind/eager.h"

#include <cstring>

#include "bind/convert.h"
#include "exec/cpu.h"
#include "exec/run.h"
#include "exec/team.h"

namespace ravine::bind {

namespace {

bool is_updated(const OpDef& op, size_t i) {
    for (int index : op.updates)
        if (static_cast<size_t>(index) == i) return true;
    return false;
}

/// A float32 C-contiguous array: the object itself when it is one, else a copy; what is updated must be one.
py::array_t<float> dense(const py::handle& object, bool updated) {
    const bool exact = py::isinstance<py::array_t<float, py::array::c_style>>(object) &&
                       reinterpret_cast<uintptr_t>(py::cast<py::array>(object).data()) % alignof(float) == 0;
    if (updated && !(exact && py::cast<py::array>(object).writeable()))
        throw py::type_error("what is updated in place must be a writable, contiguous float32 array or a Variable.");
    auto array = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(object);
    if (!array) throw py::error_already_set();
    if (reinterpret_cast<uintptr_t>(array.data()) % alignof(float)) array = array.attr("copy")();
    return array;
}

/// The node runs through the same planner as whole graphs, bound to the caller's memory.
py::list eager(const std::string& name, const py::sequence& inputs, const py::dict& dict) {
    const OpDef& op = find_op(name);
    Graph graph;
    std::vector<ValueId> ids;
    std::vector<py::object> owner;
    std::vector<void*> memory;
    for (size_t i = 0; i < py::len(inputs); ++i) {
        const py::object object = inputs[i];
        if (py::isinstance<Variable>(object)) {
            const VariablePtr variable = py::cast<VariablePtr>(object);
            flatten({variable});  // so that its memory stays where it is while this runs
            ids.push_back(graph.variable(variable));
            memory.push_back(nullptr);
            continue;
        }
        py::array_t<float> array = dense(object, is_updated(op, i));
        ids.push_back(graph.input("", Shape(std::vector<int64_t>(array.shape(), array.shape() + array.ndim()))));
        memory.push_back(const_cast<float*>(array.data()));
        owner.push_back(std::move(array));
    }
    const std::vector<ValueId> outputs = graph.add(name, ids, attrs_from(dict));
    py::list results;
    std::vector<void*> result_memory;
    for (ValueId output : outputs) {
        const Shape& shape = graph.shape(output);
        if (shape.batched()) throw std::invalid_argument(name + ": an eager result needs a fixed shape.");
        py::array_t<float> array(std::vector<py::ssize_t>(shape.dims().begin(), shape.dims().end()));
        result_memory.push_back(array.mutable_data());
        results.append(array);
    }
    if (op.alias) {
        const void* source = memory[0] ? memory[0] : graph.value(ids[0]).variable->data();
        std::memcpy(result_memory[0], source, static_cast<size_t>(graph.shape(outputs[0]).unit()) * sizeof(float));
        return results;
    }
    std::vector<ValueId> entries;
    for (size_t i = 0; i < ids.size(); ++i)
        if (memory[i]) entries.push_back(ids[i]);
    Schedule schedule = make_schedule(graph, entries, outputs);
    schedule.given.assign(graph.values().size(), nullptr);
    for (size_t i = 0; i < ids.size(); ++i)
        if (memory[i]) schedule.given[static_cast<size_t>(ids[i])] = memory[i];
    for (size_t i = 0; i < outputs.size(); ++i) schedule.given[static_cast<size_t>(outputs[i])] = result_memory[i];
    DataError error;
    {
        py::gil_scoped_release release;
        const KernelTable& kernels = current_kernels();
        if (!run_once(*make_plan(schedule, kernels, 1, num_threads()), &error))
            run_once(*make_plan(schedule, kernels, 1, 1), &error);
    }
    if (error.row >= 0)
        throw std::invalid_argument(name + (error.kind == DataError::kIndex ? ": index " : ": label ") +
                                    py::str(py::float_(error.value)).cast<std::string>() + " of sample " +
                                    std::to_string(error.row) + " is not an integer in [0, " +
                                    std::to_string(error.limit) + ").");
    return results;
}

}  // namespace

void bind_eager(py::module_& module) {
    module.def("eager", &eager, py::arg("op"), py::arg("inputs"), py::arg("attrs") = py::dict(),
               "Runs one op on arrays. float32 C-contiguous arrays are used where they lie.");
}

}  // namespace ravine::bind
