// Loads a model that Python exported, predicts with it, trains it further on what the user has just labelled, and saves
// it again. Data comes as raw little-endian float32: samples one after the other, then class labels.
//
//     digits MODEL IMAGES LABELS [EPOCHS [SAVED_MODEL [PREDICTIONS]]]
#include <ravine/model.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::vector<float> read_floats(const std::string& path) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) throw std::runtime_error("cannot read " + path);
    std::vector<float> values(static_cast<size_t>(in.tellg()) / sizeof(float));
    in.seekg(0);
    in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    return values;
}

void write_floats(const std::string& path, const std::vector<float>& values) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    if (!out) throw std::runtime_error("cannot write " + path);
}

double accuracy(ravine::Model& model, const std::vector<float>& images, const std::vector<float>& labels) {
    const int64_t count = static_cast<int64_t>(labels.size()), classes = model.output_size();
    const std::vector<float> probabilities = model.predict(images.data(), count);
    int64_t hits = 0;
    for (int64_t i = 0; i < count; ++i) {
        const float* row = probabilities.data() + i * classes;
        hits += std::max_element(row, row + classes) - row == static_cast<int64_t>(labels[static_cast<size_t>(i)]);
    }
    return static_cast<double>(hits) / static_cast<double>(count);
}

int run(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: digits MODEL IMAGES LABELS [EPOCHS [SAVED_MODEL [PREDICTIONS]]]\n");
        return 2;
    }
    ravine::Model model = ravine::Model::load(argv[1]);
    const std::vector<float> images = read_floats(argv[2]), labels = read_floats(argv[3]);
    const int64_t count = static_cast<int64_t>(labels.size());
    if (static_cast<int64_t>(images.size()) != count * model.input_size())
        throw std::runtime_error("images and labels do not fit the model");

    if (argc > 6) write_floats(argv[6], model.predict(images.data(), count));
    std::printf("accuracy %.4f\n", accuracy(model, images, labels));

    ravine::FitOptions options;
    options.epochs = argc > 4 ? std::atoi(argv[4]) : 1;
    options.on_epoch_end = [](int epoch, const ravine::Metrics& metrics) {
        std::printf("epoch %d  loss %.6f\n", epoch + 1, metrics.at("loss"));
        return true;
    };
    model.fit(images.data(), labels.data(), count, options);
    std::printf("accuracy %.4f\n", accuracy(model, images, labels));
    if (argc > 5) model.save(argv[5]);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "digits: %s\n", error.what());
        return 1;
    }
}
