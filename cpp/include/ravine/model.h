// ravine for C++ programs: load a model file that Python wrote, predict with it, go on training it, save it.
//
//     ravine::Model model = ravine::Model::load("digits.ravine");
//     std::vector<float> probabilities = model.predict(image.data(), 1);
//     ravine::FitOptions options;
//     options.epochs = 3;
//     model.fit(images.data(), labels.data(), count, options);
//     model.save("digits.ravine");
//
// Numbers equal Python's bit for bit on the same instruction set. All data is float32, row-major, one sample after the
// other; class labels are floats too. A Model may be moved but not copied, and must not be called once it was moved
// from. Calls on one Model from several threads wait for each other. Bad arguments, and an instruction set in
// RAVINE_ISA that cannot run here, throw std::invalid_argument; bad files std::runtime_error, as std::system_error where
// the operating system gives the reason; too little memory std::bad_alloc.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ravine {

/// A view of one float32 variable of the model, valid as long as the Model lives: row-major, size = product of shape.
struct TensorView {
    std::string name;
    std::vector<int64_t> shape;
    float* data;
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

    /// Writes to a temporary file beside `path` and renames it, so that a crash leaves the old file. Throws
    /// std::runtime_error when it cannot be written.
    void save(const std::string& path) const;

    /// Shape of one sample, without the batch; empty for one number per sample.
    std::vector<int64_t> input_shape() const;
    std::vector<int64_t> output_shape() const;
    /// Values in one sample of the input, of the output and of the target; the last throws std::invalid_argument when
    /// the model is not trainable.
    int64_t input_size() const;
    int64_t output_size() const;
    int64_t target_size() const;

    /// x: [rows, input_size]; writes [rows, output_size] to y. Rows do not influence each other; 0 of them are nothing
    /// to do.
    void predict(const float* x, int64_t rows, float* y);
    std::vector<float> predict(const float* x, int64_t rows);

    /// Does the file hold the training step too (was the model compiled)?
    bool trainable() const;
    /// One step on one batch of at least one row; x: [rows, input_size], y: [rows, target_size]. Returns the batch's
    /// metrics. A class label out of range throws std::invalid_argument after the step: the other rows have trained.
    Metrics train_on_batch(const float* x, const float* y, int64_t rows);
    /// Trains for epochs over at least one row, in an order drawn from seed + epoch; the last batch may be shorter.
    /// Returns the metrics of each epoch that was run.
    std::vector<Metrics> fit(const float* x, const float* y, int64_t rows, const FitOptions& options = {});
    /// Metrics over at least one row in inference mode.
    Metrics evaluate(const float* x, const float* y, int64_t rows, int64_t batch_size = 32);

    /// Throw std::invalid_argument when the model is not trainable, or has no one rate: a schedule sets it, or there
    /// are several optimizers. Rates are 0 or more.
    float learning_rate() const;
    void set_learning_rate(float rate);

    /// All float32 state: parameters, statistics, optimizer slots, the learning rate. Do not write to it while another
    /// thread trains.
    std::vector<TensorView> variables() const;

  private:
    struct State;
    explicit Model(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ravine
