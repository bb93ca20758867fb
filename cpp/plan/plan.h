// A plan: the flat list of steps that one team of threads runs for every batch, bound to memory.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "plan/schedule.h"

namespace ravine {

/// One element-wise kernel of a chain. Operand pointers are those of tile (0, 0).
struct Stage {
    enum class Place : uint8_t { memory, head, temp };
    struct Operand {
        Place place = Place::memory;
        int temp = 0;  // which temporary tile
        float* data = nullptr;
        int64_t ld = 0, step = 0;
    };
    Eltwise kernel;
    TileKernel run;
    int sources, targets;
    Operand in[kMaxTileSources], out[kMaxTileTargets];
    float param[kMaxTileParams];
};

/// What there is in a chain that is nothing but an optimizer's update of matrices by the product before it.
struct UpdateStages {
    // Numbers (or null: none) by which the weights and their signs are multiplied before they join the gradient.
    const float* decay = nullptr;
    const float* sign_decay = nullptr;
    int clip = -1, update = -1;  // stages: the clipping of the gradient that follows, and the update; -1: none
};

struct Chain {
    std::vector<Stage> stages;
    int64_t columns = 0;      // of the whole
    int64_t tile_floats = 0;  // of one temporary
    int temps = 0;
    UpdateStages update;  // none but in such a chain
};

struct Step {
    const OpDef* op = nullptr;  // null: the chain is the whole step
    Call call{};
    std::shared_ptr<const void> params;
    Chain chain;
    Axis axis = Axis::first;
    int64_t extent = 1;  // of the domain; kBatch = the rows of the batch
    int64_t lines = 1;   // rows of the chain's tiles: per sample when batched, else in all
    bool batched = false;
    bool barrier = false;              // before it, and before it is decided whether the step runs
    std::vector<const float*> guards;  // it runs when none of them is 0, read in this order
    std::string title;                 // for describe()
};

/// Where a batch enters or leaves the plan.
struct Port {
    float* data;
    int64_t unit;  // elements per sample, or in all when not batched
    bool batched;
};

struct Plan {
    const KernelTable* kernels = nullptr;
    int64_t capacity = 0;  // samples it has memory for
    int threads = 1;
    std::vector<Step> steps;
    std::vector<Port> inputs, outputs;
    bool barrier_before_outputs = false;
    bool changes_variables = false;
    std::unique_ptr<Storage> arena;
    int64_t scratch_floats = 0;  // of one thread
    float* scratch = nullptr;    // at the arena's end, for all threads
    double cycles = 0;           // estimate for a full batch
    double speedup = 1;          // over one thread, estimated for threads that share no cache
    std::string text;            // the plan in words
};

/// Plans for batches of up to `capacity` samples and at most `threads` threads; fewer (but at least `least`) when the
/// work is too small to share. Variables must lie in a flat store. The graph must outlive the plan, which points to its
/// constants.
std::unique_ptr<Plan> make_plan(const Schedule& schedule, const KernelTable& kernels, int64_t capacity, int threads,
                                int least = 1);

}  // namespace ravine
