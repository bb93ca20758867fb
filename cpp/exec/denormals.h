// What becomes of results below the smallest normal float, 1.2e-38.
#pragma once
#include <cstdint>

namespace ravine {

/// Makes them zeros, or keeps them, on the calling thread and as long as this lives, whatever its mode was before.
///
/// Where a gradient stays zero, as behind a dead unit, the moving averages of an optimizer shrink until they are
/// denormal and remain so, since 0.9 times the smallest of them rounds to itself. For operations on such numbers
/// processors leave their fast path.
class DenormalMode {
  public:
    explicit DenormalMode(bool flush);
    ~DenormalMode();
    DenormalMode(const DenormalMode&) = delete;
    DenormalMode& operator=(const DenormalMode&) = delete;

  private:
    const uint64_t before_;
};

}  // namespace ravine
