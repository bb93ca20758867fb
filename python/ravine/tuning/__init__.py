"""Tuning: finding a learning rate, uncertainty by dropout, rates by layer, pretraining."""

from ravine.tuning.gan import train_gan
from ravine.tuning.layer_rates import layerwise_rates
from ravine.tuning.monte_carlo import MCPrediction, mc_predict
from ravine.tuning.pretraining import pretrain_autoencoder, pretrain_greedily, pretrain_on_task
from ravine.tuning.range_test import LearningRateRange, find_learning_rate

__all__ = [
    "LearningRateRange",
    "MCPrediction",
    "find_learning_rate",
    "layerwise_rates",
    "mc_predict",
    "pretrain_autoencoder",
    "pretrain_greedily",
    "pretrain_on_task",
    "train_gan",
]
