"""Monte Carlo dropout: how sure a model is, from many passes with dropout on (Gal & Ghahramani 2016)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import _tree, random
from ravine.layers import Dropout, GaussianDropout, GaussianNoise, _call
from ravine.models.array_data import ArrayData
from ravine.models.batch import Batch
from ravine.models.counts import check_count
from ravine.models.data_adapter import is_stream
from ravine.models.preserve import preserved
from ravine.models.train_step import trace_predict
from ravine.ops.tracing import SymbolicTensor

# Of passes that run in one call of the engine, so many numbers are kept at a time.
_MOST_VALUES = 1 << 24
_BATCH_SIZE = 128


@dataclass(frozen=True, eq=False)
class MCPrediction:
    """The predictions of many passes, put together.

    Attributes:
        mean: the mean prediction, float32, shape (n, ...): take its argmax for the class.
        std: the standard deviation over the passes (divided by their number), same shape.
        entropy: of the mean prediction in nats, shape (n,): all that is uncertain. None for a regression.
        mutual_information: `entropy` less the mean entropy of the passes, shape (n,): what the model does not know, as
            opposed to noise in the data (BALD; Houlsby et al. 2011, Gal 2016, section 3.3). None for a regression.
        passes: the number of passes.
        predictions: all of them, shape (passes, n, ...), when they were asked for; else None.
    """

    mean: np.ndarray
    std: np.ndarray
    entropy: np.ndarray | None
    mutual_information: np.ndarray | None
    passes: int
    predictions: np.ndarray | None = None


def mc_predict(
    model: Any,
    x: Any,
    samples: int = 100,
    batch_size: int | None = None,
    seed: int | None = None,
    *,
    layers: Iterable[Any] | None = None,
    keep: bool = False,
) -> Any:
    """Predict `samples` times with dropout on, everything else in inference mode.

    Batch normalization keeps using, and keeping, its moving statistics (``model(x, training=True)`` would overwrite
    them). All passes run inside the engine; nothing of the model changes.

    Args:
        model: built or not; it needs no compilation.
        x: an array, as in `predict`; a list or dict of them for several inputs.
        samples: the number of passes.
        batch_size: rows per batch of the engine, default 128; it does not change the result's distribution.
        seed: the same seed gives the same masks; None draws one from the process's generator.
        layers: the layers, or their names, that stay random. By default Dropout, its spatial and Gaussian kin,
            AlphaDropout, GaussianNoise and subclasses of them, wherever they are in the model.
        keep: also return all predictions; they take samples * n * outputs * 4 bytes.

    Returns:
        MCPrediction; for several outputs one each, in the structure of the outputs. Entropies are there when the last
        function of an output is a softmax (over the last axis) or a sigmoid (then they are summed over its units).

    Raises:
        ValueError: no layer stays random, so all passes would be equal; or `x` is not an array.
    """
    samples = check_count(samples, "samples")
    if seed is None:
        seed = random.draw_seed()
    batch_size = check_count(_BATCH_SIZE if batch_size is None else batch_size, "batch_size")
    data = model._data(x, None, None, None if is_stream(x) else batch_size, None)
    if not isinstance(data, ArrayData):
        raise ValueError("mc_predict: pass an array as x.")
    model._build_for_data(data.rows)
    mode = _OnlyNoise(None if layers is None else {x if isinstance(x, str) else x.name for x in layers}, seed)
    with mode.seeded(), _call.watching(mode):
        step = trace_predict(model, Batch(data.rows.x))
    if not mode.found:
        raise ValueError(
            f"{model._label}: mc_predict() found no dropout, so all passes would be equal. Add layers.Dropout, or name "
            "the layers that are to stay random: mc_predict(..., layers=[...])."
        )
    totals = [_Totals(_kind(y), keep) for y in mode.outputs]
    widest = data.size * max(math.prod(shape[1:]) for shape in step.output_shapes)
    at_once = max(1, min(samples, _MOST_VALUES // max(widest, 1)))
    variables = list(mode.outputs[0].trace._variables.values())
    with preserved(variables):
        for variable in variables:
            if variable.dtype == "int64":  # the counters of the random streams
                variable.array[...] = 0
        for done in range(0, samples, at_once):
            passes = min(at_once, samples - done)
            outputs = [np.empty((passes * data.size, *shape[1:]), np.float32) for shape in step.output_shapes]
            order = np.tile(np.arange(data.size), passes)
            steps = -(-len(order) // batch_size)
            step.program.run_batches(_tree.leaves(data.rows.x), batch_size, 0, steps, order, outputs)
            for total, output in zip(totals, outputs, strict=True):
                total.add(output.reshape(passes, data.size, *output.shape[1:]))
    return step.in_structure([total.result() for total in totals])


class _OnlyNoise(_call.Watcher):
    """Puts what drops out into training mode, with streams of its own."""

    def __init__(self, names: set[str] | None, seed: int) -> None:
        self.names = names
        self.seed = seed
        self.found: list[Any] = []
        self.outputs: list[SymbolicTensor] = []  # of the outermost call: the model's
        self._generators: dict[int, tuple[random.SeedGenerator, int]] = {}

    def mode(self, layer: Any, training: bool) -> bool:
        chosen = is_dropout_like(layer) if self.names is None else layer.name in self.names
        if not chosen:
            return training
        self.found.append(layer)
        for generator in vars(layer).values():
            if isinstance(generator, random.SeedGenerator) and id(generator) not in self._generators:
                self._generators[id(generator)] = (generator, generator.seed)
                generator.seed = (self.seed + 0x3C6EF372 * len(self._generators)) % (2**31 - 1)
        return True

    def called(self, layer: Any, args: tuple, outputs: Any) -> None:
        self.outputs = _tree.leaves(outputs)

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Afterwards the layers have their own seeds again."""
        try:
            yield
        finally:
            for generator, seed in self._generators.values():
                generator.seed = seed


