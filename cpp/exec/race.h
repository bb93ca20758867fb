// Whether a team is faster than one thread is found out while they run.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace ravine {

/// Batches go to a team and to one thread in turns, a few milliseconds each, and then for about a second to whichever
/// had the faster turn; then anew, because other programs come and go, and virtual processors move between caches.
/// That costs the share of the loser's turns: well below a hundredth where it is not far slower.
class Race {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr int kRounds = 3;              // of two turns
    static constexpr int64_t kLeastBatches = 4;    // in a turn
    static constexpr double kLeastSeconds = 2e-3;  // of a turn
    // Turns until the next race. It comes soon after the first one, when threads may just have begun, and after a
    // pause, in which the machine may have changed, but not at once: it may still be busy with something else.
    static constexpr int64_t kStretch = 400, kShortStretch = 25;

    /// More batches are to come, perhaps after a while.
    void resume(Clock::time_point now = Clock::now()) {
        const std::chrono::duration<double> since = now - decided_;
        if (!on() && since.count() > kStretch * turn_seconds_) left_ = std::min(left_, kShortStretch * turn_batches_);
    }

    /// Who runs the next batches, and how many.
    bool alone() const { return turn_ < kTurns ? turn_ % 2 == 1 : alone_is_faster_; }
    int64_t batches() const { return left_; }
    /// Does it matter how long they take?
    bool on() const { return turn_ < kTurns; }

    /// So many of them ran, within so many seconds.
    void ran(int64_t batches, double seconds) {
        left_ -= batches;
        if (!on()) {
            if (left_ > 0) return;
            turn_ = 0;
            left_ = kLeastBatches;
            best_[0] = best_[1] = kNever;
            return;
        }
        count_ += batches;
        seconds_ += seconds;
        if (left_ > 0) return;
        if (seconds_ < kLeastSeconds) {
            const double more = (kLeastSeconds - seconds_) * static_cast<double>(count_) / std::max(seconds_, 1e-9);
            left_ = std::min(static_cast<int64_t>(more) + 1, kMostBatches);
            return;
        }
        double& best = best_[turn_ % 2];
        best = std::min(best, seconds_ / static_cast<double>(count_));
        turn_seconds_ = std::exchange(seconds_, 0);
        turn_batches_ = std::exchange(count_, 0);
        left_ = kLeastBatches;
        if (++turn_ < kTurns) return;
        alone_is_faster_ = best_[1] < best_[0];
        left_ = (decided_ == Clock::time_point() ? kShortStretch : kStretch) * turn_batches_;
        decided_ = Clock::now();
    }

  private:
    static constexpr int kTurns = 2 * kRounds;
    static constexpr int64_t kMostBatches = 1 << 20;
    static constexpr double kNever = 1e300;

    int turn_ = 0;
    int64_t left_ = kLeastBatches, count_ = 0, turn_batches_ = 0;  // until who runs may change; of this turn, the last
    double seconds_ = 0, turn_seconds_ = 0;
    double best_[2] = {kNever, kNever};  // of a batch: the team's, one thread's
    bool alone_is_faster_ = false;
    Clock::time_point decided_;
};

}  // namespace ravine
