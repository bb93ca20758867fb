"""A dense network with batch normalization and four optimizers in float64 NumPy, written out from the formulas."""

from __future__ import annotations

import numpy as np

EPSILON, MOMENTUM = 1e-3, 0.99  # of batch normalization, Keras' defaults


class Float64MLP:
    """Dense layers with relu between them and softmax cross-entropy at the end. With `batch_norm` the hidden layers
    have no bias but a BatchNormalization before their relu.

    `weights` are in the order of Keras' get_weights(): kernel, bias per layer, or kernel, gamma, beta, moving_mean,
    moving_variance.
    """

    def __init__(self, weights: list[np.ndarray], batch_norm: bool) -> None:
        self.weights = [np.array(w, np.float64) for w in weights]
        self.batch_norm = batch_norm
        per_hidden = 5 if batch_norm else 2
        hidden = (len(weights) - 2) // per_hidden
        self.hidden = [list(range(i * per_hidden, (i + 1) * per_hidden)) for i in range(hidden)]
        self.output = [len(weights) - 2, len(weights) - 1]
        statistics = {index for layer in self.hidden for index in layer[3:]}
        self.trainable = [i for i in range(len(weights)) if i not in statistics]
        self.slots: dict[str, list[np.ndarray]] = {}
        self.steps = 0

    def gradients(self, x: np.ndarray, labels: np.ndarray) -> dict[int, np.ndarray]:
        w, rows = self.weights, len(x)
        h = x.astype(np.float64)
        tape = []
        for layer in self.hidden:
            z = h @ w[layer[0]]
            if self.batch_norm:
                mean, variance = z.mean(0), z.var(0)
                std = np.sqrt(variance + EPSILON)
                xhat = (z - mean) / std
                for index, batch in ((layer[3], mean), (layer[4], variance)):
                    w[index] = MOMENTUM * w[index] + (1 - MOMENTUM) * batch
                a = w[layer[1]] * xhat + w[layer[2]]
            else:
                xhat, std, a = None, None, z + w[layer[1]]
            tape.append((h, xhat, std, a))
            h = np.maximum(a, 0)
        logits = h @ w[self.output[0]] + w[self.output[1]]
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        d = (p - np.eye(p.shape[1])[labels]) / rows
        grads = {self.output[0]: h.T @ d, self.output[1]: d.sum(0)}
        d = d @ w[self.output[0]].T
        for layer, (below, xhat, std, a) in zip(reversed(self.hidden), reversed(tape), strict=True):
            d = d * (a > 0)
            if self.batch_norm:
                grads[layer[1]], grads[layer[2]] = (d * xhat).sum(0), d.sum(0)
                d = w[layer[1]] / std * (d - (grads[layer[2]] + xhat * grads[layer[1]]) / rows)
            else:
                grads[layer[1]] = d.sum(0)
            grads[layer[0]] = below.T @ d
            d = d @ w[layer[0]].T
        return grads

    def step(self, x: np.ndarray, labels: np.ndarray, optimizer: str, rate: float) -> None:
        grads = self.gradients(x, labels)
        self.steps += 1
        for index in self.trainable:
            g, w = grads[index], self.weights[index]
            if optimizer == "sgd":
                w -= rate * g
            elif optimizer in ("momentum", "nesterov"):
                v = self._slot("v", index)
                v[...] = 0.9 * v - rate * g
                w += v if optimizer == "momentum" else 0.9 * v - rate * g
            elif optimizer == "nadam":
                m, v = self._slot("m", index), self._slot("v", index)
                m += (1 - 0.9) * (g - m)
                v += (1 - 0.999) * (g * g - v)
                u = [0.9 * (1 - 0.5 * 0.96**t) for t in range(1, self.steps + 2)]
                product = np.prod(u[:-1])
                m_hat = u[-1] * m / (1 - product * u[-1]) + (1 - u[-2]) * g / (1 - product)
                w -= rate * m_hat / (np.sqrt(v / (1 - 0.999**self.steps)) + 1e-7)
            else:
                m, v = self._slot("m", index), self._slot("v", index)
                m += (1 - 0.9) * (g - m)
                v += (1 - 0.999) * (g * g - v)
                scale = rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
                w -= scale * m / (np.sqrt(v) + 1e-7)

    def _slot(self, name: str, index: int) -> np.ndarray:
        if name not in self.slots:
            self.slots[name] = [np.zeros_like(w) for w in self.weights]
        return self.slots[name][index]
