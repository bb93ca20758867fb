// step_overhead MODEL [--json] [--rows N] [--batches N]: what a training step costs beyond its kernels, on one thread.
//
// MODEL is a compiled model that Python exported. Its training step runs as in `fit`, shuffled data included; then each
// step of its plan runs alone in a tight loop. The sum of the latter, less what calling a step that does nothing costs,
// is the kernels' own time (a lower bound: alone, a kernel finds its operands and its branches in place). Whatever the
// whole takes beyond that is overhead: gathering the batch, the run loop, and handing its arguments to each kernel.
// A learning rate of 0 keeps the numbers ordinary while one update runs many times.
#include <cstdio>
#include <numeric>
#include <string>

#include "exec/cpu.h"
#include "exec/run.h"
#include "io/model_file.h"
#include "report.h"

namespace {

constexpr int kRounds = 7;
constexpr double kTurn = 0.005;

struct Data {
    std::vector<bench::Floats> arrays;
    std::vector<ravine::Feed> feeds;
    std::vector<int64_t> order;

    Data(const ravine::Program& program, int64_t samples) : order(static_cast<size_t>(samples)) {
        for (size_t i = 0; i < program.inputs().size(); ++i) {
            const int64_t unit = program.input_shape(i).unit();
            arrays.emplace_back(samples * unit);
            feeds.push_back({arrays.back().data(), ravine::Element::f32, samples, unit,
                             unit * static_cast<int64_t>(sizeof(float))});
        }
        // A stride that shares no factor with the number of samples visits each of them once, and no two neighbours.
        int64_t stride = samples * 5 / 8 + 1;
        while (std::gcd(stride, samples) != 1) ++stride;
        for (int64_t i = 0; i < samples; ++i) order[static_cast<size_t>(i)] = i * stride % samples;
    }
};

double median_time(int64_t calls, const std::function<void()>& call) {
    std::vector<double> times;
    for (int round = 0; round < kRounds; ++round) times.push_back(bench::time_calls(calls, call));
    return bench::median(times);
}

double time_step(const ravine::Step& step, int64_t rows, float* scratch) {
    ravine::DataError error;
    const std::function<void()> call = [&] {
        // Many calls in one: std::function must not count.
        for (int i = 0; i < 64; ++i) ravine::run_step(step, 0, 1, rows, scratch, &error);
    };
    return median_time(bench::calls_for(kTurn, call), call) / 64;
}

void measure(bench::Report& report, const std::string& path, int64_t rows, int64_t batches) {
    const ravine::ModelContents contents = ravine::read_model(path);
    const ravine::Program& program = *contents.programs.at("train").program;
    const ravine::Schedule schedule = ravine::make_schedule(program.graph(), program.inputs(), program.outputs());
    const std::unique_ptr<ravine::Plan> plan = ravine::make_plan(schedule, ravine::current_kernels(), rows, 1);
    const Data data(program, rows * batches);

    ravine::OpDef nothing;
    nothing.run = [](const ravine::Call&, const ravine::Slice&) {};
    ravine::Step empty;
    empty.op = &nothing;

    const ravine::BatchRange range{rows, 0, batches, data.order.data(), rows * batches};
    const auto epoch = [&] { ravine::run_plan(*plan, nullptr, data.feeds, range, {}, {}, 1.0); };
    const double whole = median_time(bench::calls_for(kTurn, epoch), epoch) / static_cast<double>(batches);
    const double call = time_step(empty, rows, plan->scratch);
    double kernels = 0;
    for (size_t i = 0; i < plan->steps.size(); ++i) {
        const double seconds = time_step(plan->steps[i], rows, plan->scratch) - call;
        kernels += seconds;
        report.row({{"step", plan->steps[i].title}, {"seconds", seconds}});
    }
    report.row({{"steps", static_cast<int64_t>(plan->steps.size())},
                {"empty_step_seconds", call},
                {"kernel_seconds", kernels},
                {"run_seconds", whole},
                {"overhead_seconds", whole - kernels}});
}

}  // namespace

int main(int argc, char** argv) {
    bench::Report report(bench::take_flag(argc, argv, "--json"));
    std::string path;
    int64_t rows = 32, batches = 512;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "--rows" && i + 1 < argc) {
            rows = std::max(1, std::atoi(argv[++i]));
        } else if (option == "--batches" && i + 1 < argc) {
            batches = std::max(1, std::atoi(argv[++i]));
        } else if (option[0] != '-' && path.empty()) {
            path = option;
        } else {
            path.clear();
            break;
        }
    }
    if (path.empty()) {
        std::fprintf(stderr, "usage: step_overhead MODEL [--json] [--rows N] [--batches N]\n");
        return 2;
    }
    try {
        measure(report, path, rows, batches);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
