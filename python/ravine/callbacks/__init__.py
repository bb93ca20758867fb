"""Callbacks: your own code at the begin and end of training, epochs and batches."""

from typing import TYPE_CHECKING

from ravine import _absent
from ravine.callbacks.backup_and_restore import BackupAndRestore
from ravine.callbacks.callback import Callback
from ravine.callbacks.callback_list import CallbackList
from ravine.callbacks.csv_logger import CSVLogger
from ravine.callbacks.diagnosis import Diagnosis
from ravine.callbacks.early_stopping import EarlyStopping
from ravine.callbacks.gradual_unfreezing import GradualUnfreezing
from ravine.callbacks.history import History
from ravine.callbacks.lambda_callback import LambdaCallback
from ravine.callbacks.learning_rate_scheduler import LearningRateScheduler
from ravine.callbacks.model_checkpoint import ModelCheckpoint
from ravine.callbacks.progbar_logger import ProgbarLogger
from ravine.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from ravine.callbacks.remote_monitor import RemoteMonitor
from ravine.callbacks.swap_ema_weights import SwapEMAWeights
from ravine.callbacks.tensorboard import TensorBoard
from ravine.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "Diagnosis",
    "EarlyStopping",
    "GradualUnfreezing",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
