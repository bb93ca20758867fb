"""The base class of layers: building, calling, losses, configuration."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ravine import _config, _lookup, _tree, constraints, dtype_policies, initializers, ops, regularizers
from ravine._masks import mask_of
from ravine._names import auto_name, name_first
from ravine.dtype_policies import DTypePolicy
from ravine.layers import _call
from ravine.layers._arguments import checked_policy, drop_ignored, legacy_shape
from ravine.layers._eager import remember, run_again, run_eagerly
from ravine.layers._masks import call_masked
from ravine.layers._node import Node, call_on_descriptions
from ravine.layers._state import State
from ravine.metrics.metric import Metric
from ravine.ops import tracing
from ravine.ops.tracing import SymbolicTensor, Trace
from ravine.tensor import KerasTensor, standardize_dtype
from ravine.variable import Variable, name_scope

_MODE = frozenset({"training"})
_PLAIN = (bool, int, float, str, type(None))


class Layer(State):
    """A function of tensors with state.

    Subclasses implement ``call`` with `ravine.ops` and, when they have weights, ``build``, which makes them with
    `add_weight`. A layer called on a traced tensor adds its nodes to the trace. Called on arrays it is traced once per
    input shape and mode and then run by the engine.

    Args:
        activity_regularizer: a penalty on the output, divided by the batch size and added to the loss.
        trainable: whether training may change the weights.
        dtype: everything is computed in float32; other dtypes are accepted with a warning.
        name: by default the class name in snake case, with a number.

    Raises:
        ValueError: for arguments that nobody recognizes.
    """

    name: str
    supports_masking: bool
    input_spec: Any
    autocast: bool
    _init_arguments: tuple[tuple, dict]
    _programs: dict
    _call_losses: list
    _inbound_nodes: list[Node]
    _build_shapes: dict | None
    _called_shape: Any  # of the output of the first call, None in front
    _input_shape_arg: tuple | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        object.__setattr__(layer, "_init_arguments", (args, kwargs))
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _within_scope(cls.__dict__["build"])  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        self._start_tracking()
        state = self.__dict__
        state["name"] = str(name) if name is not None else auto_name(type(self).__name__)
        state["built"] = False
        state["_trainable"] = bool(trainable)
        state["_weights"] = []
        state["_programs"] = {}
        state["_last_snapshot"] = None
        state["_call_losses"] = []
        state["_inbound_nodes"] = []
        state["_build_shapes"] = None
        state["_called_shape"] = None
        state["_input_shape_arg"] = legacy_shape(kwargs)
        state["supports_masking"] = False
        state["input_spec"] = None
        state["autocast"] = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype = checked_policy(dtype, f"{type(self).__name__} {self.name!r}")
        drop_ignored(kwargs)
        if kwargs:
            known = [*inspect.signature(type(self).__init__).parameters, "name", "dtype", "trainable"]
            where = f"{type(self).__name__} {self.name!r}"
            raise _lookup.unexpected_arguments(where, kwargs, (k for k in known if k not in ("self", "kwargs")))

    # Building.

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, which has None for the batch."""
        self.built = True

    def _build_for(self, args: tuple, kwargs: dict) -> None:
        names = list(inspect.signature(type(self).build).parameters)[1:]
        if len(names) <= 1 or not all(name.endswith("_shape") for name in names):
            if args:
                first = args[0]
            else:
                first = next((x for x in kwargs.values() if any(map(_call.is_tensor, _tree.leaves(x)))), None)
            self.build(_call.shapes_of(first))
        else:
            given = _call.signature_of(type(self).call).parameters.bind_partial(*args, **kwargs).arguments
            shapes = {f"{name}_shape": _call.shapes_of(x) for name, x in given.items()}
            self.build(**{name: shapes[name] for name in names if name in shapes})
        self.built = True

    @name_first
    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer. The name may also come first, as in tf.keras.

        Args:
            shape: a fixed shape; () by default.
            initializer: by default ``glorot_uniform``, for integers ``zeros``.
            trainable: whether it is a parameter, or state such as a moving average.
            regularizer: a penalty that joins the loss while the weight is trainable.
            constraint: applied after every update.
        """
        if initializer is None:
            initializer = "zeros" if np.dtype(standardize_dtype(dtype)).kind in "iub" else "glorot_uniform"
        initializer = initializers.get(initializer)
        with tracing.suspended(), name_scope(self.name):
            variable = Variable(
                initializer,
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
                regularizer=regularizers.get(regularizer),
                constraint=constraints.get(constraint),
            )
        if isinstance(initializer, initializers.RandomInitializer):
            initializer.note_weight(variable.path, variable.shape)
        variable.overwrite_with_gradient = overwrite_with_gradient
        variable.trainable = bool(trainable) and self.trainable
        self._weights.append(variable)
        self._count_change()
        return variable

    def add_variable(self, shape: Any, initializer: Any, dtype: Any = None, **kwargs: Any) -> Variable:
        """Another name of `add_weight`."""
        return self.add_weight(shape, initializer, dtype, **kwargs)

    # Calling.

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self._label}: call() is not implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer.

        `training` is the mode: what is passed here, else that of the layer that calls this one, else the default of
        `call`, else False.
        """
        if "_tracked" not in self.__dict__:
            raise RuntimeError(f"In {type(self).__name__}, call super().__init__() at the beginning of __init__().")
        trace = tracing.current()
        simple = trace is None and len(args) == 1 and isinstance(args[0], np.ndarray) and kwargs.keys() <= _MODE
        simple = simple and mask_of(args[0]) is None
        mode = kwargs.get("training")
        if simple and args[0].ndim:
            result = run_again(self, args[0], mode)
            if result is not None:
                return result
        args = tuple(_call.to_tensors(x) for x in args)
        kwargs = {key: _call.foreign_to_tensor(x) for key, x in kwargs.items()}
        tensors = [x for x in _tree.leaves([args, kwargs]) if _call.is_tensor(x)]
        if any(isinstance(x, KerasTensor) for x in tensors):
            return call_on_descriptions(self, args, kwargs)
        if not tensors and args:
            raise ValueError(f"{self._label}: expected tensors or arrays, received {args[0]!r}.")
        args, kwargs, training = self._with_mode(args, kwargs)
        if trace is None:
            result = run_eagerly(self, args, kwargs, training)
            if simple:
                remember(self, args[0], mode)
            return result
        return self._call_traced(trace, args, kwargs, training)

    def _with_mode(self, args: tuple, kwargs: dict) -> tuple[tuple, dict, bool]:
        """The arguments with `training` resolved, and the mode itself."""
        signature = _call.signature_of(type(self).call)
        training = kwargs.pop("training", None)
        if signature.has_training and len(args) > 1:
            bound = signature.parameters.bind_partial(*args).arguments
            if "training" in bound:
                position = list(signature.parameters.parameters).index("training")
                training, args = bound["training"], args[:position]
        for choice in (_call.outer_training(), signature.training_default, False):
            training = choice if training is None else training
        if signature.has_training:
            kwargs["training"] = bool(training)
        return args, kwargs, bool(training)

    def _call_traced(self, trace: Trace, args: tuple, kwargs: dict, training: bool) -> Any:
        args, kwargs = _tree.mapped(lambda x: trace.tensor(x) if _call.is_tensor(x) else x, (args, kwargs))
        watcher = _call.watcher_of_calls()
        if watcher is not None:
            training = watcher.mode(self, training)
            kwargs = {**kwargs, "training": training} if "training" in kwargs else kwargs
        with _call.calling(self, training), name_scope(self.name), trace.labelled(self._label):
            if not self.built:
                self._build_for(args, kwargs)
            if args:
                self._check_input(args[0])
            state = self.__dict__
            state["_frozen_version"] += 1
            try:
                outputs = call_masked(self, args, kwargs)
                if self.activity_regularizer is not None:
                    for output in _tree.leaves(outputs):
                        if isinstance(output, SymbolicTensor):
                            penalty = self.activity_regularizer(output)
                            self.add_loss(ops.divide(penalty, ops.batch_size(output)) if output.shape else penalty)
            finally:
                state["_frozen_version"] -= 1
        if watcher is not None:
            watcher.called(self, args, outputs)
        if state["_called_shape"] is None:
            state["_called_shape"] = _tree.mapped(_call.shape_per_sample, outputs)
        return outputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: by default that of the input. Asked for when `supports_masking` is set.

        A mask is a tensor of 1 (counts) and 0, of the shape of the values without their last axes."""
        return previous_mask

    def _check_input(self, inputs: Any) -> None:
        specs = self.input_spec
        if specs is not None:
            specs = specs if isinstance(specs, (list, tuple)) else [specs]
            for spec, tensor in zip(specs, _tree.leaves(inputs), strict=False):
                spec.check(tuple(tensor.shape), self._label)

    @property
    def input(self) -> Any:
        """The KerasTensor (or the structure of them) that this layer was first called on.

        Raises AttributeError when it was never called on one."""
        return self._first_node("input").args[0]

    @property
    def output(self) -> Any:
        """The KerasTensor (or the structure of them) that the first call on KerasTensors gave; see `input`."""
        return self._first_node("output").outputs

    def _first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"{self._label} has no {what}: it was never called on a KerasTensor. "
                "Begin the model with keras.Input(shape)."
            )
        return self._inbound_nodes[0]

    @property
    def _label(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for inputs of a shape (or structure of shapes).

        Layers that do not override this are built first when they are not, and traced.
        """
        trace = Trace()
        with trace:
            enter = functools.partial(_call.map_shapes, lambda shape: trace.input("input", shape))
            outputs = self._call_for_shape([enter(x) for x in args], {k: enter(x) for k, x in kwargs.items()})
        return _call.shapes_of(outputs)

    def _call_for_shape(self, args: list, kwargs: dict) -> Any:
        # Keras names the shapes after the arguments, so a lone `input_shape=` is the first one.
        if not args and list(kwargs) == ["input_shape"]:
            args, kwargs = [kwargs["input_shape"]], {}
        return self(*args, **{key.removesuffix("_shape"): x for key, x in kwargs.items()})

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        """`compute_output_shape` from and to KerasTensors."""
        shapes = self.compute_output_shape(_call.shapes_of(inputs))
        return _call.map_shapes(KerasTensor, shapes)

    # Losses and metrics.

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or a list of them) to the loss. Called from `call`, it is computed on every step."""
        trace = tracing.current()
        for part in _tree.leaves(loss):
            part = ops.sum(part) if ops.ndim(part) else part
            if trace is not None:
                trace.add_loss(self, trace.tensor(part))
            else:
                self._call_losses.append(part)

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{self._label}: add_metric() is gone; pass metrics to compile(metrics=[...]).")

    @property
    def losses(self) -> list[Any]:
        """The scalars to be added to the loss: what `add_loss` and activity regularizers left during the trace (or,
        outside of one, the last call), and the penalties of the trainable weights."""
        layers = self._flatten_layers()
        trace = tracing.current()
        losses = trace.losses(layers) if trace is not None else [x for layer in layers for x in layer._call_losses]
        for variable in self.trainable_weights:
            if variable.regularizer is not None:
                losses.append(variable.regularizer(variable))
        return losses

    @property
    def metrics(self) -> list[Metric]:
        """The metrics held by this layer and the layers in it."""
        return list(self._snapshot().metrics)

    @property
    def metrics_variables(self) -> list[Variable]:
        return [variable for metric in self.metrics for variable in metric.variables]

    # Configuration.

    @property
    def path(self) -> str:
        return self.name

    @property
    def dtype(self) -> str:
        return "float32"

    variable_dtype = compute_dtype = input_dtype = dtype

    @property
    def dtype_policy(self) -> DTypePolicy:
        return DTypePolicy(self._dtype)

    def get_config(self) -> dict:
        """What `from_config` needs to make this layer again, without its weights.

        A layer whose ``__init__`` takes only numbers, strings and the like need not override this.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            parameters = inspect.signature(type(self).__init__).parameters
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                config = {key: value for key, value in config.items() if key in parameters}
            config = {**self._plain_arguments(), **config}
        return config

    def _plain_arguments(self) -> dict:
        """The arguments that `__init__` was given, which must be plain data."""
        signature = inspect.signature(type(self).__init__)
        args, kwargs = self._init_arguments
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        given.pop(next(iter(signature.parameters)))
        for name, parameter in signature.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                given.update(given.pop(name, {}))
        odd = sorted(k for k, x in given.items() if not all(isinstance(leaf, _PLAIN) for leaf in _tree.leaves(x)))
        if odd:
            raise NotImplementedError(
                f"{self._label}: the arguments {odd} of __init__() are not plain data; implement get_config()."
            )
        return given

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)

    def get_build_config(self) -> dict | None:
        """The shapes this layer was built with, or None."""
        return self._build_shapes

    def build_from_config(self, config: dict) -> None:
        """Build the layer with the shapes of `get_build_config`."""
        if "shapes_dict" in config:
            self.build(**{name: _call.map_shapes(tuple, shape) for name, shape in config["shapes_dict"].items()})
        elif config.get("input_shape") is not None:
            self.build(_call.map_shapes(tuple, config["input_shape"]))
        self.built = True

    def __getstate__(self) -> dict:
        # The nodes belong to the models that the layer is part of, which bring them back.
        return {**self.__dict__, "_programs": {}, "_last_snapshot": None, "_call_losses": [], "_inbound_nodes": []}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _within_scope(build: Callable) -> Callable:
    """`build` under the layer's name scope, outside of any trace, noting the shapes it was given."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._build_shapes is None:
            shapes = inspect.signature(build).bind(self, *args, **kwargs).arguments
            shapes = dict(list(shapes.items())[1:])
            one = len(shapes) == 1
            self.__dict__["_build_shapes"] = (
                {"input_shape": next(iter(shapes.values()))} if one else {"shapes_dict": shapes}
            )
        with tracing.building, tracing.suspended(), name_scope(self.name):
            try:
                build(self, *args, **kwargs)
            except BaseException:
                self.__dict__["built"] = False  # which super().build() may have set
                raise
        self.__dict__["built"] = True

    return wrapped


_config.export("keras.layers", Layer)
