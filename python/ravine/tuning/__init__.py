"""Tuning: finding a learning rate, uncertainty by dropout, layer-wise rates, pretraining."""

from ravine.tuning.layer_rates import layerwise_rates
from ravine.tuning.monte_carlo import MCPrediction, mc_predict
from ravine.tuning.range_test import LearningRateRange, find_learning_rate

__all__ = [
    "LearningRateRange",
    "MCPrediction",
    "find_learning_rate",
    "layerwise_rates",
    "mc_predict",
]
