// Binary and ternary element-wise arithmetic and comparison, with NumPy broadcasting.
#include "ops/register.h"

namespace ravine {

namespace {

ValueId zero_unless(GradientRule& rule, const char* relation, ValueId a, ValueId b) {
    return rule.add("where", {rule.add(relation, {a, b}), rule.dout(), rule.graph().scalar(0.0f)});
}

}  // namespace

void register_arithmetic(Registry& registry) {
    define_tile(registry, "add", Eltwise::add).gradient = [](GradientRule& rule) {
        for (size_t i : {0, 1})
            if (rule.wants(i)) rule.give_broadcast(i, rule.dout());
    };
    define_tile(registry, "subtract", Eltwise::subtract).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, rule.dout());
        if (rule.wants(1)) rule.give_broadcast(1, rule.add("negative", {rule.dout()}));
    };
    define_tile(registry, "multiply", Eltwise::multiply).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, rule.add("multiply", {rule.dout(), rule.in(1)}));
        if (rule.wants(1)) rule.give_broadcast(1, rule.add("multiply", {rule.dout(), rule.in(0)}));
    };
    define_tile(registry, "divide", Eltwise::divide).gradient = [](GradientRule& rule) {
        const ValueId quotient = rule.add("divide", {rule.dout(), rule.in(1)});
        if (rule.wants(0)) rule.give_broadcast(0, quotient);
        if (rule.wants(1)) rule.give_broadcast(1, rule.add("negative", {rule.add("multiply", {quotient, rule.out()})}));
    };
    // At a tie the first operand takes the gradient, as TensorFlow has it.
    define_tile(registry, "maximum", Eltwise::maximum).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, zero_unless(rule, "greater_equal", rule.in(0), rule.in(1)));
        if (rule.wants(1)) rule.give_broadcast(1, zero_unless(rule, "less", rule.in(0), rule.in(1)));
    };
    define_tile(registry, "minimum", Eltwise::minimum).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, zero_unless(rule, "less_equal", rule.in(0), rule.in(1)));
        if (rule.wants(1)) rule.give_broadcast(1, zero_unless(rule, "greater", rule.in(0), rule.in(1)));
    };
    // d(a^b) = b a^(b-1) da + a^b log(a) db
    define_tile(registry, "power", Eltwise::power).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) {
            const ValueId less = rule.add("affine", {rule.in(1)}, {{"scale", 1.0}, {"offset", -1.0}});
            const ValueId slope = rule.add("multiply", {rule.in(1), rule.add("power", {rule.in(0), less})});
            rule.give_broadcast(0, rule.add("multiply", {rule.dout(), slope}));
        }
        if (rule.wants(1)) {
            // 0 where a <= 0, as TensorFlow has it: 0^b does not change with b > 0.
            const ValueId zero = rule.graph().scalar(0.0f);
            const ValueId log =
                rule.add("where", {rule.add("greater", {rule.in(0), zero}), rule.add("log", {rule.in(0)}), zero});
            const ValueId slope = rule.add("multiply", {rule.out(), log});
            rule.give_broadcast(1, rule.add("multiply", {rule.dout(), slope}));
        }
    };
    // The remainder of a division towards 0: a - trunc(a / b) b.
    define_tile(registry, "fmod", Eltwise::fmod).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, rule.dout());
        if (rule.wants(1)) {
            const ValueId whole = rule.add("subtract", {rule.in(0), rule.out()});
            const ValueId times = rule.add("round", {rule.add("divide", {whole, rule.in(1)})});
            rule.give_broadcast(1, rule.add("negative", {rule.add("multiply", {rule.dout(), times})}));
        }
    };
    define_tile(registry, "where", Eltwise::where).gradient = [](GradientRule& rule) {
        const ValueId zero = rule.graph().scalar(0.0f);
        if (rule.wants(1)) rule.give_broadcast(1, rule.add("where", {rule.in(0), rule.dout(), zero}));
        if (rule.wants(2)) rule.give_broadcast(2, rule.add("where", {rule.in(0), zero, rule.dout()}));
    };
    define_tile(registry, "multiply_add", Eltwise::multiply_add).gradient = [](GradientRule& rule) {
        if (rule.wants(0)) rule.give_broadcast(0, rule.add("multiply", {rule.dout(), rule.in(1)}));
        if (rule.wants(1)) rule.give_broadcast(1, rule.add("multiply", {rule.dout(), rule.in(0)}));
        if (rule.wants(2)) rule.give_broadcast(2, rule.dout());
    };
    define_tile(registry, "lerp", Eltwise::lerp).gradient = [](GradientRule& rule) {
        const ValueId toward = rule.add("multiply", {rule.dout(), rule.in(2)});
        if (rule.wants(0)) rule.give_broadcast(0, rule.add("subtract", {rule.dout(), toward}));
        if (rule.wants(1)) rule.give_broadcast(1, toward);
        if (rule.wants(2))
            rule.give_broadcast(2, rule.add("multiply", {rule.dout(), rule.add("subtract", {rule.in(1), rule.in(0)})}));
    };
    define_tile(registry, "equal", Eltwise::equal).constant = true;
    define_tile(registry, "not_equal", Eltwise::not_equal).constant = true;
    define_tile(registry, "greater", Eltwise::greater).constant = true;
    define_tile(registry, "greater_equal", Eltwise::greater_equal).constant = true;
    define_tile(registry, "less", Eltwise::less).constant = true;
    define_tile(registry, "less_equal", Eltwise::less_equal).constant = true;
    define_tile(registry, "logical_and", Eltwise::logical_and).constant = true;
    define_tile(registry, "logical_or", Eltwise::logical_or).constant = true;
}

}  // namespace ravine
