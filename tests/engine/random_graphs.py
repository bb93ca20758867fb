"""Random graphs, for the engine and for a plain NumPy interpreter that runs the same nodes one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from references import REFERENCES, UPDATED, with_rows

from ravine import _core

Array = NDArray[Any]
Shape = tuple[int | None, ...]
ROWS = 6  # of the batch on which a graph is tried out while it grows


@dataclass(repr=False)
class RandomGraph:
    """Values are numbered: inputs, then variables, then constants, then what the nodes give."""

    inputs: list[Shape] = field(default_factory=list)
    input_kinds: list[str] = field(default_factory=list)
    variables: list[Array] = field(default_factory=list)
    constants: list[Array] = field(default_factory=list)
    nodes: list[tuple[str, list[int], dict[str, Any]]] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def leaves(self) -> int:
        return len(self.inputs) + len(self.variables) + len(self.constants)

    def is_variable(self, value: int) -> bool:
        return 0 <= value - len(self.inputs) < len(self.variables)

    def build(self) -> tuple[_core.Graph, list[int], list[_core.Variable]]:
        graph = _core.Graph()
        variables = [_core.Variable(value, f"variable {i}") for i, value in enumerate(self.variables)]
        ids = [graph.input(f"input {i}", shape) for i, shape in enumerate(self.inputs)]
        ids += [graph.variable(variable) for variable in variables]
        ids += [graph.constant(value) for value in self.constants]
        for op, inputs, attrs in self.nodes:
            if op == IF:
                graph.push_guard(ids[inputs[0]])
            elif op == END:
                graph.pop_guard()
            else:
                ids += graph.add(op, [ids[i] for i in inputs], attrs)
        return graph, ids, variables

    def program(self) -> tuple[_core.Program, list[_core.Variable]]:
        graph, ids, variables = self.build()
        return _core.Program(graph, ids[: len(self.inputs)], [ids[i] for i in self.outputs]), variables

    def output_shapes(self) -> list[Shape]:
        graph, ids, _ = self.build()
        return [graph.shape(ids[i]) for i in self.outputs]

    def __str__(self) -> str:
        lines = [f"inputs {self.inputs}, variables {[v.shape for v in self.variables]}, ", ""]
        lines[0] += f"constants {[c.shape for c in self.constants]}, outputs {self.outputs}"
        return "\n".join(lines + [f"  {op} {inputs} {attrs}" for op, inputs, attrs in self.nodes])

    def interpret(self, feeds: Sequence[Array], state: list[Array], dtype: Any) -> list[Array]:
        """The outputs for one batch; updates the state. A variable among the outputs has its value after the batch."""
        rows = len(feeds[0])
        values = [np.asarray(feed, dtype) for feed in feeds] + list(state)
        values += [np.asarray(constant, dtype) for constant in self.constants]
        conditions: list[bool] = []
        for op, inputs, attrs in self.nodes:
            if op == IF:
                conditions.append(bool(values[inputs[0]] != 0))
                continue
            if op == END:
                conditions.pop()
                continue
            results = evaluate(op, [values[i] for i in inputs], attrs, rows)
            if op not in UPDATED:
                values += results
                continue
            for position, result in zip(UPDATED[op], results, strict=True):
                if not all(conditions):
                    continue
                target = inputs[position]
                values[target] = np.asarray(result, state[target - len(self.inputs)].dtype)
        state[:] = values[len(self.inputs) : len(self.inputs) + len(state)]
        return [values[i] for i in self.outputs]

    def initial_state(self, dtype: Any) -> list[Array]:
        return [value.astype(dtype) if value.dtype == np.float32 else value.copy() for value in self.variables]

    def feeds(self, samples: int, random: np.random.Generator) -> list[Array]:
        return [
            draw(tuple(samples if dim is None else dim for dim in shape), kind, random)
            for shape, kind in zip(self.inputs, self.input_kinds, strict=True)
        ]


def evaluate(op: str, inputs: Sequence[Array], attrs: dict[str, Any], rows: int) -> list[Array]:
    dtype = np.result_type(*[x.dtype for x in inputs if x.dtype.kind == "f"] or [np.float64])
    results = REFERENCES[op](inputs, with_rows(attrs, rows))
    return [np.array(result) if op in UPDATED else np.array(result, dtype) for result in results]


def draw(shape: Sequence[int], kind: str, random: np.random.Generator) -> Array:
    if kind == "mask":
        return (random.random(shape) < 0.5).astype(np.float32)
    if kind == "label":
        return random.integers(0, 3, shape).astype(np.int64)
    return random.uniform(-1, 1, shape).astype(np.float32)


UNARY = ["tanh", "sigmoid", "sin", "cos", "relu", "gelu", "softplus", "softsign", "negative", "absolute", "copy"]
UNARY += ["silu", "hard_silu", "erf", "mish"]
BINARY = ["add", "add", "subtract", "multiply", "maximum", "minimum"]
LIMIT = 4.0
# What a graph grows by, as often as it stands here.
KINDS = ["unary"] * 4 + ["binary"] * 6 + ["matmul"] * 4 + ["update"] * 3 + ["reduce", "view", "affine"] * 2
KINDS += ["where", "fused", "softmax", "norm", "scalar", "dropout", "spread", "weights"]
KINDS += ["window", "join", "noise", "conditional", "conditional"]
# Not ops: what stands between them runs in those batches alone in which the scalar is not 0.
IF, END = "if", "end"
# What has a derivative everywhere.
SMOOTH = ["tanh", "sigmoid", "sin", "cos", "gelu", "softplus", "negative", "copy", "silu", "erf", "mish"]
SMOOTH_KINDS = ["unary", "binary", "matmul", "reduce", "view"] * 2 + ["affine", "where", "fused", "softmax", "spread"]
SMOOTH_KINDS += ["window", "join"]


class Grower:
    """Adds random nodes to a graph, trying each out on a small batch so that values stay small and shapes known."""

    def __init__(self, seed: int, dims: Sequence[int], smooth: bool = False):
        self.smooth = smooth
        self.random = np.random.default_rng(seed)
        self.dims = [int(d) for d in dims]
        self.graph = RandomGraph()
        self.shapes: list[Shape] = []
        self.values: list[Array] = []
        self.hidden: set[int] = set()  # what was computed under a condition that has ended

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.random.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def dim(self) -> int:
        return int(self.pick(self.dims))

    # leaves

    def leaf(self, shape: Shape, value: Array) -> int:
        self.shapes.append(shape)
        self.values.append(value)
        return len(self.shapes) - 1

    def add_leaves(self) -> None:
        a, b = self.dims[0], self.dims[1]
        batched: list[Shape] = [(None, a), (None, b), (None, 2, a), (None,), (None, 1)]
        count = int(self.random.integers(2, 5))
        wanted = [(batched[0], "real"), ((None,), "label")]
        wanted += [(self.pick(batched), self.pick(["real", "real", "mask"])) for _ in range(count)]
        if self.chance(0.3):
            wanted.append(((b,), "real"))
        for shape, kind in wanted:
            self.graph.inputs.append(shape)
            self.graph.input_kinds.append(kind)
            self.leaf(shape, draw([ROWS if d is None else d for d in shape], kind, self.random).astype(np.float64))
        fixed: list[Shape] = [(a, b), (b, a), (a,), (b,), (a, a), (), (1, b), (b, 1), (2, a), (2, b, a)]
        chosen = [self.pick(fixed) for _ in range(int(self.random.integers(4, 9)))] + [(a, b), (a, b), (b,)]
        for shape in chosen:
            value = draw([int(d or 0) for d in shape], "real", self.random)
            self.graph.variables.append(value)
            self.leaf(shape, value.astype(np.float64))
        for special in (np.array(0.25), np.array(3, np.int64)):
            self.graph.variables.append(special)
            self.leaf((), special)
        for _ in range(int(self.random.integers(1, 4))):
            shape = self.pick(fixed)
            value = draw([int(d or 0) for d in shape], "real", self.random)
            self.graph.constants.append(value)
            self.leaf(shape, value.astype(np.float64))

    # nodes

    def emit(self, op: str, inputs: Sequence[int], attrs: dict[str, Any] | None = None) -> list[int]:
        """Appends the node if the engine's own rules accept it, its values are small and its shape is not too large."""
        attrs = attrs or {}
        with np.errstate(all="ignore"):
            results = evaluate(op, [self.values[i] for i in inputs], attrs, ROWS)
        if op in UPDATED:
            if not all(np.all(np.abs(result) < 3 * LIMIT) for result in results):
                return []
            for position, result in zip(UPDATED[op], results, strict=True):
                self.values[inputs[position]] = result
            self.graph.nodes.append((op, list(inputs), attrs))
            return []
        if any(not np.all(np.isfinite(result)) or result.size > 60000 for result in results):
            return []
        batched = any(self.shapes[i][:1] == (None,) for i in inputs)
        self.graph.nodes.append((op, list(inputs), attrs))
        ids = []
        for index, result in enumerate(results):
            shape: Shape = result.shape
            if (batched or "shape" in attrs) and self.keeps_batch(op, inputs, attrs, index):
                shape = (None, *result.shape[1:])
            ids.append(self.leaf(shape, result))
        if any(np.max(np.abs(result), initial=0) > LIMIT for result in results):
            for i in list(ids):
                if np.max(np.abs(self.values[i]), initial=0) > LIMIT:
                    self.emit("tanh" if self.smooth else "softsign", [i])
        return ids

    def keeps_batch(self, op: str, inputs: Sequence[int], attrs: dict[str, Any], index: int) -> bool:
        if op in ("sum", "mean", "max", "min"):
            return 0 not in attrs["axes"]
        if op == "matmul":
            return not attrs.get("transpose_a")
        if op == "batch_norm":
            return index == 0
        if op in ("reshape", "broadcast_to", "spread", "random_uniform", "place"):
            return attrs["shape"][:1] == [None]
        return op != "batch_size"

    def real(self, value: int) -> bool:
        """float32, and of a magnitude that may be computed with."""
        return value not in self.special() and value not in self.hidden and self.small(value)

    def small(self, value: int) -> bool:
        return bool(np.max(np.abs(self.values[value]), initial=0) <= LIMIT)

    def special(self) -> tuple[int, int]:
        last = len(self.graph.inputs) + len(self.graph.variables)
        return last - 2, last - 1

    def candidates(self) -> list[int]:
        """Recent values come up more often: chains grow longer so."""
        everything = [i for i in range(len(self.shapes)) if self.real(i)]
        return everything + everything[-12:] * 2 + everything[-3:] * 6

    def any_value(self) -> int:
        return int(self.pick(self.candidates()))

    def broadcasts(self, shapes: Sequence[Shape]) -> bool:
        rank = max(len(shape) for shape in shapes)
        full: list[int | None] = [1] * rank
        for shape in shapes:
            for axis, dim in enumerate(shape, rank - len(shape)):
                if dim == 1 or dim == full[axis]:
                    continue
                if full[axis] != 1:
                    return False
                full[axis] = dim
        return None not in full[1:]

    def partner(self, *others: int) -> int | None:
        fitting = [
            i for i in self.candidates() if self.broadcasts([self.shapes[i], *[self.shapes[other] for other in others]])
        ]
        return int(self.pick(fitting)) if fitting else None

    def grow(self) -> None:
        getattr(self, self.pick(SMOOTH_KINDS if self.smooth else KINDS))(self.any_value())

    def unary(self, x: int) -> None:
        self.emit(self.pick(SMOOTH if self.smooth else UNARY), [x])

    def affine(self, x: int) -> None:
        self.emit("affine", [x], {"scale": float(self.random.uniform(-1.2, 1.2)), "offset": 0.25})

    def binary(self, x: int) -> None:
        y = self.partner(x)
        if y is not None:
            op = self.pick(BINARY[:4] if self.smooth else BINARY)
            self.emit(op, [x, y] if self.chance(0.5) else [y, x])

    def where(self, x: int) -> None:
        y = self.partner(x)
        masks = [i for i, kind in enumerate(self.graph.input_kinds) if kind == "mask"]
        if y is not None and masks:
            mask = int(self.pick(masks))
            if self.broadcasts([self.shapes[i] for i in (mask, x, y)]):
                self.emit("where", [mask, x, y])

    def fused(self, x: int) -> None:
        y = self.partner(x)
        z = self.partner(x, y) if y is not None else None
        if y is not None and z is not None:
            self.emit("multiply_add", [x, y, z])

    def matmul(self, x: int) -> None:
        shape = self.shapes[x]
        if len(shape) < 2:
            return
        forms: list[tuple[list[int], dict[str, int]]] = []
        for y in set(self.candidates()):
            other = self.shapes[y]
            if len(other) == 2 and other[0] is not None:
                if other[0] == shape[-1]:
                    forms.append(([x, y], {}))
                if other[1] == shape[-1]:
                    forms.append(([x, y], {"transpose_b": 1}))
                if shape[0] is not None and len(shape) == 2 and other[0] == shape[0]:
                    forms.append(([x, y], {"transpose_a": 1}))
                if shape[0] is not None and len(shape) == 2 and other[1] == shape[0]:
                    forms.append(([x, y], {"transpose_a": 1, "transpose_b": 1}))
            elif len(other) == len(shape) and shape[0] is None and other[:-1] == shape[:-1]:
                forms.extend([([x, y], {"transpose_a": 1})] * 3)
        if not forms:
            return
        inputs, attrs = self.pick(forms)
        attrs = {"transpose_a": 0, "transpose_b": 0, **attrs}
        before = len(self.graph.nodes)
        product = self.emit("matmul", inputs, attrs)
        if len(self.graph.nodes) != before + 1 or not product:
            return
        n = self.shapes[product[0]][-1]
        biases = [i for i in self.candidates() if self.shapes[i] == (n,)]
        if biases and self.chance(0.6):
            product = self.emit("add", [product[0], int(self.pick(biases))])
        if product and self.chance(0.6):
            product = self.emit(
                self.pick(["tanh", "sigmoid"] if self.smooth else ["relu", "tanh", "softsign"]), product
            )
        # An update right behind it, as training makes them, with the variable's own value added in (weight decay).
        if product and not self.smooth and self.chance(0.5):
            g = product[0]
            targets = [v for v in self.trainable() if self.shapes[v] == self.shapes[g]]
            if targets:
                w = int(self.pick(targets))
                if self.chance(0.4):
                    decay = self.emit("affine", [w], {"scale": 0.1, "offset": 0.0})
                    total = self.emit("add", [g, decay[0]]) if decay else []
                    g = total[0] if total else g
                self.apply_update(w, g)

    def reduce(self, x: int) -> None:
        rank = len(self.shapes[x])
        if rank:
            first = int(self.random.integers(rank))
            last = int(self.random.integers(first, rank))
            attrs = {"axes": list(range(first, last + 1)), "keepdims": int(self.random.integers(2))}
            self.emit(self.pick(["sum", "mean"] if self.smooth else ["sum", "mean", "mean", "max", "min"]), [x], attrs)

    def view(self, x: int) -> None:
        shape = self.shapes[x]
        lead, rest = (shape[:1], shape[1:]) if shape[:1] == (None,) else ((), shape)
        kind = self.pick(["reshape", "reshape", "transpose", "copy" if self.smooth else "stop", "broadcast"])
        if kind in ("stop", "copy"):
            self.emit("stop_gradient" if kind == "stop" else "copy", [x])
        elif kind == "transpose" and shape:
            perm = list(range(len(lead), len(shape)))
            self.random.shuffle(perm)
            self.emit("transpose", [x], {"perm": [*range(len(lead)), *[int(p) for p in perm]]})
        elif kind == "broadcast":
            targets = [s for s in self.shapes if s and self.broadcasts([shape, s]) and len(s) >= len(shape)]
            targets = [s for s in targets if all(d in (1, e) for d, e in zip(shape[::-1], s[::-1], strict=False))]
            if targets:
                self.emit("broadcast_to", [x], {"shape": list(self.pick(targets))})
        elif kind == "reshape":
            size = int(np.prod([int(d or 1) for d in rest]))
            forms: list[list[int]] = [[size], [1, size], [size, 1], [*(int(d or 1) for d in rest), 1]]
            forms += [[d, size // d] for d in (2, 3, 5) if size % d == 0] + [[]] * (size == 1)
            self.emit("reshape", [x], {"shape": [*lead, *self.pick(forms)]})

    def softmax(self, x: int) -> None:
        if len(self.shapes[x]) > 1:
            self.emit(self.pick(["softmax", "log_softmax"]), [x])
            labels = self.graph.input_kinds.index("label")
            if len(self.shapes[x]) == 2 and self.shapes[x][0] is None and (self.shapes[x][1] or 0) >= 3:
                self.emit("softmax_crossentropy", [x, labels], {"sparse": 1})

    def norm(self, x: int) -> None:
        if len(self.shapes[x]) > 1:
            c = self.shapes[x][-1]
            vectors = [i for i in self.candidates() if self.shapes[i] == (c,)]
            if vectors:
                self.emit("batch_norm", [x, int(self.pick(vectors)), int(self.pick(vectors))], {"epsilon": 0.1})

    def scalar(self, x: int) -> None:
        if self.shapes[x][:1] == (None,) and self.chance(0.5):
            count = self.emit("batch_size", [x])
            if count:
                self.emit("reciprocal", count)
        else:
            scalars = [i for i in self.candidates() if self.shapes[i] == ()]
            if scalars:
                self.emit("accumulate", [self.special()[0], int(self.pick(scalars))])

    def dropout(self, x: int) -> None:
        self.emit("dropout", [x, self.special()[1]], {"rate": 0.4, "seed": int(self.random.integers(1 << 40))})
        if self.chance(0.5):
            self.emit("increment", [self.special()[1]])

    def conditional(self, x: int) -> None:
        """Some nodes that run in some batches: every other one, or those in which the mean of an input is positive."""
        if self.chance(0.5):
            count = self.emit("read_counter", [self.special()[1]])
            half = self.emit("floor", self.emit("affine", count, {"scale": 0.5, "offset": 0.0}))
            whole = self.emit("affine", half, {"scale": 2.0, "offset": 0.0})
            condition = self.emit("not_equal", [count[0], whole[0]])
            self.hidden.update(range(count[0], condition[0]))  # they grow and grow
            if self.chance(0.7):
                self.emit("increment", [self.special()[1]])
        else:
            real = [i for i, kind in enumerate(self.graph.input_kinds) if kind == "real"]
            fed = int(self.pick(real))
            mean = self.emit("mean", [fed], {"axes": list(range(len(self.shapes[fed]))), "keepdims": 0})
            zero = self.emit("affine", mean, {"scale": 0.0, "offset": 0.0})
            condition = self.emit("greater", [mean[0], zero[0]])
        self.graph.nodes.append((IF, condition, {}))
        first = len(self.shapes)
        for _ in range(int(self.random.integers(1, 7))):
            self.grow()
        self.graph.nodes.append((END, [], {}))
        self.hidden.update(range(first, len(self.shapes)))

    def noise(self, x: int) -> None:
        shape = list(self.pick([shape for shape in self.shapes if shape]))
        self.emit("random_uniform", [self.special()[1]], {"shape": shape, "seed": int(self.random.integers(1 << 40))})

    def window(self, x: int) -> None:
        """A part of x, or zeros around it."""
        begin, size, step, whole = [], [], [], []
        for dim in self.shapes[x]:
            if dim is None:
                values = [0, -1, 1, None]
            else:
                by = int(self.pick([1, 1, 2, -1]))
                count = int(self.random.integers(1, (dim - 1) // abs(by) + 2))
                reach = (count - 1) * abs(by)
                low = int(self.random.integers(dim - reach))
                values = [low if by > 0 else low + reach, count, by, dim]
            for items, value in zip((begin, size, step, whole), values, strict=True):
                items.append(value)
        if self.chance(0.5):
            self.emit("slice", [x], {"begin": begin, "size": size, "step": step})
        else:
            shape = [None if dim is None else dim + 3 for dim in self.shapes[x]]
            begin = [min(place, 3) for place in begin]
            self.emit("place", [x], {"shape": shape, "begin": begin, "step": [1] * len(begin)})

    def join(self, x: int) -> None:
        shape = self.shapes[x]
        axes = [axis for axis, dim in enumerate(shape) if dim is not None]
        if not axes:
            return
        axis = int(self.pick(axes))
        fitting = [
            i
            for i in self.candidates()
            if len(self.shapes[i]) == len(shape)
            and all(
                a == b or (k == axis and a is not None)
                for k, (a, b) in enumerate(zip(self.shapes[i], shape, strict=True))
            )
        ]
        self.emit("concatenate", [x, int(self.pick(fitting)), x][: int(self.random.integers(2, 4))], {"axis": axis})

    def spread(self, x: int) -> None:
        """The gradient of a reduction: out to the shape of a value that reduces to x."""
        options = []
        for shape in dict.fromkeys(self.shapes):
            for first in range(len(shape)):
                for last in range(first, len(shape)):
                    if self.shapes[x] == shape[:first] + shape[last + 1 :]:
                        options.append((shape, list(range(first, last + 1))))
        if options:
            shape, axes = self.pick(options)
            attrs = {"shape": list(shape), "axes": axes, "mean": int(self.random.integers(2))}
            self.emit("spread", [x], attrs)

    def weights(self, x: int) -> None:
        """Two products that share an operand."""
        if len(self.shapes[x]) == 2 and self.shapes[x][0] is None:
            for _ in range(2):
                self.matmul(x)

    def trainable(self) -> list[int]:
        first = len(self.graph.inputs)
        return list(range(first, first + len(self.graph.variables) - 2))

    def update(self, x: int) -> None:
        targets = [w for w in self.trainable() if self.shapes[x] in (self.shapes[w], ())]
        if targets:
            self.apply_update(int(self.pick(targets)), x)

    def apply_update(self, w: int, g: int) -> None:
        kinds = ["assign", "assign_add", "sgd", "sgd", "sgd_momentum", "sgd_nesterov", "adam", "sgdw"]
        kind = self.pick(kinds)
        slots = [v for v in self.trainable() if self.shapes[v] == self.shapes[w] and v != w]
        scalars = [i for i in self.candidates() if self.shapes[i] == () and i not in (w, g)]
        if kind in ("assign", "assign_add") or not scalars:
            self.emit("assign" if kind == "assign" else "assign_add", [w, g])
            return
        lr = int(self.pick(scalars))
        calm = [i for i in scalars if np.abs(self.values[i]) < 0.8]  # a momentum that does not explode
        if kind == "sgd":
            self.emit("sgd", [w, g, lr])
        elif kind == "sgdw":
            self.emit("sgdw", [w, g, lr, int(self.pick(calm or scalars))])
        elif kind != "adam" and slots and calm and not set(scalars) & set(slots):
            slot, momentum = int(self.pick(slots)), int(self.pick(calm))
            self.emit(kind, [w, g, slot, lr, momentum])


def random_graph(seed: int, dims: Sequence[int], nodes: int, smooth: bool = False) -> RandomGraph:
    """smooth: nothing but what has a derivative, and no updates."""
    grower = Grower(seed, dims, smooth)
    grower.add_leaves()
    for _ in range(nodes):
        grower.grow()
    graph = grower.graph
    computed = [i for i in range(len(grower.shapes)) if i not in grower.special() and i not in grower.hidden]
    count = min(len(computed), int(grower.random.integers(3, 9)))
    graph.outputs = sorted({int(i) for i in grower.random.choice(computed, count, replace=False)} | {computed[-1]})
    return graph
