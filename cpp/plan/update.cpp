#include "plan/update.h"

namespace ravine {

namespace {

using Operand = Stage::Operand;

bool is_matrix(const Operand& in, int64_t columns) {
    return in.place == Stage::Place::memory && in.ld == columns && in.step == 1;
}

bool is_scalar(const Operand& in) { return in.place == Stage::Place::memory && in.ld == 0 && in.step == 0; }

/// Are these one tile that lies apart?
bool same_tile(const Operand& a, const Operand& b) {
    return a.place == b.place && a.place != Stage::Place::memory && (a.place == Stage::Place::head || a.temp == b.temp);
}

/// gradient + rate * weights in two stages: the product, then the sum.
bool is_decay(const Stage& product, const Stage& sum, const Operand& gradient, int64_t columns) {
    if (product.kernel != Eltwise::multiply || sum.kernel != Eltwise::add) return false;
    const Operand &a = product.in[0], &b = product.in[1];
    const bool scales = (is_matrix(a, columns) && is_scalar(b)) || (is_scalar(a) && is_matrix(b, columns));
    const Operand& scaled = product.out[0];
    return scales && ((same_tile(sum.in[0], gradient) && same_tile(sum.in[1], scaled)) ||
                      (same_tile(sum.in[0], scaled) && same_tile(sum.in[1], gradient)));
}

/// An update of matrices by the gradient, its second source. What it reads besides are matrices and scalars.
bool is_update(const Stage& stage, const Operand& gradient, int64_t columns) {
    for (int k = 0; k < stage.targets; ++k)
        if (stage.out[k].place != Stage::Place::memory) return false;
    for (int k = 0; k < stage.sources; ++k) {
        const Operand& in = stage.in[k];
        if (k == 1 ? !same_tile(in, gradient) : !(k <= stage.targets ? is_matrix(in, columns) : is_scalar(in)))
            return false;
    }
    return stage.sources > stage.targets;
}

}  // namespace

const float* decay_rate(const Stage& decay) { return decay.in[is_scalar(decay.in[0]) ? 0 : 1].data; }

UpdateStages find_update(const Chain& chain) {
    const std::vector<Stage>& stages = chain.stages;
    const int count = static_cast<int>(stages.size());
    const auto stage = [&](int i) -> const Stage& { return stages[static_cast<size_t>(i)]; };
    UpdateStages found;
    Operand gradient;
    gradient.place = Stage::Place::head;
    int next = 0;
    if (count > 2 && is_decay(stage(0), stage(1), gradient, chain.columns)) {
        found.decay = 0;
        gradient = stage(1).out[0];
        next = 2;
    }
    if (count > next + 1 && stage(next).kernel == Eltwise::clip && same_tile(stage(next).in[0], gradient)) {
        found.clip = next;
        gradient = stage(next).out[0];
        ++next;
    }
    if (count != next + 1 || !is_update(stage(next), gradient, chain.columns)) return {};
    found.update = next;
    if (found.decay < 0) return found;
    const Operand& weights = stage(0).in[is_scalar(stage(0).in[0]) ? 1 : 0];
    return weights.data == stage(next).in[0].data ? found : UpdateStages();
}

}  // namespace ravine
