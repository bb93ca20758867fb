#include "ravine/model.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <stdexcept>

#include "exec/shuffle.h"
#include "io/model_file.h"

namespace ravine {

struct Model::State {
    ModelContents contents;
    std::mutex mutex;  // one call at a time: they share variables and metrics

    Program& program(const std::string& name) const {
        auto found = contents.programs.find(name);
        if (found == contents.programs.end())
            throw std::invalid_argument("the model file holds no '" + name +
                                        "' program; compile the model in Python before exporting it.");
        return *found->second.program;
    }

    const std::vector<RunningMean>& metrics(const std::string& name) const {
        return contents.programs.at(name).metrics;
    }

    void reset(const std::string& name) const {
        for (const RunningMean& metric : metrics(name)) {
            *static_cast<double*>(metric.total->data()) = 0;
            *static_cast<double*>(metric.count->data()) = 0;
        }
    }

    Metrics results(const std::string& name) const {
        Metrics results;
        for (const RunningMean& metric : metrics(name)) {
            const double count = *static_cast<const double*>(metric.count->data());
            results[metric.name] = count > 0 ? *static_cast<const double*>(metric.total->data()) / count : 0.0;
        }
        return results;
    }

    std::vector<Feed> feeds(const Program& program, const float* x, const float* y, int64_t rows) const {
        const float* data[] = {x, y};
        std::vector<Feed> feeds;
        for (size_t i = 0; i < program.inputs().size(); ++i) {
            const int64_t unit = program.input_shape(i).unit();
            feeds.push_back({data[i], Element::f32, rows, unit, unit * static_cast<int64_t>(sizeof(float))});
        }
        return feeds;
    }

    Metrics epoch(const std::string& name, const float* x, const float* y, int64_t rows, int64_t batch_size,
                  const int64_t* order) const {
        Program& part = program(name);
        if (rows < 1) throw std::invalid_argument("there are no samples.");
        if (batch_size < 1) throw std::invalid_argument("batch_size must be at least 1.");
        batch_size = std::min(batch_size, rows);
        reset(name);
        part.run(feeds(part, x, y, rows), {batch_size, 0, (rows + batch_size - 1) / batch_size, order, rows}, {});
        return results(name);
    }
};

namespace {

std::vector<int64_t> sample_shape(const Shape& shape) {
    std::vector<int64_t> dims = shape.dims();
    if (shape.batched()) dims.erase(dims.begin());
    return dims;
}

/// What Model's calls rely on: predict takes x; train and test take the same x and the same kind of y.
void check_programs(const std::string& path, const ModelContents& contents) {
    const auto fail = [&](const std::string& why) { throw std::runtime_error("'" + path + "': " + why); };
    const auto found = contents.programs.find("predict");
    if (found == contents.programs.end()) fail("it holds no predict program.");
    const Program& predict = *found->second.program;
    if (predict.inputs().size() != 1 || predict.outputs().size() != 1) fail("predict needs one input and one output.");
    if (!predict.input_shape(0).batched() || !predict.output_shape(0).batched())
        fail("predict needs a batch of samples.");
    const Program* other = nullptr;
    for (const char* name : {"train", "test"}) {
        const auto entry = contents.programs.find(name);
        if (entry == contents.programs.end()) continue;
        const Program& program = *entry->second.program;
        if (program.inputs().size() != 2 || program.input_shape(0) != predict.input_shape(0) ||
            !program.input_shape(1).batched())
            fail(std::string(name) + " needs the samples that predict takes, and their targets.");
        if (other && program.input_shape(1) != other->input_shape(1)) fail("train and test take different targets.");
        other = &program;
    }
}

}  // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string& path) {
    auto state = std::make_unique<State>();
    state->contents = read_model(path);
    check_programs(path, state->contents);
    return Model(std::move(state));
}

void Model::save(const std::string& path) const {
    std::lock_guard<std::mutex> lock(state_->mutex);
    write_model(path, state_->contents);
}

