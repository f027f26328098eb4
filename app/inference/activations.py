"""Keras' activations in NumPy, float32 in and out, with Keras' default arguments.

What Keras answers with inf or a saturated value, these do too.
"""

from collections.abc import Callable, Mapping

import numpy as np

from app.encoding.rows import FloatMatrix

Function = Callable[[FloatMatrix], FloatMatrix]

_SELU_ALPHA, _SELU_SCALE = np.float32(1.6732632423543772), np.float32(1.0507009873554805)  # Klambauer et al. 2017
_ZERO, _HALF = np.float32(0), np.float32(0.5)
_LEAK = np.float32(0.2)  # slope of leaky_relu below zero
_SHRINK = np.float32(0.5)  # threshold of soft_shrink
_ROOT_HALF = np.float32(0.7071067811865476)
# Error function, Abramowitz and Stegun 7.1.26: wrong by less than 1.5e-7, the precision of float32.
_ERF_SCALE = np.float32(0.3275911)
_ERF = tuple(np.float32(c) for c in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


def linear(x: FloatMatrix) -> FloatMatrix:
    """The input itself."""
    return x


def relu(x: FloatMatrix) -> FloatMatrix:
    """max(x, 0)."""
    result: FloatMatrix = np.maximum(x, _ZERO)
    return result


def relu6(x: FloatMatrix) -> FloatMatrix:
    """The input within 0 to 6 (Krizhevsky 2010)."""
    return np.clip(x, np.float32(0), np.float32(6))


def leaky_relu(x: FloatMatrix) -> FloatMatrix:
    """x, or a fifth of it below zero (Maas et al. 2013)."""
    result: FloatMatrix = np.where(x > 0, x, _LEAK * x)
    return result


def sigmoid(x: FloatMatrix) -> FloatMatrix:
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    result: FloatMatrix = np.tanh(x * _HALF)
    result *= _HALF
    result += _HALF
    return result


def elu(x: FloatMatrix) -> FloatMatrix:
    """x, or exp(x) - 1 below zero (Clevert et al. 2016); `celu` with its default is the same."""
    result: FloatMatrix = np.where(x > 0, x, np.expm1(np.minimum(x, np.float32(0))))
    return result


def selu(x: FloatMatrix) -> FloatMatrix:
    """Self-normalising elu (Klambauer et al. 2017)."""
    below = _SELU_ALPHA * np.expm1(np.minimum(x, np.float32(0)))
    result: FloatMatrix = _SELU_SCALE * np.where(x > 0, x, below)
    return result


def gelu(x: FloatMatrix) -> FloatMatrix:
    """The input times the normal distribution function of x (Hendrycks and Gimpel 2016), not its tanh approximation."""
    half = np.float32(0.5)
    result: FloatMatrix = half * x * (np.float32(1) + _erf(x * _ROOT_HALF))
    return result


def _erf(x: FloatMatrix) -> FloatMatrix:
    size = np.abs(x)
    t = np.float32(1) / (np.float32(1) + _ERF_SCALE * size)
    polynomial = np.zeros_like(t)
    for coefficient in _ERF:
        polynomial = (polynomial + coefficient) * t
    result: FloatMatrix = np.sign(x) * (np.float32(1) - polynomial * np.exp(-np.minimum(size * size, np.float32(88))))
    return result


def softplus(x: FloatMatrix) -> FloatMatrix:
    """log(1 + exp(x))."""
    result: FloatMatrix = np.maximum(x, np.float32(0)) + np.log1p(np.exp(-np.abs(x)))
    return result


def log_sigmoid(x: FloatMatrix) -> FloatMatrix:
    """log(sigmoid(x))."""
    return -softplus(-x)


def mish(x: FloatMatrix) -> FloatMatrix:
    """The input times tanh(softplus(x)) (Misra 2020)."""
    result: FloatMatrix = x * np.tanh(softplus(x))
    return result


def silu(x: FloatMatrix) -> FloatMatrix:
    """The input times sigmoid(x), also called swish (Ramachandran et al. 2017)."""
    result: FloatMatrix = x * sigmoid(x)
    return result


def softsign(x: FloatMatrix) -> FloatMatrix:
    """Softer than tanh: x / (1 + |x|)."""
    result: FloatMatrix = np.divide(x, np.float32(1) + np.abs(x))
    return result


def exponential(x: FloatMatrix) -> FloatMatrix:
    """exp(x); beyond 88 that is infinite in float32."""
    with np.errstate(over="ignore"):
        result: FloatMatrix = np.exp(x)
    return result


def hard_sigmoid(x: FloatMatrix) -> FloatMatrix:
    """The line x / 6 + 1/2 within 0 to 1."""
    result: FloatMatrix = np.clip(x / np.float32(6) + np.float32(0.5), np.float32(0), np.float32(1))
    return result


def hard_silu(x: FloatMatrix) -> FloatMatrix:
    """The input times hard_sigmoid(x), also called hard swish (Howard et al. 2019)."""
    result: FloatMatrix = x * hard_sigmoid(x)
    return result


def hard_tanh(x: FloatMatrix) -> FloatMatrix:
    """The input within -1 to 1."""
    return np.clip(x, np.float32(-1), np.float32(1))


def soft_shrink(x: FloatMatrix) -> FloatMatrix:
    """The input moved towards zero by 0.5, or 0."""
    result: FloatMatrix = np.sign(x) * np.maximum(np.abs(x) - _SHRINK, np.float32(0))
    return result


def tanh_shrink(x: FloatMatrix) -> FloatMatrix:
    """The input less its tanh: x - tanh(x)."""
    result: FloatMatrix = x - np.tanh(x)
    return result


def squareplus(x: FloatMatrix) -> FloatMatrix:
    """(x + sqrt(x² + 4)) / 2 (Barron 2021)."""
    result: FloatMatrix = np.float32(0.5) * (x + np.sqrt(x * x + np.float32(4)))
    return result


def sparse_plus(x: FloatMatrix) -> FloatMatrix:
    """0 below -1, x above 1, and (x + 1)² / 4 between."""
    between = np.float32(0.25) * np.square(np.clip(x, np.float32(-1), np.float32(1)) + np.float32(1))
    result: FloatMatrix = np.where(x >= 1, x, between)
    return result


def sparse_sigmoid(x: FloatMatrix) -> FloatMatrix:
    """(x + 1) / 2 within 0 to 1."""
    result: FloatMatrix = np.clip(np.float32(0.5) * (x + np.float32(1)), np.float32(0), np.float32(1))
    return result


def softmax(x: FloatMatrix) -> FloatMatrix:
    """exp(x) over its sum, by row."""
    powers: FloatMatrix = np.exp(x - np.maximum.reduce(x, axis=-1, keepdims=True))
    powers /= np.add.reduce(powers, axis=-1, keepdims=True)
    return powers


def log_softmax(x: FloatMatrix) -> FloatMatrix:
    """log(softmax(x)), by row."""
    shifted = x - x.max(axis=-1, keepdims=True)
    result: FloatMatrix = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


ACTIVATIONS: Mapping[str, Function] = {
    "linear": linear,
    "relu": relu,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "elu": elu,
    "selu": selu,
    "celu": elu,
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": softplus,
    "softsign": softsign,
    "exponential": exponential,
    "leaky_relu": leaky_relu,
    "relu6": relu6,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_tanh": hard_tanh,
    "soft_shrink": soft_shrink,
    "tanh_shrink": tanh_shrink,
    "log_sigmoid": log_sigmoid,
    "squareplus": squareplus,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
