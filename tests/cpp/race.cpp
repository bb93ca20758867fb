// Who runs the next batches, and for how long: Race on made-up times, and in training.
#include "exec/race.h"

#include <cstring>

#include "check.h"
#include "exec/cpu.h"
#include "exec/run.h"
#include "exec/team.h"

namespace ravine {

namespace {

struct Times {
    int64_t alone = 0, team = 0;  // batches
    double seconds = 0;
    int64_t races = 0;
};

/// Runs batches, at most `most` of them at once, which take a team and one thread so long.
Times play(Race& race, double team, double alone, int64_t batches, int64_t most) {
    Times times;
    bool before = false;
    while (batches > 0) {
        if (race.on() && !before) ++times.races;
        before = race.on();
        CHECK(race.batches() > 0, "%lld", static_cast<long long>(race.batches()));
        const int64_t count = std::min({race.batches(), batches, most});
        const double seconds = static_cast<double>(count) * (race.alone() ? alone : team);
        (race.alone() ? times.alone : times.team) += count;
        times.seconds += seconds;
        race.ran(count, seconds);
        batches -= count;
    }
    return times;
}

void test_the_faster_one_runs() {
    for (double team : {1e-6, 1e-4, 3e-3})
        for (double ratio : {0.5, 0.8, 1.25, 2.0})
            for (int64_t most : {int64_t{1}, int64_t{7}, int64_t{1} << 40}) {
                const double alone = team * ratio;
                Race race;
                const auto batches = static_cast<int64_t>(30.0 / team) + 20000;
                const Times times = play(race, team, alone, batches, most);
                const double best = static_cast<double>(batches) * std::min(team, alone);
                CHECK(times.seconds < 1.01 * best, "%g s a batch, alone %g times that, %lld at once: %g instead of %g",
                      team, ratio, static_cast<long long>(most), times.seconds, best);
                CHECK((times.alone > times.team) == (ratio < 1), "%g s, alone %g times that", team, ratio);
                CHECK(times.races > 1, "%g s: one race only", team);
            }
}

void test_the_machine_may_change() {
    Race race;
    play(race, 1e-4, 2e-4, 50000, 1000);
    CHECK(!race.on() && !race.alone(), "the team was faster");
    play(race, 2e-4, 1e-4, 100000, 1000);
    while (race.on()) play(race, 2e-4, 1e-4, 1, 1);
    CHECK(race.alone(), "one thread is faster now");
    const int64_t left = race.batches();
    race.resume();
    CHECK(race.batches() == left, "that was decided just now");
    race.resume(Race::Clock::now() + std::chrono::seconds(5));
    CHECK(!race.on() && race.batches() < left / 10 && race.batches() > 0, "that was decided five seconds ago");
}

/// A layer that is trained for a few batches.
class Training {
  public:
    explicit Training(int threads) {
        const ValueId x = graph_.input("x", {kBatch, kFeatures}), y = graph_.input("y", {kBatch, kHidden});
        const std::vector<float> start = test::uniform(kFeatures * kHidden, 1, -0.1f, 0.1f);
        weights_ = std::make_shared<Variable>("w", Shape{kFeatures, kHidden}, DType::f32, start.data());
        const ValueId w = graph_.variable(weights_), product = graph_.add1("matmul", {x, w});
        const ValueId error = graph_.add1("subtract", {graph_.add1("tanh", {product}), y});
        const ValueId loss =
            graph_.add1("mean", {graph_.add1("square", {error})}, {{"axes", std::vector<int64_t>{0, 1}}});
        graph_.add("sgd", {w, graph_.gradients(loss, {w})[0], graph_.scalar(0.1f)});
        flatten({weights_});
        schedule_ = make_schedule(graph_, {x, y}, {});
        plan_ = make_plan(schedule_, current_kernels(), kRows, threads, threads);
        CHECK(plan_->threads == threads, "%d threads", plan_->threads);
    }

    /// Runs all batches, unless the poll says no, and returns the number of the next one.
    int64_t run(Race* race, const std::function<bool(int64_t)>& poll = {}) {
        const auto feed = [&](const std::vector<float>& data, int64_t unit) {
            return Feed{data.data(), Element::f32, kSamples, unit, unit * static_cast<int64_t>(sizeof(float))};
        };
        const BatchRange range{kRows, 0, kBatches, nullptr, kSamples};
        return run_plan(*plan_, race, {feed(features_, kFeatures), feed(targets_, kHidden)}, range, {}, poll, 0).next;
    }
    std::vector<float> weights() const {
        const auto* values = static_cast<const float*>(weights_->data());
        return {values, values + kFeatures * kHidden};
    }

    static constexpr int64_t kBatches = 30;

  private:
    static constexpr int64_t kFeatures = 90, kHidden = 70, kRows = 40, kSamples = kRows * kBatches;
    Graph graph_;
    VariablePtr weights_;
    Schedule schedule_;
    std::unique_ptr<Plan> plan_;
    const std::vector<float> features_ = test::uniform(kSamples * kFeatures, 2);
    const std::vector<float> targets_ = test::uniform(kSamples * kHidden, 3);
};

/// A race whose first turn, the team's, has gone on for so many slow batches: one thread is next after kLeastBatches.
Race after(int64_t batches) {
    Race race;
    if (batches) race.ran(batches, 1.0);
    return race;
}

void test_a_team_and_one_thread_agree() {
    Training reference(1);
    reference.run(nullptr);
    const std::vector<float> want = reference.weights();
    for (int threads : {2, 3, 5})
        for (int64_t before : {int64_t{0}, Race::kLeastBatches - 1, Race::kLeastBatches}) {
            Training training(threads);
            Race race = after(before);
            CHECK(race.alone() == (before == Race::kLeastBatches), "whose turn is it?");
            CHECK(training.run(&race) == Training::kBatches, "%d threads", threads);
            const std::vector<float> got = training.weights();
            CHECK(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0,
                  "%d threads, %lld batches before", threads, static_cast<long long>(before));
        }
}

/// Between any two batches, whoever runs them, the caller is asked and may stop.
void test_polls() {
    Training training(2);
    for (int64_t stop = 1; stop <= Training::kBatches; ++stop) {
        Race race = after(Race::kLeastBatches - 3);
        int64_t asked = 0;
        const int64_t next = training.run(&race, [&](int64_t batch) {
            CHECK(batch == ++asked, "batch %lld", static_cast<long long>(batch));
            return batch < stop;
        });
        CHECK(next == stop && asked == std::min(stop, Training::kBatches - 1), "stop at %lld: %lld, asked %lld times",
              static_cast<long long>(stop), static_cast<long long>(next), static_cast<long long>(asked));
    }
}

}  // namespace

}  // namespace ravine

int main() {
    ravine::allow_oversubscription(true);
    ravine::test_the_faster_one_runs();
    ravine::test_the_machine_may_change();
    ravine::test_a_team_and_one_thread_agree();
    ravine::test_polls();
    return ravine::test::result();
}
