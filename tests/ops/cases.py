"""One table of test cases, by op: operands, attributes, tolerance, and which operands have a gradient.

The references stand in references.py. None in a shape is the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from references import UPDATED

Array = NDArray[Any]
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Operand:
    """An operand and where its random values come from.

    kind: "real" in [low, high); "label" integers in [low, high); "mask" zeros and ones; "simplex" rows that sum to 1;
    "counter" an int64 variable; "total" a float64 variable.
    kinks: values keep a distance from these.
    """

    shape: Shape
    low: float = -2.0
    high: float = 2.0
    kind: str = "real"
    kinks: tuple[float, ...] = ()

    def draw(self, rows: int, random: np.random.Generator) -> Array:
        shape = tuple(rows if dim is None else dim for dim in self.shape)
        if self.kind == "counter":
            return np.array(3, np.int64)
        if self.kind == "total":
            return np.array(0.75)
        if self.kind == "label":
            return random.integers(int(self.low), int(self.high), shape).astype(np.float32)
        if self.kind == "mask":
            return random.integers(0, 2, shape).astype(np.float32)
        if self.kind == "simplex":
            values = random.uniform(0.1, 1, shape)
            return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)
        values = random.uniform(self.low, self.high, shape)
        for kink in self.kinks:
            values = np.where(np.abs(values - kink) < 0.05, kink + 0.1, values)
        return values.astype(np.float32)


@dataclass(frozen=True)
class Case:
    operands: tuple[Operand, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 2e-6
    differentiable: tuple[int, ...] = ()
    # Operands drawn at once, where they must fit each other (the result of one op, say).
    statistics: bool = False

    def draw(self, rows: int, seed: int) -> list[Array]:
        random = np.random.default_rng(seed)
        values = [operand.draw(rows, random) for operand in self.operands]
        if self.statistics:
            axes = tuple(range(values[0].ndim - 1))
            values[1] = values[0].mean(axis=axes)
            values[2] = 1 / np.sqrt(values[0].var(axis=axes) + np.float32(0.1))
        return values


CASES: dict[str, list[Case]] = {}

# Odd widths leave tails in every instruction set; 130 is more than one tile and more than a thread's share of columns.
FORMS: tuple[Shape, ...] = ((None, 7), (None, 130), (None, 3, 5), (None,), (19, 33), ())


def unary(
    *names: str,
    low: float = -4.0,
    high: float = 4.0,
    kinks: Sequence[float] = (),
    gradient: bool = True,
    tolerance: float = 2e-6,
    **attrs: Any,
) -> None:
    for name in names:
        CASES.setdefault(name, []).extend(
            Case((Operand(shape, low, high, kinks=tuple(kinks)),), attrs, tolerance, (0,) if gradient else ())
            for shape in FORMS
        )


def gradient_of(*names: str, low: float = -4.0, high: float = 4.0, kinks: Sequence[float] = (), **attrs: Any) -> None:
    """(x or y, dy) -> dx. These have no gradient of their own."""
    for name in names:
        CASES.setdefault(name, []).extend(
            Case((Operand(shape, low, high, kinks=tuple(kinks)), Operand(shape)), attrs, 4e-6)
            for shape in ((None, 7), (None, 130), (19, 33))
        )


BROADCASTS: tuple[tuple[Shape, Shape], ...] = (
    ((None, 7), (None, 7)),
    ((None, 130), (130,)),
    ((130,), (None, 130)),
    ((None, 7), (None, 1)),
    ((None, 1), (7,)),
    ((None, 7), ()),
    ((), (None, 3, 5)),
    ((None, 3, 5), (3, 1)),
    ((None, 3, 5), (None, 1, 5)),
    ((None, 1, 5), (None, 3, 1)),
    ((19, 33), (19, 1)),
    ((1, 33), (19, 1)),
    ((3, 4), (2, 3, 4)),
    ((None,), (None,)),
    ((), ()),
)


def binary(
    *names: str,
    low: float = -2.0,
    high: float = 2.0,
    kinks: Sequence[float] = (),
    second_low: float | None = None,
    gradient: bool = True,
    kind: str = "real",
    tolerance: float = 2e-6,
) -> None:
    for name in names:
        CASES[name] = [
            Case(
                (
                    Operand(a, low, high, kind, tuple(kinks)),
                    Operand(b, low if second_low is None else second_low, high, kind, tuple(kinks)),
                ),
                {},
                tolerance,
                (0, 1) if gradient else (),
            )
            for a, b in BROADCASTS
        ]


unary("copy", "negative", "square", "exp", "expm1", "erf", "sin", "cos", "arctan")
unary("arcsin", "arccos", low=-0.95, high=0.95)
unary("erfinv", low=-0.99, high=0.99, tolerance=6e-6)
unary("absolute", kinks=[0])
unary("stop_gradient", "sign", "floor", "ceil", "round", "isnan", "isfinite", gradient=False)
unary("logical_not", gradient=False)
unary("sqrt", "rsqrt", "reciprocal", "log", low=0.3, tolerance=4e-6)
unary("log1p", low=-0.7, tolerance=4e-6)
unary("affine", scale=1.5, offset=-0.25)
unary("clip", kinks=[-1, 1.5], low=-4, high=4.0, tolerance=0.0)
for case in CASES["clip"]:
    case.attrs.update(low=-1.0, high=1.5)
unary("pow_scalar", exponent=3)
unary("pow_scalar", exponent=2.5, low=0.2, tolerance=4e-6)
unary("pow_scalar", exponent=-1.5, low=0.3, tolerance=4e-6)

unary("selu", "gelu", "gelu_tanh", "mish", "sigmoid", "tanh", "softplus", "softsign", kinks=[0], tolerance=4e-6)
unary("relu", kinks=[0])
unary("hard_sigmoid", "hard_silu", kinks=[-3, 3])
unary("relu_general", kinks=[0.5, 2.0], negative_slope=0.1, max_value=2.0, threshold=0.5)
unary("relu_general", kinks=[0, 6], negative_slope=0.0, max_value=6.0, threshold=0.0, high=8.0)
unary("leaky_relu", kinks=[0], negative_slope=0.2)
unary("elu", kinks=[0], alpha=1.3)
unary("silu", beta=1.0, tolerance=4e-6)
unary("silu", beta=1.7, tolerance=4e-6)

gradient_of("relu_grad", "selu_grad", "gelu_grad", "gelu_tanh_grad", kinks=[0])
gradient_of("mish_grad", "softplus_grad", "softsign_grad", kinks=[0])
gradient_of("sigmoid_grad", low=0.0, high=1.0)
gradient_of("tanh_grad", low=-1.0, high=1.0)
gradient_of("hard_sigmoid_grad", "hard_silu_grad", kinks=[-3, 3])
gradient_of("relu_general_grad", kinks=[0.5, 2.0], negative_slope=0.1, max_value=2.0, threshold=0.5)
gradient_of("leaky_relu_grad", kinks=[0], negative_slope=0.2)
gradient_of("elu_grad", kinks=[0], alpha=1.3)
gradient_of("silu_grad", beta=1.7)
gradient_of("clip_grad", kinks=[-1, 1.5])
for case in CASES["clip_grad"]:
    case.attrs.update(low=-1.0, high=1.5)

binary("add", "subtract", "multiply")
binary("divide", low=0.4)
binary("maximum", "minimum")
binary("fmod", low=-60.0, high=60.0, tolerance=0.0, gradient=False)
binary("power", low=0.3, second_low=-2.0, tolerance=4e-6)
binary("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", kind="label", gradient=False)
binary("logical_and", "logical_or", kind="mask", gradient=False)
CASES["where"] = [
    Case((Operand(c, kind="mask"), Operand(a), Operand(b)), differentiable=(1, 2))
    for c, a, b in [
        ((None, 7), (None, 7), (None, 7)),
        ((None, 1), (None, 7), ()),
        ((7,), (None, 1), (None, 7)),
        ((19, 33), (33,), (19, 1)),
        ((None,), (), (None,)),
    ]
]
THREE: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((None, 130), (None, 130), (None, 130)),
    ((None, 7), (7,), (None, 1)),
    ((None, 3, 5), (), (3, 1)),
    ((19, 33), (19, 1), (33,)),
    ((19, 33), (19, 33), ()),
)
for name in ("multiply_add", "lerp"):
    CASES[name] = [
        Case((Operand(a), Operand(b), Operand(c)), tolerance=4e-6, differentiable=(0, 1, 2)) for a, b, c in THREE
    ]

CASES["reshape"] = [
    Case((Operand(a),), {"shape": list(b)}, 0.0, (0,))
    for a, b in [
        ((None, 6), (None, 2, 3)),
        ((None, 2, 3), (None, 6)),
        ((4, 6), (3, 8)),
        ((None, 1), (None,)),
        ((1,), ()),
    ]
]
CASES["broadcast_to"] = [
    Case((Operand(a),), {"shape": list(b)}, 0.0, (0,))
    for a, b in [
        ((7,), (None, 7)),
        ((), (None, 3, 5)),
        ((None, 1, 5), (None, 3, 5)),
        ((None, 3, 1), (None, 3, 5)),
        ((3, 1), (2, 3, 4)),
        ((), ()),
        ((1, 1), (19, 33)),
    ]
]
CASES["transpose"] = [
    Case((Operand(a),), {"perm": list(perm)}, 0.0, (0,))
    for a, perm in [
        ((None, 3, 5), (0, 2, 1)),
        ((None, 2, 3, 4), (0, 3, 1, 2)),
        ((19, 33), (1, 0)),
        ((2, 3, 4), (2, 0, 1)),
        ((None, 3), (0, 1)),
        ((5,), (0,)),
    ]
]
WINDOWS: tuple[tuple[Shape, list[int], list[int], list[int]], ...] = (
    ((None, 7), [0, 2], [-1, 3], [1, 1]),
    ((None, 7), [0, 6], [-1, 4], [1, -2]),
    ((None, 130), [0, 1], [-1, 129], [1, 1]),
    ((None, 3, 5), [0, 1, 0], [-1, 2, 5], [1, 1, 1]),
    ((None, 3, 5), [0, 2, 4], [-1, 3, 2], [1, -1, -3]),
    ((None, 3, 5), [0, 0, 0], [-1, 0, 5], [1, 1, 1]),
    ((None,), [0], [-1], [1]),
    ((19, 33), [18, 1], [10, 16], [-2, 2]),
    ((7,), [3], [1], [1]),
    ((), [], [], []),
)
CASES["slice"] = [
    Case((Operand(shape),), {"begin": begin, "size": size, "step": step}, 0.0, (0,))
    for shape, begin, size, step in WINDOWS
]
CASES["place"] = [
    Case(
        (Operand(tuple(None if n == -1 else n for n in size)),),
        {"shape": list(shape), "begin": begin, "step": step},
        0.0,
        (0,),
    )
    for shape, begin, size, step in WINDOWS
]
CASES["concatenate"] = [
    Case(tuple(Operand(shape) for shape in shapes), {"axis": axis}, 0.0, tuple(range(len(shapes))))
    for axis, *shapes in [
        (1, (None, 7), (None, 130)),
        (-1, (None, 3, 5), (None, 3, 1), (None, 3, 2)),
        (1, (None, 2, 5), (None, 1, 5)),
        (0, (19, 33), (2, 33)),
        (1, (19, 3), (19, 4)),
        (0, (2,), (3,), (1,)),
        (1, *[(None, 2)] * 8),
        (1, (None, 4)),
    ]
]
CASES["batch_size"] = [Case((Operand(shape),), {}, 0.0) for shape in [(None, 7), (None,)]]
CASES["one_hot"] = [
    Case((Operand(shape, -1, 6, "label"),), {"classes": 5}, 0.0) for shape in [(None,), (None, 3), (4,), ()]
]

REDUCED: tuple[tuple[Shape, tuple[int, ...]], ...] = (
    ((None, 7), (1,)),
    ((None, 7), (0,)),
    ((None, 7), (0, 1)),
    ((None, 130), (1,)),
    ((None, 130), (0,)),
    ((None, 3, 5), (1,)),
    ((None, 3, 5), (1, 2)),
    ((None, 3, 5), (0, 1)),
    ((None, 3, 5), (2,)),
    ((None,), (0,)),
    ((19, 33), (0,)),
    ((19, 33), (1,)),
    ((2, 3, 4), (1,)),
    ((2, 3, 40), (0, 1)),
    ((None, 4), ()),
    ((), ()),
)
for name in ("sum", "mean", "max", "min", "prod", "sum_squares", "sum_absolutes"):
    CASES[name] = [
        Case((Operand(shape, 0.6, 1.5),), {"axes": list(axes), "keepdims": keep}, 4e-6, (0,))
        for shape, axes in REDUCED
        for keep in (0, 1)
    ]
PIECES = [
    Case((Operand(shape, -1.5, 1.5),), {"axes": list(range(len(shape))), "piece": piece}, 4e-6)
    for shape, piece in (((19, 33), 100), ((19, 33), 627), ((627,), 1), ((5, 7, 9), 21))
]
for name in ("sum", "sum_squares", "sum_absolutes"):
    CASES[name] += PIECES
CASES["sum_absolutes_and_squares"] = PIECES
CASES["prod_grad"] = [
    Case(
        (Operand(shape, *values), Operand(tuple(dim for axis, dim in enumerate(shape) if axis not in axes))),
        {"axes": list(axes)},
        2e-5,
    )
    for shape, axes in REDUCED
    for values in ((0.6, 1.5), (-1, 2, "label"))
]
CASES["argmax"] = [
    Case((Operand(shape, 0, 4, kind),), {"axes": list(axes), "keepdims": 0}, 0.0)
    for shape, axes in REDUCED
    if len(axes) == 1
    for kind in ("real", "label")
]
CASES["spread"] = [
    Case(
        (Operand(tuple(dim for axis, dim in enumerate(shape) if axis not in axes)),),
        {"shape": list(shape), "axes": list(axes), "mean": mean},
        2e-6,
        (0,),
    )
    for shape, axes in REDUCED
    for mean in (0, 1)
]

CASES["matmul"] = [
    Case(
        tuple(Operand(shape) for shape in shapes),
        {"transpose_a": transpose_a, "transpose_b": transpose_b},
        2e-5,
        tuple(range(len(shapes))),
    )
    for transpose_a, transpose_b, *shapes in [
        (0, 0, (None, 7), (7, 5)),
        (0, 0, (None, 33), (33, 130), (130,)),
        (0, 1, (None, 7), (130, 7)),
        (0, 0, (None, 3, 5), (5, 40)),
        (0, 1, (None, 3, 5), (9, 5), (9,)),
        (1, 0, (None, 19), (None, 33)),
        (1, 0, (None, 3, 5), (None, 3, 4)),
        (0, 0, (19, 33), (33, 17)),
        (1, 0, (33, 19), (33, 17), (17,)),
        (0, 1, (19, 33), (17, 33)),
        (1, 1, (33, 19), (17, 33)),
        (0, 0, (2, 3, 4), (4, 5)),
        (0, 0, (None, 1), (1, 1)),
    ]
]

CASES["batched_matmul"] = [
    Case(
        tuple(Operand(shape) for shape in shapes),
        {"transpose_a": transpose_a, "transpose_b": transpose_b},
        2e-5,
        (0, 1),
    )
    for transpose_a, transpose_b, *shapes in [
        (0, 0, (None, 3, 7), (None, 7, 5)),
        (1, 0, (None, 7, 3), (None, 7, 5)),
        (0, 1, (None, 3, 7), (None, 5, 7)),
        (1, 1, (None, 7, 3), (None, 5, 7)),
        (0, 0, (None, 2, 19, 33), (None, 2, 33, 40)),
        (0, 1, (None, 2, 3, 4), (None, 2, 5, 4)),
        (0, 0, (6, 3, 7), (6, 7, 5)),
        (1, 0, (2, 3, 4, 3), (2, 3, 4, 5)),
        (0, 0, (None, 1, 1), (None, 1, 1)),
    ]
]
CASES["gather"] = [
    Case((Operand(table), Operand(indices, 0, int(table[0] or 0), "label")), {}, 0.0, (0,))
    for table, indices in [
        ((7, 5), (None,)),
        ((40, 130), (None, 3)),
        ((9,), (None,)),
        ((6, 2, 3), (None, 2)),
        ((5, 4), (6,)),
        ((5, 4), (2, 3)),
        ((5, 4), ()),
    ]
]
CASES["scatter_add"] = [
    Case((Operand(indices, 0, rows, "label"), Operand((*indices, *row))), {"rows": rows}, 4e-6, (1,))
    for rows, row, indices in [
        (7, (5,), (None,)),
        (40, (130,), (None, 3)),
        (9, (), (None,)),
        (6, (2, 3), (None, 2)),
        (5, (4,), (6,)),
        (5, (4,), ()),
    ]
]

LINES: tuple[Shape, ...] = ((None, 7), (None, 130), (None, 3, 5), (19, 33), (5,), (None, 1))
CASES["argsort"] = [
    Case((Operand(shape, 0, 4, kind),), {"count": count or shape[-1], "descending": descending}, 0.0)
    for shape in LINES
    for kind in ("real", "label")
    for count, descending in ((0, 0), (1, 1), (0, 1))
]
CASES["take_along"] = [
    Case((Operand(shape), Operand((*shape[:-1], count), 0, int(shape[-1] or 0), "label")), {}, 0.0, (0,))
    for shape in LINES
    for count in (1, 6)
]
CASES["put_along"] = [
    Case((Operand((*s[:-1], n), 0, int(s[-1] or 0), "label"), Operand((*s[:-1], n))), {"width": s[-1]}, 2e-6, (1,))
    for s in LINES
    for n in (1, 6)
]
CASES["cumsum"] = [Case((Operand(shape),), {"reverse": reverse}, 2e-5, (0,)) for shape in LINES for reverse in (0, 1)]
CASES["cumprod"] = [Case((Operand(shape, 0.6, 1.4),), {}, 2e-5, (0,)) for shape in LINES]
CASES["cumprod_grad"] = [Case((Operand(shape, 0.6, 1.4), Operand(shape)), {}, 1e-4) for shape in LINES]
# Whole numbers: zeros among the factors.
CASES["cumprod_grad"] += [Case((Operand(shape, -1, 2, "label"), Operand(shape)), {}, 1e-5) for shape in LINES[:3]]

ROWS_OF: tuple[Shape, ...] = ((None, 7), (None, 130), (None, 3, 5), (19, 33), (5,), (None, 1))
for name in ("softmax", "log_softmax"):
    CASES[name] = [Case((Operand(shape, -5, 5),), {}, 6e-6, (0,)) for shape in ROWS_OF]
CASES["softmax_grad"] = [Case((Operand(shape, kind="simplex"), Operand(shape)), {}, 4e-6) for shape in ROWS_OF]
CASES["log_softmax_grad"] = [Case((Operand(shape, -5, -0.5), Operand(shape)), {}, 2e-5) for shape in ROWS_OF]
DENSE_OR_SPARSE: tuple[tuple[Shape, int], ...] = tuple((s, sparse) for s in ROWS_OF[:4] for sparse in (0, 1))


def targets(shape: Shape, sparse: int) -> Operand:
    return Operand(shape[:-1], 0, int(shape[-1] or 0), "label") if sparse else Operand(shape, kind="simplex")


CASES["softmax_crossentropy"] = [
    Case((Operand(shape, -5, 5), targets(shape, sparse)), {"sparse": sparse}, 6e-6, (0,))
    for shape, sparse in DENSE_OR_SPARSE
]
CASES["softmax_crossentropy_grad"] = [
    Case((Operand(shape, kind="simplex"), targets(shape, sparse), Operand(shape[:-1])), {"sparse": sparse}, 4e-6)
    for shape, sparse in DENSE_OR_SPARSE
]
CASES["sigmoid_crossentropy"] = [
    Case((Operand(a, -6, 6), Operand(b, 0, 1)), {}, 6e-6, (0, 1))
    for a, b in [((None, 7), (None, 7)), ((None, 130), (130,)), ((19, 33), (19, 33))]
]
CASES["sigmoid_crossentropy_grad"] = [
    Case((Operand(shape, -6, 6), Operand(shape, 0, 1), Operand(shape)), {}, 6e-6) for shape in ((None, 7), (19, 33))
]
# shape, range of the values, attributes. Of 1, 5 or 33 samples in 3 classes, some are the only ones of theirs; numbers
# up to 1.5 are more similar than 1 and less than -margin.
CIRCLE: tuple[tuple[Shape, float, float, float, int], ...] = (
    ((None, 7), 0.4, 2.0, 0.4, 1),
    ((None, 7), 0.4, 2.0, 0.4, 0),
    ((None, 1), 1.5, 1.0, 0.3, 1),
    ((None, 1), 1.5, 1.0, -0.1, 0),
    ((None, 130), 0.08, 8.0, 0.25, 1),
    ((150, 33), 0.17, 5.0, 0.25, 1),
)
for shape, size, gamma, margin, remove in CIRCLE:
    attrs = {"gamma": gamma, "margin": margin, "remove_diagonal": remove}
    samples = Operand(shape, -size, size), Operand(shape[:1], 0, 3, "label")
    sums = [Operand(shape[:1], gamma, gamma + 1)] * 2
    CASES.setdefault("circle_loss", []).append(Case(samples, attrs, 2e-5, (0,)))
    CASES.setdefault("circle_loss_grad", []).append(Case((*samples, *sums, Operand(shape[:1])), attrs, 2e-5))

NORMALIZED: tuple[Shape, ...] = ((None, 7), (None, 130), (None, 3, 40), (19, 33))
CASES["batch_norm"] = [
    Case(
        (Operand(shape), *[Operand((shape[-1],), 0.5, 1.5)] * (scale + center)),
        {"epsilon": 0.1, "scale": scale, "center": center},
        1e-5,
        tuple(range(1 + scale + center)),
    )
    for shape in NORMALIZED
    for scale, center in ((1, 1), (1, 0), (0, 1), (0, 0))
]
# Rows that lie a power of two apart are walked in another order.
CASES["batch_norm"].append(Case((Operand((270, 384)), *[Operand((384,), 0.5, 1.5)] * 2), {"epsilon": 0.1}, 1e-5))
CASES["batch_norm_grad"] = [
    Case(
        (Operand(s), *[Operand((s[-1],))] * 2, Operand(s), *[Operand((s[-1],), 0.5, 1.5)] * scale),
        {"epsilon": 0.1, "scale": scale, "center": 1},
        2e-5,
        statistics=True,
    )
    for s in (*NORMALIZED, (270, 384))
    for scale in (1, 0)
]
CASES["normalized_dense_gradients"] = [
    Case((Operand((rows, n)), *[Operand((n,), 0.5, 1.5)] * 4, Operand((rows, units)), Operand((n, units))), {}, 2e-5)
    for rows, n, units in ((None, 19, 33), (None, 130, 100), (23, 8, 16))
]
CASES["normalize"] = [
    Case((Operand(shape), *[Operand((shape[-1],), 0.5, 1.5)] * 4), {}, 4e-6, (0, 3, 4)) for shape in NORMALIZED
]
CASES["dropout"] = [
    Case((Operand(shape), Operand((), kind="counter")), {"rate": rate, "seed": seed}, 1e-6, (0,))
    for shape in ((None, 7), (None, 130), (None, 3, 5), (19, 33))
    for rate, seed in ((0.3, 1), (0.0, 2), (1.0, 3), (0.5, 0x123456789ABC))
]
CASES["random_uniform"] = [
    Case((Operand((), kind="counter"),), {"shape": list(shape), "seed": seed}, 0.0)
    for shape in ((None, 7), (None, 130), (None, 3, 5), (None,), (19, 33), ())
    for seed in (1, 0x123456789ABC)
]

STATE: tuple[Shape, ...] = ((7,), (19, 33), (40, 130), (3, 4, 5), ())


def update(name: str, extra: Sequence[Operand | None], tolerance: float = 2e-6, **attrs: Any) -> None:
    """None stands for an operand like the variable."""
    CASES[name] = [
        Case((Operand(shape), *[one or Operand(shape) for one in extra]), attrs, tolerance) for shape in STATE
    ]


RATE = Operand((), 0.1, 0.5)
update("assign", [None])
update("assign_add", [None])
CASES["assign"] += [Case((Operand((19, 33)), RATE))]
CASES["assign_add"] += [Case((Operand((19, 33)), RATE))]
update("sgd", [None, RATE])
update("sgd_momentum", [None, None, RATE, RATE])
update("sgd_nesterov", [None, None, RATE, RATE])
CASES["adam"] = [
    Case(
        (Operand(shape), Operand(shape), Operand(shape, -0.1, 0.1), Operand(shape, 0.01, 0.1), RATE, RATE),
        {"beta_2": 0.999, "epsilon": 1e-7},
        4e-6,
    )
    for shape in STATE
]
update("sgdw", [None, RATE, RATE])
update("sgdw_momentum", [None, None, RATE, RATE, RATE])
update("sgdw_nesterov", [None, None, RATE, RATE, RATE])
CASES["adamw"] = [Case((*case.operands, RATE), case.attrs, case.tolerance) for case in CASES["adam"]]
CASES["adam_rate"] = [Case((RATE, Operand((), kind="counter"), RATE), {"beta_2": 0.999}, 1e-6)]
NADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
CASES["nadam"] = [
    Case(
        (Operand(shape), Operand(shape), Operand(shape, -0.1, 0.1), Operand(shape, 0.01, 0.1), RATE, RATE, RATE),
        NADAM,
        4e-6,
    )
    for shape in STATE
]
CASES["nadam_rates"] = [Case((RATE, Operand((), kind="counter"), Operand((), 0.1, 0.9)), NADAM, 1e-6)]
CASES["assign_total"] = [Case((Operand((), kind="total"), RATE), {}, 1e-7)]
CASES["accumulate"] = [Case((Operand((), kind="total"), RATE), {}, 1e-7)]
CASES["read_total"] = [Case((Operand((), kind="total"),), {}, 1e-7)]
CASES["read_counter"] = [Case((Operand((), kind="counter"),), {}, 0.0)]
for name in ("assign_counter", "add_to_counter"):
    CASES[name] = [Case((Operand((), kind="counter"), Operand((), -9, 9)), {}, 0.0)]
CASES["increment"] = [Case((Operand((), kind="counter"),), {}, 0.0)]


def is_variable(op: str, position: int, operand: Operand) -> bool:
    return operand.kind in ("counter", "total") or position in UPDATED.get(op, ())
