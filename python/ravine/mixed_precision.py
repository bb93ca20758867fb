"""`keras.mixed_precision`: names that scripts for GPUs use. Everything is computed in float32, with a warning to
whoever asks for less.
"""

from ravine.config import dtype_policy, set_dtype_policy
from ravine.dtype_policies import DTypePolicy
from ravine.optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
