// ravine for C++ programs: load a model file that Python wrote, predict with it, go on training it, save it.
//
//     ravine::Model model = ravine::Model::load("digits.ravine");
//     std::vector<float> probabilities = model.predict(image.data(), 1);
//     model.fit(images.data(), labels.data(), count, {.epochs = 3});
//     model.save("digits.ravine");
//
// Numbers equal Python's bit for bit on the same instruction set. All data is float32, row-major, one sample after the
// other; class labels are floats too. A Model may be moved but not copied; calls on one Model from several threads
// wait for each other. Bad arguments throw std::invalid_argument, bad files std::runtime_error.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ravine {

/// A view of one variable of the model, valid as long as the Model lives.
struct TensorView {
    std::string name;
    std::vector<int64_t> shape;
    float* data;  // float32 variables only
    int64_t size;
};

/// Mean of each metric over an epoch, by name ("loss", "accuracy", ...), computed before each batch's update.
using Metrics = std::map<std::string, double>;

struct FitOptions {
    int epochs = 1;
    int64_t batch_size = 32;
    bool shuffle = true;
    uint64_t seed = 0;
    /// Called after each epoch with its number (from 0) and its metrics; false stops.
    std::function<bool(int, const Metrics&)> on_epoch_end = {};
};

class Model {
  public:
    /// Reads a file written by Model::save or by Python's model.export(path). Files are taken as hostile: everything is
    /// checked, nothing is executed; std::runtime_error says what is wrong.
    static Model load(const std::string& path);

    Model(Model&&) noexcept;
    Model& operator=(Model&&) noexcept;
    ~Model();

    /// Writes to a temporary file beside `path` and renames it, so that a crash leaves the old file.
    void save(const std::string& path) const;

    /// Shape of one sample, without the batch.
    std::vector<int64_t> input_shape() const;
    std::vector<int64_t> output_shape() const;
    /// Values in one sample of the input, of the output and (when trainable) of the target.
    int64_t input_size() const;
    int64_t output_size() const;
    int64_t target_size() const;

    /// x: [rows, input_size]; writes [rows, output_size] to y.
    void predict(const float* x, int64_t rows, float* y);
    std::vector<float> predict(const float* x, int64_t rows);

    /// Does the file hold the training step too (was the model compiled)?
    bool trainable() const;
    /// One step on one batch; x: [rows, input_size], y: [rows, target_size]. Returns the batch's metrics.
    Metrics train_on_batch(const float* x, const float* y, int64_t rows);
    /// Trains for epochs over [rows] samples; returns the metrics of each epoch.
    std::vector<Metrics> fit(const float* x, const float* y, int64_t rows, const FitOptions& options = {});
    /// Metrics over [rows] samples, without training.
    Metrics evaluate(const float* x, const float* y, int64_t rows, int64_t batch_size = 32);

    float learning_rate() const;
    void set_learning_rate(float rate);

    /// All float32 state: parameters, statistics, optimizer slots.
    std::vector<TensorView> variables() const;

  private:
    struct State;
    explicit Model(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ravine
