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

/// Reads such a chain from its first stage on; whatever does not fit ends the reading.
class Reader {
  public:
    explicit Reader(const Chain& chain) : stages_(chain.stages), columns_(chain.columns) {
        gradient_.place = Stage::Place::head;
    }

    UpdateStages read() {
        if (!read_decays() || !read_clip()) return {};
        if (at_ + 1 != stages_.size() || !is_update(stages_[at_], gradient_, columns_)) return {};
        if (weights_ && weights_ != stages_[at_].in[0].data) return {};
        found_.update = static_cast<int>(at_);
        return found_;
    }

  private:
    const Stage* next(Eltwise kernel) const {
        return at_ < stages_.size() && stages_[at_].kernel == kernel ? &stages_[at_] : nullptr;
    }

    /// One or two multiples of the weights and their sign, added to each other and then to the gradient.
    bool read_decays() {
        Operand decay, other;
        if (!decay_comes()) return true;
        if (!read_decay(decay)) return false;
        if (decay_comes() && !(read_decay(other) && read_sum(decay, other))) return false;
        return read_sum(gradient_, decay);
    }

    bool decay_comes() const {
        return (next(Eltwise::multiply) && !found_.decay) || (next(Eltwise::sign) && !found_.sign_decay);
    }

    bool read_decay(Operand& result) {
        const Stage* const sign = next(Eltwise::sign);
        if (sign) ++at_;
        const Stage* const product = next(Eltwise::multiply);
        if (!product) return false;
        ++at_;
        const int scalar = is_scalar(product->in[0]) ? 0 : 1;
        const Operand &rate = product->in[scalar], &source = product->in[1 - scalar];
        if (!is_scalar(rate) || (sign && !same_tile(source, sign->out[0]))) return false;
        const Operand& weights = sign ? sign->in[0] : source;
        if (!is_matrix(weights, columns_) || (weights_ && weights_ != weights.data)) return false;
        weights_ = weights.data;
        (sign ? found_.sign_decay : found_.decay) = rate.data;
        result = product->out[0];
        return true;
    }

    /// a becomes a + b, or b + a: the same bits.
    bool read_sum(Operand& a, const Operand& b) {
        const Stage* const sum = next(Eltwise::add);
        if (!sum) return false;
        const Operand &x = sum->in[0], &y = sum->in[1];
        if (!(same_tile(x, a) && same_tile(y, b)) && !(same_tile(x, b) && same_tile(y, a))) return false;
        a = sum->out[0];
        ++at_;
        return true;
    }

    bool read_clip() {
        if (const Stage* const clip = next(Eltwise::clip)) {
            if (!same_tile(clip->in[0], gradient_)) return false;
            found_.clip = static_cast<int>(at_++);
            gradient_ = clip->out[0];
        }
        return true;
    }

    const std::vector<Stage>& stages_;
    const int64_t columns_;
    UpdateStages found_;
    Operand gradient_;
    const float* weights_ = nullptr;
    size_t at_ = 0;
};

}  // namespace

UpdateStages find_update(const Chain& chain) { return Reader(chain).read(); }

}  // namespace ravine
