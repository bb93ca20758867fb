"""What Keras has and ravine has not: whoever asks for it learns why, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ravine._lookup import close_matches

_LATER = "not in this version, which is about dense nets"

# (module, names, reason): regular expressions that match from beginning to end.
_REASONS = (
    ("ravine.ops", "i?r?fft2?|i?stft|polar|view_as_.*", "there are no complex numbers here; outside of layers: np.fft"),
    (
        "ravine.ops",
        "bitwise_.*|gcd|lcm|.*_shift|nextafter",
        "integers are computed as float32, whose bits are not theirs",
    ),
    (
        "ravine.ops",
        "cholesky.*|det|eigh?|inv|logdet|lstsq|lu_factor|matrix_rank|pinv|qr|slogdet|solve.*|svd",
        "outside of layers: np.linalg",
    ),
    ("ravine.ops", ".*(conv|pool).*|fold|unfold|image", f"convolution and images are {_LATER}"),
    ("ravine.ops", "ctc_.*", f"sequences are {_LATER}"),
    ("ravine.ops", "custom_gradient|jvp", "derivatives are the engine's, of whole graphs"),
    ("ravine.ops", "unique", "the size of its result depends on the numbers: np.unique"),
    ("ravine.ops", "vectorize", "write the function for whole tensors"),
    ("ravine.ops", "numpy", "its functions stand in ops"),
    (
        "ravine.datasets",
        "boston_housing|california_housing|cifar100|imdb|reuters",
        "here are mnist, fashion_mnist, cifar10 and digits; utils.get_file downloads others",
    ),
    (
        "ravine.layers",
        r".*(Conv|Pool|UpSampling).*",
        f"convolution and pooling are {_LATER}: layers.Flatten, then Dense",
    ),
    ("ravine.layers", r".*(RNN|LSTM|GRU).*|Bidirectional", f"recurrent layers are {_LATER}"),
    ("ravine.layers", r".*Attention|ReversibleEmbedding", f"attention is {_LATER}; ops.dot_product_attention is here"),
    (
        "ravine.layers",
        r".*(Lookup|Hash|Crossing).*|Discretization|TextVectorization",
        "look values up before training: np.unique(..., return_inverse=True), np.digitize",
    ),
    ("ravine.layers", r"(Flax|Jax|TFSM|Torch).*", "layers of other frameworks cannot run in this engine"),
    (
        "ravine.layers",
        r"Random.*|Rand.*|.*Mix|MixUp|.*(Contrast|Crop|Equalization|Spectrogram|Boxes).*|Pipeline|Resizing|Solarization",
        f"image augmentation and audio are {_LATER}; prepare the arrays before training",
    ),
    ("ravine.callbacks", "OrbaxCheckpoint", "callbacks.ModelCheckpoint writes .keras and .weights.h5 files"),
    ("ravine.initializers", "STFT.*|stft", f"audio is {_LATER}"),
    ("ravine.saving", "KerasFileEditor", "h5py opens .weights.h5 files"),
    ("ravine.utils", "FeatureSpace", "prepare features with NumPy or pandas before training"),
    (
        "ravine.utils|ravine.preprocessing",
        ".*_dataset_from_.*",
        "write a utils.PyDataset, which makes batches of files",
    ),
    ("ravine.utils|ravine.preprocessing", ".*(img|image|boxes).*", "images are read with Pillow or Matplotlib"),
    ("ravine.utils|ravine", "Config|legacy", "only what Keras keeps for old versions of itself needs it"),
    ("ravine.dtype_policies", ".+", "everything is computed in float32"),
    ("ravine", "applications|visualization", f"networks and pictures of convolution are {_LATER}"),
    ("ravine", "quantizers|Quantizer|FloatDTypePolicy", "everything is computed in float32"),
    ("ravine", "distribution", "one process trains, on all its cores"),
    ("ravine", "export", "model.export writes a file that C++ programs predict and train with"),
    ("ravine", "distillation", "write the loss of the student with ravine.ops"),
    ("ravine", "(Stateless|Symbolic|Remat)Scope|remat", "the engine plans each step once, state and memory included"),
    ("ravine", "Function|Operation", "models are made of layers: Model(inputs, outputs)"),
)


def error(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error for a name that is not among those that a module has."""
    text = f"module {module!r} has no attribute {name!r}"
    if not name.startswith("_"):
        for where, names, reason in _REASONS:
            if re.fullmatch(where, module) and re.fullmatch(names, name):
                return AttributeError(f"{text}: {reason}.")
        text = f"{text}. {close_matches(name, known)}"
    return AttributeError(text)


def hooks(module: str, known: Iterable[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of a module that has these names."""

    def __getattr__(name: str) -> Any:
        raise error(module, name, known)

    def __dir__() -> list[str]:
        return sorted(known)

    return __getattr__, __dir__
