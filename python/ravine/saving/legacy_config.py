"""Configurations of Keras 2 (tf.keras) and of legacy `.h5` files, from and to the present form."""

from __future__ import annotations

from typing import Any

from ravine import _config, losses

# Arguments that tf.keras wrote and that mean nothing any more, or nothing for this class.
_GONE = {
    "BatchNormalization": ("fused", "virtual_batch_size", "adjustment"),
    "DepthwiseConv2D": (
        "filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint",
    ),
    "Embedding": ("input_length",),
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
}  # fmt: skip
_GONE_OPTIMIZER = ("decay", "is_legacy_optimizer", "jit_compile")
_TUPLES = ("__tuple__", "TensorShape")


def modern(config: Any) -> Any:
    """The configuration of a model or layer in the present form; one that has it already comes back equal."""
    config = _without_tuples(config)
    return _modern_layer(config) if isinstance(config, dict) else config


def _without_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") in _TUPLES and isinstance(value.get("items"), list):
            return [_without_tuples(item) for item in value["items"]]
        return {key: _without_tuples(item) for key, item in value.items()}
    return [_without_tuples(item) for item in value] if isinstance(value, list) else value


def _modern_layer(entry: dict) -> dict:
    class_name, config = entry.get("class_name"), entry.get("config")
    if class_name == "Sequential" and isinstance(config, list):  # Keras 1 and early 2
        config = {"layers": config}
    if not isinstance(class_name, str) or not isinstance(config, dict):
        return entry
    config = dict(config)
    for name in _GONE.get(class_name, ()):
        config.pop(name, None)
    axis = config.get("axis")
    if class_name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    if isinstance(config.get("layer"), dict):
        config["layer"] = _modern_layer(config["layer"])
    layers = config.get("layers")
    if isinstance(layers, list):
        if class_name == "Sequential":
            layers = _with_input(layers)
        config["layers"] = [_modern_layer(x) if isinstance(x, dict) else x for x in layers]
    if class_name != "InputLayer":
        config.pop("batch_input_shape", None)
    entry = {**entry, "config": config}
    if class_name in ("Model", "Functional") and entry.get("module") is None:
        entry.update(class_name="Functional", module="keras.src.models.functional")
    return entry


def _with_input(layers: list) -> list:
    """The layers of a Sequential model, whose first one may tell the input's shape, with an InputLayer in front."""
    first = layers[0] if layers and isinstance(layers[0], dict) else {}
    config = first.get("config")
    if first.get("class_name") == "InputLayer" or not isinstance(config, dict):
        return layers
    shape = config.get("batch_input_shape")
    if not isinstance(shape, list):
        return layers
    name = f"{config.get('name', 'layer')}_input"
    return [{"class_name": "InputLayer", "config": {"batch_shape": shape, "name": name}}, *layers]


def legacy(entry: dict) -> dict:
    """The serialized form of a model as legacy files have it: only class and configuration. The layers inside keep the
    present form, which Keras 3 reads more faithfully there (it drops lists of axes from the older one)."""
    return {"class_name": entry["registered_name"] or entry["class_name"], "config": entry["config"]}


# What compile was given.


def legacy_training(config: dict) -> dict:
    """The compile configuration as legacy files have it."""
    rest = {key: _bare(value) for key, value in config.items() if key != "optimizer"}
    return {**rest, "loss": _full_name(rest["loss"]), "optimizer_config": _bare(config["optimizer"])}


def _full_name(loss: Any) -> Any:
    """Losses under their long names: Keras 3 cannot read short ones in legacy files."""
    if isinstance(loss, list):
        return [_full_name(item) for item in loss]
    if isinstance(loss, dict) and "class_name" not in loss:
        return {key: _full_name(item) for key, item in loss.items()}
    function = losses.get(loss) if isinstance(loss, str) and loss.lower() not in ("crossentropy", "ce") else None
    return next((name for name, known in losses.functions.items() if known is function), loss)


def _bare(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _bare(item) for key, item in value.items()}
    if value["class_name"] == "function":
        return value["config"]
    return {"class_name": value.get("registered_name") or value["class_name"], "config": value["config"]}


def modern_training(config: dict) -> dict:
    """A compile configuration from the training configuration of a legacy file.

    Raises:
        ValueError: it is not one.
    """
    optimizer = config.get("optimizer_config")
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("config"), dict):
        raise ValueError(f"the training configuration names no optimizer: {optimizer!r}.")
    settings = {key: value for key, value in optimizer["config"].items() if key not in _GONE_OPTIMIZER}
    if "lr" in settings:
        settings.setdefault("learning_rate", settings.pop("lr"))
    class_name = str(optimizer.get("class_name"))
    known = {"module": "keras.optimizers"} if ">" not in class_name or class_name.startswith("Custom>") else {}
    metrics = {key: _modern_metrics(config.get(key)) for key in ("metrics", "weighted_metrics")}
    return {
        "optimizer": {"class_name": class_name.removeprefix("Custom>"), "config": settings, **known},
        "loss": _modern_loss(config.get("loss")),
        "loss_weights": config.get("loss_weights"),
        **metrics,
    }


def _modern_loss(loss: Any) -> Any:
    if isinstance(loss, list):
        return [_modern_loss(item) for item in loss]
    if not isinstance(loss, dict):
        return _modern_function(loss)
    if "class_name" not in loss:
        return {key: _modern_loss(item) for key, item in loss.items()}
    config = {key: value for key, value in (loss.get("config") or {}).items() if key != "fn"}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return {"module": "keras.losses", **loss, "config": config}


def _modern_metrics(metrics: Any) -> Any:
    if isinstance(metrics, list):
        return [_modern_metrics(item) for item in metrics]
    if not isinstance(metrics, dict):
        return _modern_function(metrics)
    if "class_name" not in metrics:
        return {key: _modern_metrics(item) for key, item in metrics.items()}
    config = metrics.get("config") or {}
    if metrics["class_name"] == "MeanMetricWrapper" and isinstance(config.get("fn"), str):
        return "accuracy" if config.get("name") in ("accuracy", "acc") else config["fn"]
    return {"module": "keras.metrics", **metrics}


def _modern_function(name: Any) -> Any:
    if _config.get_registered_object(name) is None:
        return name
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