std::vector<int64_t> Model::input_shape() const { return sample_shape(state_->program("predict").input_shape(0)); }
std::vector<int64_t> Model::output_shape() const { return sample_shape(state_->program("predict").output_shape(0)); }
int64_t Model::input_size() const { return state_->program("predict").input_shape(0).unit(); }
int64_t Model::output_size() const { return state_->program("predict").output_shape(0).unit(); }
int64_t Model::target_size() const { return state_->program("train").input_shape(1).unit(); }

void Model::predict(const float* x, int64_t rows, float* y) {
    if (rows < 0) throw std::invalid_argument("predict: the number of rows is negative.");
    if (rows == 0) return;
    std::lock_guard<std::mutex> lock(state_->mutex);
    constexpr int64_t kBatchSize = 1024;
    Program& program = state_->program("predict");
    program.run(state_->feeds(program, x, nullptr, rows),
                {kBatchSize, 0, (rows + kBatchSize - 1) / kBatchSize, nullptr, rows}, {{y, rows}});
}

std::vector<float> Model::predict(const float* x, int64_t rows) {
    std::vector<float> y(static_cast<size_t>(rows > 0 ? rows * output_size() : 0));
    predict(x, rows, y.data());
    return y;
}

bool Model::trainable() const { return state_->contents.programs.count("train") != 0; }

Metrics Model::train_on_batch(const float* x, const float* y, int64_t rows) {
    std::lock_guard<std::mutex> lock(state_->mutex);
    return state_->epoch("train", x, y, rows, std::max<int64_t>(rows, 1), nullptr);
}

std::vector<Metrics> Model::fit(const float* x, const float* y, int64_t rows, const FitOptions& options) {
    if (rows < 1) throw std::invalid_argument("fit: there are no samples.");
    std::vector<int64_t> order(options.shuffle ? static_cast<size_t>(rows) : 0);
    std::vector<Metrics> history;
    for (int epoch = 0; epoch < options.epochs; ++epoch) {
        if (options.shuffle) shuffle(order.data(), rows, options.seed + static_cast<uint64_t>(epoch));
        {
            std::lock_guard<std::mutex> lock(state_->mutex);
            history.push_back(
                state_->epoch("train", x, y, rows, options.batch_size, options.shuffle ? order.data() : nullptr));
        }
        if (options.on_epoch_end && !options.on_epoch_end(epoch, history.back())) break;
    }
    return history;
}

Metrics Model::evaluate(const float* x, const float* y, int64_t rows, int64_t batch_size) {
    std::lock_guard<std::mutex> lock(state_->mutex);
    return state_->epoch("test", x, y, rows, batch_size, nullptr);
}

float Model::learning_rate() const {
    if (!state_->contents.learning_rate) throw std::invalid_argument("the model has no learning rate to read.");
    std::lock_guard<std::mutex> lock(state_->mutex);
    return *static_cast<const float*>(state_->contents.learning_rate->data());
}

void Model::set_learning_rate(float rate) {
    if (!(rate >= 0))
        throw std::invalid_argument("the learning rate must be 0 or more, received " + std::to_string(rate) + ".");
    if (!state_->contents.learning_rate) throw std::invalid_argument("the model has no learning rate to set.");
    std::lock_guard<std::mutex> lock(state_->mutex);
    *static_cast<float*>(state_->contents.learning_rate->data()) = rate;
}

std::vector<TensorView> Model::variables() const {
    std::vector<TensorView> views;
    std::set<const Variable*> seen;
    for (const auto& entry : state_->contents.programs)
        for (const Value& value : entry.second.program->graph().values())
            if (value.kind == ValueKind::variable && value.dtype == DType::f32 &&
                seen.insert(value.variable.get()).second)
                views.push_back({value.variable->name(), value.shape.dims(),
                                 static_cast<float*>(value.variable->data()), value.shape.unit()});
    return views;
}

}  // namespace ravine
