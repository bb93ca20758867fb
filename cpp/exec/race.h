// Whether a team is faster than one thread is found out while they run.
#pragma once
#include <algorithm>
#include <cstdint>

namespace ravine {

/// Batches go to a team and to one thread in turns, a few milliseconds each, and then for about a second to whichever
/// had the faster turn; then anew, because other programs come and go, and virtual processors move between caches.
/// That costs the share of the loser's turns: well below a hundredth where it is not far slower.
class Race {
  public:
    static constexpr int kRounds = 3;              // of two turns
    static constexpr int64_t kLeastBatches = 8;    // in a turn
    static constexpr double kLeastSeconds = 2e-3;  // of a turn
    static constexpr int64_t kLeastTurns = 400;    // as long as a stretch between two races
    static constexpr double kStretchSeconds = 1;

    /// Who runs the next batches, and how many.
    bool alone() const { return turn_ < kTurns ? turn_ % 2 == 1 : alone_is_faster_; }
    int64_t batches() const { return left_; }
    /// Does it matter how long they take?
    bool on() const { return turn_ < kTurns; }

    /// So many of them ran, within so many seconds.
    void ran(int64_t batches, double seconds) {
        left_ -= batches;
        if (!on()) {
            if (left_ <= 0) *this = Race();
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
        left_ = kLeastBatches;
        if (++turn_ == kTurns) {
            alone_is_faster_ = best_[1] < best_[0];
            left_ =
                std::max(kLeastTurns * count_, static_cast<int64_t>(kStretchSeconds / best_[alone_is_faster_ ? 1 : 0]));
        }
        count_ = 0;
        seconds_ = 0;
    }

  private:
    static constexpr int kTurns = 2 * kRounds;
    static constexpr int64_t kMostBatches = 1 << 20;

    int turn_ = 0;
    int64_t left_ = kLeastBatches, count_ = 0;
    double seconds_ = 0, best_[2] = {1e300, 1e300};  // of a batch: the team's, one thread's
    bool alone_is_faster_ = false;
};

}  // namespace ravine
