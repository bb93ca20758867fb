"""What the functions of `ravine.ops` do with KerasTensors: each call becomes one node of their graph, which in files
is an operation of Keras."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from ravine._names import to_snake_case
from ravine.ops import tracing
from ravine.tensor import KerasTensor

# Not operations of Keras: they call functions, make constants, tell facts, or consist of operations.
_NO_OPERATIONS = """
    SymbolicTensor Trace adam_rate adam_update adam_update_at_rate apply arange associative_scan bartlett
    batch_normalization batch_size blackman cond convert_to_numpy convert_to_tensor current dtype empty eye fori_loop
    full hamming hanning identity is_tensor kaiser map mish nadam_rates nadam_update ones rearrange scan
    sgd_momentum_update sgd_update shape sigmoid_crossentropy softmax_crossentropy switch tri vectorized_map while_loop
    zeros
"""
NO_OPERATIONS = frozenset(_NO_OPERATIONS.split())

# The modules of Keras' classes; all others are from "numpy".
_MODULES = {
    "core": "cast saturate_cast scatter scatter_update slice slice_update stop_gradient unstack",
    "linalg": "norm",
    "math": """
        erf erfc erfinv extract_sequences in_top_k logsumexp rsqrt segment_max segment_min segment_prod segment_sum
        top_k
    """,
    "nn": """
        binary_crossentropy categorical_crossentropy celu depth_to_space dot_product_attention elu gelu glu hard_shrink
        hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax moments multi_hot normalize one_hot relu
        relu6 selu sigmoid silu soft_shrink softmax softplus softsign space_to_depth sparse_categorical_crossentropy
        sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold
    """,
}
_MODULE_OF = {name: f"keras.src.ops.{module}" for module, names in _MODULES.items() for name in names.split()}

# Classes that are not called like the function.
_CLASSES = {
    "allclose": ("keras.src.ops.numpy", "AllClose"),
    "cdist": ("keras.src.ops.math", "CDist"),
    "isin": ("keras.src.ops.numpy", "IsIn"),
    "layer_normalization": ("keras.src.ops.nn", "LayerNorm"),
    "psnr": ("keras.src.ops.nn", "PSNR"),
    "relu_general": ("keras.src.activations.activations", "ReLU"),
    "rms_normalization": ("keras.src.ops.nn", "RMSNorm"),
    "searchsorted": ("keras.src.ops.numpy", "SearchSorted"),
}
_FUNCTIONS = {known: name for name, known in _CLASSES.items()}

# Arguments that a node is called with when the model runs; all others configure it.
_NAMES_OF_OPERANDS = """
    a array beta bias bins choicelist condition condlist constant_values data default f gamma indices inputs key mask
    operands output predictions q query scale segment_ids sorted_sequence start start_indices stop step target targets
    updates value values variable weights x x1 x2 xs y
"""
_OPERANDS = frozenset(_NAMES_OF_OPERANDS.split())
_ALSO_OPERANDS = {("full_like", "fill_value"), ("isclose", "atol"), ("isclose", "rtol")}
_NO_OPERANDS = {("bincount", "weights"), ("histogram", "bins"), ("silu", "beta"), ("trapezoid", "x")}
_NOT_IN_KERAS = {("silu", "beta")}


def class_of(name: str) -> tuple[str, str]:
    """The module and the class that stand for a function in Keras' files."""
    camel = "".join(word.capitalize() for word in name.split("_"))
    return _CLASSES.get(name, (_MODULE_OF.get(name, "keras.src.ops.numpy"), camel))


def function_of(module: str, class_name: str) -> str | None:
    """The name of the function that a class of Keras stands for; None for classes that are no operations."""
    if (module, class_name) in _FUNCTIONS:
        return _FUNCTIONS[module, class_name]
    return to_snake_case(class_name) if module.startswith("keras.src.ops.") else None


@functools.cache  # other names of a function stay other names of one
def for_graphs(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which called with KerasTensors notes the call in their graph."""

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if tracing.current() is None and (_has_descriptions(args) or _has_descriptions(kwargs.values())):
            return _node(function, args, kwargs)
        return function(*args, **kwargs)

    return public


def _has_descriptions(values: Iterable[Any]) -> bool:
    return any(
        isinstance(x, KerasTensor) or (isinstance(x, (list, tuple)) and any(isinstance(y, KerasTensor) for y in x))
        for x in values
    )


def _node(function: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
    from ravine.layers.operation import KerasOperation

    name = function.__name__.rstrip("_")
    call = inspect.signature(function).bind(*args, **kwargs)
    operands: list[Any] = []
    named: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    given = set(call.arguments)
    call.apply_defaults()
    for parameter in call.signature.parameters.values():
        key, value = parameter.name, call.arguments[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            operands += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            settings.update(value)
        elif not _is_operand(name, key) and not _has_descriptions([value]):
            if key in given or (name, key) not in _NOT_IN_KERAS:
                settings[key] = value
        elif parameter.default is parameter.empty:
            operands.append(value)
        else:
            named[key] = value
    module, class_name = class_of(name)
    return KerasOperation(class_name, module, settings)(*operands, **named)


def _is_operand(function: str, argument: str) -> bool:
    known = argument in _OPERANDS and (function, argument) not in _NO_OPERANDS
    return known or (function, argument) in _ALSO_OPERANDS