class _Totals:
    """Sums over passes, in float64."""

    def __init__(self, kind: str | None, keep: bool) -> None:
        self.kind = kind
        self.kept: list[np.ndarray] | None = [] if keep else None
        self.passes = 0
        self.sum: Any = 0.0
        self.squares: Any = 0.0
        self.entropy: Any = 0.0
        self.origin: Any = None

    def add(self, predictions: np.ndarray) -> None:
        for y in predictions:
            if self.origin is None:  # sums of differences from the first pass lose no digits
                self.origin = y.astype(np.float64)
            difference = y - self.origin
            self.sum = self.sum + difference
            self.squares = self.squares + difference * difference
            if self.kind is not None:
                self.entropy = self.entropy + _entropy(y, self.kind)
        self.passes += len(predictions)
        if self.kept is not None:
            self.kept.append(predictions)

    def result(self) -> MCPrediction:
        shift = self.sum / self.passes
        mean = self.origin + shift
        std = np.sqrt(np.maximum(self.squares / self.passes - shift * shift, 0.0))
        entropy = information = None
        if self.kind is not None:
            entropy = _entropy(mean, self.kind)
            information = np.maximum(entropy - self.entropy / self.passes, 0.0).astype(np.float32)
            entropy = entropy.astype(np.float32)
        kept = None if self.kept is None else np.concatenate(self.kept)
        return MCPrediction(mean.astype(np.float32), std.astype(np.float32), entropy, information, self.passes, kept)


def is_dropout_like(layer: Any) -> bool:
    """Whether a layer is noise in training and the identity otherwise: dropout and its kin, and subclasses of them."""
    return isinstance(layer, (Dropout, GaussianDropout, GaussianNoise))


def _kind(y: SymbolicTensor) -> str | None:
    """Which probabilities a model puts out, by its last function: "softmax", "sigmoid" or None."""
    produced = y.producer()
    while produced is not None and produced[0] == "copy":
        produced = produced[1][0].producer()
    return produced[0] if produced is not None and produced[0] in ("softmax", "sigmoid") else None


def _entropy(p: np.ndarray, kind: str) -> np.ndarray:
    """In nats, of each row; 0 log 0 is 0."""
    p = p.astype(np.float64)
    terms = _p_log_p(p) if kind == "softmax" else _p_log_p(p) + _p_log_p(1.0 - p)
    return -terms.reshape(len(p), -1).sum(axis=1)


def _p_log_p(p: np.ndarray) -> np.ndarray:
    return p * np.log(np.where(p > 0, p, 1.0))
