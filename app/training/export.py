"""From a trained Keras model to a staged artifact, checked against NumPy."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.artifacts.store import KERAS_MODEL, NOVELTY, PREPROCESSING, WEIGHTS
from app.encoding.encoder import Encoder
from app.encoding.rows import Encoded, SparseRows, take
from app.errors import ParityError
from app.inference.ensemble import network_from
from app.inference.forward import Network
from app.inference.novelty import Measure
from app.training import fit
from app.training.build import layer_table
from app.training.ensemble import ending_of, members_of
from app.wire.manifests import Parity

TOLERANCE = 1e-5
PARITY_ROWS = 256
PARITY_NUMBERS = 2**24  # of a matrix of such rows, 64 MiB
WIDE = 64  # units of the first layer, above which Keras' product of matrices beats NumPy's sum of kernel rows

Arrays = dict[str, NDArray[np.float32]]


def weights_of(model: keras.Model) -> Arrays:
    """`<layer number>/kernel` and `/bias` of each dense layer and convolution, as serving wants them.

    The last one's give answers in their unit; where a batch normalization follows, it is a part of them. Of an ensemble
    `<member>/<layer number>/kernel` and so on.
    """
    members, unit = members_of(model), _unit_of(model)
    if len(members) == 1:
        return _weights_of(model, unit)
    found = [_weights_of(member, unit) for member in members]
    return {f"{number}/{name}": array for number, own in enumerate(found) for name, array in own.items()}


def _unit_of(model: keras.Model) -> keras.layers.Rescaling | None:
    last = (ending_of(model) or model.layers)[-1]
    return last if isinstance(last, keras.layers.Rescaling) else None


def _weights_of(stack: keras.Sequential, unit: keras.layers.Rescaling | None) -> Arrays:
    arrays: Arrays = {}
    kinds = keras.layers.Dense | keras.layers.Conv2D
    weighted = [number for number, layer in enumerate(stack.layers) if isinstance(layer, kinds)]
    for number in weighted:
        kernel, bias = stack.layers[number].get_weights()
        after = stack.layers[number + 1] if number + 1 < len(stack.layers) else None
        if isinstance(after, keras.layers.BatchNormalization):
            kernel, bias = _normalized(kernel, bias, after)
        if unit is not None and number == weighted[-1]:
            kernel, bias = kernel * np.float32(unit.scale), bias * np.float32(unit.scale) + np.float32(unit.offset)
        arrays |= {f"{number}/kernel": kernel, f"{number}/bias": bias}
    return arrays


def _normalized(kernel: Any, bias: Any, norm: keras.layers.BatchNormalization) -> tuple[Any, Any]:
    """Kernel and bias that give what the normalization makes of those that are given."""
    factors, offsets, means, variances = (np.asarray(each, dtype=np.float64) for each in norm.get_weights())
    scale = factors / np.sqrt(variances + norm.epsilon)  # (units,), the kernel's last axis
    return (kernel * scale).astype(np.float32), ((bias - means) * scale + offsets).astype(np.float32)


def network_of(model: keras.Model, temperature: float = 1.0) -> Network:
    """The model as NumPy will run it, its logits divided by `temperature`."""
    members = len(members_of(model))
    return network_from(layer_table(model), weights_of(model), model.input_shape[-1], temperature, members)


def outputs_of(model: keras.Model, rows: Encoded) -> NDArray[np.float32]:
    """The model's outputs for a whole split, (rows, units), by whichever of the two is faster."""
    network = network_of(model)
    units = layer_table(model)[0].units * len(members_of(model))
    if network.picture or (isinstance(rows, SparseRows) and rows.values is None and units > WIDE):
        return fit.predict(model, rows)
    return network.in_batches(rows)


def logits_of(model: keras.Model, rows: Encoded) -> NDArray[np.float32]:
    """What its last layer gives before the activation, (rows, units)."""
    last = model.layers[-1]
    activation, last.activation = last.activation, keras.activations.linear
    try:
        return outputs_of(model, rows)
    finally:
        last.activation = activation


def check_parity(model: keras.Model, held_out: Encoded) -> Parity:
    """Compare NumPy's forward pass with Keras' on the first held-out rows.

    Raises:
        ParityError: they differ by more than 1e-5, relative where outputs exceed 1, or the answers' deviation if the
            network learnt them in that unit: near zero it rounds as it does anywhere else.
    """
    unit = _unit_of(model)
    least = max(1.0, abs(unit.scale), abs(unit.offset)) if unit is not None else 1.0
    some = take(held_out, np.arange(min(PARITY_ROWS, len(held_out), max(1, PARITY_NUMBERS // model.input_shape[-1]))))
    expected = fit.predict(model, some)
    actual = network_of(model)(some)
    difference = float(np.max(np.abs(actual - expected) / np.maximum(least, np.abs(expected))))
    if not difference <= TOLERANCE:
        raise ParityError(
            f"NumPy and Keras differ by {difference:.2e} on held-out rows; the limit is {TOLERANCE:.0e}. "
            "Where inputs or weights are large, rounding alone can do it: standardize, or lower the learning rate"
        )
    return Parity(rows=len(some), max_difference=difference)


def write(model: keras.Model, encoder: Encoder, measure: Measure | None, staging: Path) -> None:
    """The artifact's files except the manifest; `measure` is that of novelty, if there is one."""
    arrays: dict[str, Any] = weights_of(model)
    np.savez(staging / WEIGHTS, **arrays)
    (staging / PREPROCESSING).write_text(json.dumps(encoder.to_json(), ensure_ascii=False), encoding="utf-8")
    if measure is not None:
        kept: dict[str, Any] = measure.arrays()
        np.savez_compressed(staging / NOVELTY, **kept)
    model.save(staging / KERAS_MODEL)  # as trained, with its optimizer: it can be evaluated and trained further
