// Between the first batch of a run and its last, nothing is allocated: a run of 300 batches allocates as often as one
// of ten.
#include <atomic>
#include <cstdint>

#include "check.h"
#include "exec/program.h"
#include "exec/team.h"

namespace {

std::atomic<int64_t> allocations{0};

}  // namespace

// Every allocation ends in these, operator new and the thread library's own included.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RAVINE_COUNTS_ALLOCATIONS 1
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* pointer, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);

void* malloc(size_t bytes) {
    ++allocations;
    return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
    ++allocations;
    return __libc_calloc(count, bytes);
}
void* realloc(void* pointer, size_t bytes) {
    ++allocations;
    return __libc_realloc(pointer, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
    ++allocations;
    return __libc_memalign(alignment, bytes);
}
}
#else
#define RAVINE_COUNTS_ALLOCATIONS 0
#endif

namespace ravine {

namespace {

constexpr int64_t kFeatures = 100, kHidden = 130, kClasses = 10, kSamples = 1000;

/// A training step with all that a network may hold: bias, batch normalization, dropout, weight decay, both families of
/// optimizers, running totals and counters.
struct Network {
    Graph graph;
    std::vector<ValueId> inputs, outputs, parameters;

    ValueId variable(Shape shape, DType dtype = DType::f32, float scale = 0.1f) {
        const std::vector<float> values =
            test::uniform(shape.unit(), static_cast<unsigned>(graph.values().size()), -scale, scale);
        return graph.variable(
            std::make_shared<Variable>("v", shape, dtype, dtype == DType::f32 ? values.data() : nullptr));
    }
    ValueId parameter(Shape shape) {
        parameters.push_back(variable(std::move(shape)));
        return parameters.back();
    }
    ValueId dense(ValueId x, int64_t units) {
        const ValueId product = graph.add1("matmul", {x, parameter({graph.shape(x).last(), units})});
        return graph.add1("add", {product, parameter({units})});
    }

    Network() {
        inputs = {graph.input("x", {kBatch, kFeatures}), graph.input("y", {kBatch})};
        const ValueId counter = variable({}, DType::i64), total = variable({}, DType::f64);
        ValueId h = graph.add1("relu", {dense(inputs[0], kHidden)});
        h = graph.add("batch_norm", {h, parameter({kHidden}), parameter({kHidden})}, {{"epsilon", 1e-3}})[0];
        h = graph.add1("dropout", {h, counter}, {{"rate", 0.3}, {"seed", int64_t{7}}});
        h = graph.add1("gelu", {dense(h, kHidden)});
        const ValueId logits = dense(h, kClasses);
        const std::vector<ValueId> losses =
            graph.add("softmax_crossentropy", {logits, inputs[1]}, {{"sparse", int64_t{1}}});
        ValueId loss = graph.add1("mean", {losses[0]}, {{"axes", std::vector<int64_t>{0}}});
        const ValueId squares = graph.add1("square", {parameters[0]});
        const ValueId decay = graph.add1("sum", {squares}, {{"axes", std::vector<int64_t>{0, 1}}});
        loss = graph.add1("multiply_add", {decay, graph.scalar(1e-3f), loss});
        const std::vector<ValueId> gradients = graph.gradients(loss, parameters);
        const ValueId rate =
            graph.add1("adam_rate", {graph.scalar(1e-3f), counter, graph.scalar(0.1f)}, {{"beta_2", 0.999}});
        for (size_t i = 0; i < parameters.size(); ++i) {
            const Shape shape = graph.shape(parameters[i]);
            const ValueId slot = variable(shape, DType::f32, 0.0f), second = variable(shape, DType::f32, 0.0f);
            if (i % 2)
                graph.add("adam", {parameters[i], gradients[i], slot, second, rate, graph.scalar(0.1f)},
                          {{"beta_2", 0.999}, {"epsilon", 1e-7}});
            else
                graph.add("sgd_momentum", {parameters[i], gradients[i], slot, graph.scalar(0.01f), graph.scalar(0.9f)});
        }
        graph.add("increment", {counter});
        graph.add("accumulate", {total, loss});
        outputs = {loss, losses[1]};
    }
};

void test_run(int threads) {
    set_num_threads(threads);
    const Network network;
    Program program(network.graph, network.inputs, network.outputs);
    const std::vector<float> x = test::uniform(kSamples * kFeatures, 1);
    std::vector<uint8_t> y(kSamples);
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<uint8_t>(i % kClasses);
    std::vector<int64_t> order(10 * kSamples);
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i * 7 % kSamples);
    float loss = 0;
    std::vector<float> probs(order.size() * kClasses);
    const std::vector<Feed> feeds{{x.data(), Element::f32, kSamples, kFeatures, kFeatures * 4},
                                  {y.data(), Element::u8, kSamples, 1, 1}};
    const std::vector<Sink> sinks{{&loss, 1}, {probs.data(), static_cast<int64_t>(order.size())}};
    const std::function<bool(int64_t)> poll = [](int64_t) { return true; };
    const auto count = [&](int64_t batches) {
        const int64_t before = allocations.load();
        const int64_t next =
            program.run(feeds, {32, 0, batches, order.data(), static_cast<int64_t>(order.size())}, sinks, poll, 0.0);
        CHECK(next == batches, "ran %lld", static_cast<long long>(next));
        return allocations.load() - before;
    };
    count(3);  // plans, and starts the threads
    const int64_t few = count(10), many = count(300);
    CHECK(few == many, "%d threads: 10 batches allocate %lld times, 300 batches %lld times", threads,
          static_cast<long long>(few), static_cast<long long>(many));
    CHECK(many < 10, "%d threads: a run allocates %lld times", threads, static_cast<long long>(many));
    CHECK(loss > 0 && loss < 3, "loss %g", static_cast<double>(loss));
}

}  // namespace

}  // namespace ravine

int main() {
    const int64_t before = allocations.load();
    std::free(std::malloc(100));
    if (RAVINE_COUNTS_ALLOCATIONS) CHECK(allocations.load() == before + 1, "allocations are not counted");
    ravine::allow_oversubscription(true);
    for (int threads : {1, 2, ravine::available_threads() + 1}) ravine::test_run(threads);
    return ravine::test::result();
}
