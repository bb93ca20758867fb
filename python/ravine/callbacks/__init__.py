"""Callbacks: your own code at the begin and end of training, epochs and batches."""

from ravine.callbacks.callback import Callback
from ravine.callbacks.callback_list import CallbackList
from ravine.callbacks.diagnosis import Diagnosis
from ravine.callbacks.early_stopping import EarlyStopping
from ravine.callbacks.gradual_unfreezing import GradualUnfreezing
from ravine.callbacks.history import History
from ravine.callbacks.lambda_callback import LambdaCallback
from ravine.callbacks.learning_rate_scheduler import LearningRateScheduler
from ravine.callbacks.progbar_logger import ProgbarLogger
from ravine.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "Callback",
    "CallbackList",
    "Diagnosis",
    "EarlyStopping",
    "GradualUnfreezing",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ProgbarLogger",
    "TerminateOnNaN",
]
