// Element-wise functions of one value.
#include "ops/register.h"

namespace ravine {

namespace {

constexpr double kTwoOverRootPi = 1.1283791670955126;

void scale_offset(const Attrs& attrs, float* param) {
    param[0] = static_cast<float>(attrs.number("scale"));
    param[1] = static_cast<float>(attrs.number("offset"));
}

void low_high(const Attrs& attrs, float* param) {
    param[0] = static_cast<float>(attrs.number("low"));
    param[1] = static_cast<float>(attrs.number("high"));
}

/// Defines y = f(x) with dx = dy * slope(rule).
void define_unary(Registry& registry, const char* name, Eltwise kernel, ValueId (*slope)(GradientRule&)) {
    define_tile(registry, name, kernel).gradient = [slope](GradientRule& rule) {
        rule.give(0, rule.add("multiply", {rule.dout(), slope(rule)}));
    };
}

/// 1 / sqrt(1 - x^2), infinite at -1 and 1.
ValueId arcsin_slope(GradientRule& rule) {
    const ValueId above = rule.add("affine", {rule.in(0)}, {{"scale", 1.0}, {"offset", 1.0}});
    const ValueId below = rule.add("affine", {rule.in(0)}, {{"scale", -1.0}, {"offset", 1.0}});
    return rule.add("rsqrt", {rule.add("multiply", {above, below})});
}

}  // namespace

void register_math(Registry& registry) {
    define_tile(registry, "copy", Eltwise::copy).gradient = [](GradientRule& rule) { rule.give(0, rule.dout()); };
    define_tile(registry, "negative", Eltwise::negative).gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("negative", {rule.dout()}));
    };
    define_unary(registry, "absolute", Eltwise::absolute, [](GradientRule& r) { return r.add("sign", {r.in(0)}); });
    define_tile(registry, "square", Eltwise::square).gradient = [](GradientRule& rule) {
        // A number that was repeated is doubled before it is repeated; else twice x can be made in the step that makes
        // x.
        const Node* maker = rule.graph().producer(rule.dout());
        if (maker && maker->op->name == "broadcast_to")
            rule.give(0, rule.add("multiply", {rule.in(0), rule.scale(maker->inputs[0], 2.0)}));
        else
            rule.give(0, rule.add("multiply", {rule.dout(), rule.scale(rule.in(0), 2.0)}));
    };
    define_unary(registry, "sqrt", Eltwise::sqrt,
                 [](GradientRule& r) { return r.scale(r.add("reciprocal", {r.out()}), 0.5); });
    define_unary(registry, "rsqrt", Eltwise::rsqrt, [](GradientRule& r) {
        return r.scale(r.add("multiply", {r.add("square", {r.out()}), r.out()}), -0.5);
    });
    define_unary(registry, "reciprocal", Eltwise::reciprocal,
                 [](GradientRule& r) { return r.add("negative", {r.add("square", {r.out()})}); });
    define_unary(registry, "exp", Eltwise::exp, [](GradientRule& r) { return r.out(); });
    define_unary(registry, "log", Eltwise::log, [](GradientRule& r) { return r.add("reciprocal", {r.in(0)}); });
    define_unary(registry, "log1p", Eltwise::log1p, [](GradientRule& r) {
        return r.add("reciprocal", {r.add("affine", {r.in(0)}, {{"scale", 1.0}, {"offset", 1.0}})});
    });
    define_unary(registry, "expm1", Eltwise::expm1, [](GradientRule& r) { return r.add("exp", {r.in(0)}); });
    define_unary(registry, "erf", Eltwise::erf, [](GradientRule& r) {
        return r.scale(r.add("exp", {r.add("negative", {r.add("square", {r.in(0)})})}), kTwoOverRootPi);
    });
    define_unary(registry, "erfinv", Eltwise::erfinv, [](GradientRule& r) {
        return r.scale(r.add("exp", {r.add("square", {r.out()})}), 1 / kTwoOverRootPi);
    });
    define_unary(registry, "arctan", Eltwise::arctan, [](GradientRule& r) {
        const ValueId square = r.add("square", {r.in(0)});
        return r.add("reciprocal", {r.add("affine", {square}, {{"scale", 1.0}, {"offset", 1.0}})});
    });
    define_unary(registry, "arcsin", Eltwise::arcsin, arcsin_slope);
    define_unary(registry, "arccos", Eltwise::arccos,
                 [](GradientRule& r) { return r.add("negative", {arcsin_slope(r)}); });
    define_unary(registry, "sin", Eltwise::sin, [](GradientRule& r) { return r.add("cos", {r.in(0)}); });
    define_unary(registry, "cos", Eltwise::cos,
                 [](GradientRule& r) { return r.add("negative", {r.add("sin", {r.in(0)})}); });

    define_tile(registry, "sign", Eltwise::sign).constant = true;
    define_tile(registry, "floor", Eltwise::floor).constant = true;
    define_tile(registry, "ceil", Eltwise::ceil).constant = true;
    define_tile(registry, "round", Eltwise::round).constant = true;
    define_tile(registry, "isnan", Eltwise::isnan).constant = true;
    define_tile(registry, "isfinite", Eltwise::isfinite).constant = true;
    define_tile(registry, "logical_not", Eltwise::logical_not).constant = true;

    define_tile(registry, "affine", Eltwise::affine, scale_offset).gradient = [](GradientRule& rule) {
        rule.give(0, rule.scale(rule.dout(), rule.attrs().number("scale")));
    };
    define_tile(registry, "clip", Eltwise::clip, low_high).gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("clip_grad", {rule.in(0), rule.dout()}, rule.attrs()));
    };
    define_tile(registry, "clip_grad", Eltwise::clip_grad, low_high);
    define_tile(registry, "pow_scalar", Eltwise::pow_scalar, [](const Attrs& attrs, float* param) {
        param[0] = static_cast<float>(attrs.number("exponent"));
    }).gradient = [](GradientRule& rule) {
        const double exponent = rule.attrs().number("exponent");
        const ValueId slope = rule.scale(rule.add("pow_scalar", {rule.in(0)}, {{"exponent", exponent - 1}}), exponent);
        rule.give(0, rule.add("multiply", {rule.dout(), slope}));
    };
}

}  // namespace ravine
