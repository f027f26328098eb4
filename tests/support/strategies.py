"""Hypothesis strategies for recipes, encoded rows, stacks of layers and JSON."""

import itertools
from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domain.layers import Augmentation
from app.domain.optimizers import SGD, Adagrad, Adam, AdamW, MomentumSGD, RMSprop
from app.domain.recipes import (
    HEADS,
    WEIGHED,
    Activation,
    Averaging,
    BatchNorm,
    Conv2D,
    Coordinates,
    Cosine,
    Dense,
    Dropout,
    EarlyStopping,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Pixels,
    Recipe,
)
from app.domain.tables import Raw, Standardized
from app.domain.texts import MultiHot
from app.encoding.rows import SparseRows
from app.wire.manifests import LayerRow

# `exponential` would grow beyond every float in a few layers.
HIDDEN = sorted(set(get_args(Activation)) - {"exponential"})

shares = st.floats(0, 1, exclude_max=True)
penalties = st.floats(0, 10)
column_names = st.from_regex(r"\A[A-Za-z0-9_]{1,8}\Z")
excluded = st.lists(column_names, max_size=3, unique=True).map(tuple)
rates = st.floats(0, 10, exclude_min=True)
epsilons = st.floats(0, 1, exclude_min=True)

features = st.one_of(
    st.builds(MultiHot, words=st.integers(5, 100_000)),
    st.just(Pixels()),
    st.just(Coordinates()),
    st.builds(Standardized, exclude=excluded),
    st.builds(Raw, exclude=excluded),
)

layers = st.lists(
    st.one_of(
        st.builds(
            Dense,
            units=st.integers(1, 8192),
            activation=st.sampled_from(get_args(Activation)),
            l1=penalties,
            l2=penalties,
        ),
        st.builds(Dropout, rate=shares),
        st.just(Flatten()),
        st.builds(Conv2D, filters=st.integers(1, 512), kernel_size=st.integers(1, 15), strides=st.integers(1, 8)),
        st.builds(MaxPool, pool_size=st.integers(2, 8)),
        st.just(GlobalAveragePool()),
        st.builds(BatchNorm, momentum=shares),
    ),
    max_size=16,
).map(tuple)

optimizers = st.one_of(
    st.builds(RMSprop, learning_rate=rates, rho=shares, momentum=shares, epsilon=epsilons, centered=st.booleans()),
    st.builds(Adam, learning_rate=rates, beta_1=shares, beta_2=shares, epsilon=epsilons, amsgrad=st.booleans()),
    st.builds(SGD, learning_rate=rates, momentum=shares, nesterov=st.booleans()),
    st.builds(MomentumSGD, learning_rate=rates, momentum=shares, nesterov=st.booleans()),
    st.builds(Adagrad, learning_rate=rates, initial_accumulator_value=st.floats(0, 1e6), epsilon=epsilons),
    st.builds(AdamW, learning_rate=rates, weight_decay=st.floats(0, 10), amsgrad=st.booleans()),
)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe that is within its limits and fits together."""
    head = draw(st.sampled_from(sorted(HEADS)))
    monitors = st.sampled_from(["loss", "val_loss", f"val_{HEADS[head].metric}"])
    stopping = st.builds(EarlyStopping, monitor=monitors, patience=st.integers(0, 10_000), restore_best=st.booleans())
    return Recipe(
        features=draw(features),
        layers=draw(layers),
        head=head,
        loss=draw(st.sampled_from(HEADS[head].losses)),
        optimizer=draw(optimizers),
        epochs=draw(st.integers(1, 10_000)),
        batch_size=draw(st.integers(1, 65_536)),
        early_stopping=draw(st.none() | stopping),
        members=draw(st.integers(1, 16)),
        augmentation=draw(st.none() | st.builds(Augmentation, shift=st.floats(0, 0.5), rotation=st.floats(0, 180))),
        schedule=draw(st.none() | st.builds(Cosine, warmup=st.floats(0, 0.5), end=st.floats(0, 1))),
        class_weights=draw(st.sampled_from(["none", "balanced"] if head in WEIGHED else ["none"])),
        averaging=draw(st.none() | st.builds(Averaging, momentum=shares)),
        precision=draw(st.sampled_from(["float32", "mixed_bfloat16", "mixed_float16"])),
    )


@st.composite
def sparse_rows(draw: st.DrawFn, width: int | None = None, min_rows: int = 1) -> SparseRows:
    """Rows of a multi-hot matrix, at least one 1 in each."""
    width = width or draw(st.integers(1, 12))
    ones = st.sets(st.integers(0, width - 1), min_size=1)
    rows = [sorted(row) for row in draw(st.lists(ones, min_size=min_rows, max_size=6))]
    return SparseRows(
        indices=np.array([one for row in rows for one in row], dtype=np.int32),
        offsets=np.array([0, *itertools.accumulate(map(len, rows))], dtype=np.int64),
        width=width,
        known=np.arange(len(rows), dtype=np.float64),
    )


@st.composite
def stacks(draw: st.DrawFn, width: int) -> tuple[list[LayerRow], dict[str, NDArray[np.float32]]]:
    """Layers over rows of `width` numbers, with weights about as large as trained ones."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hidden = st.tuples(
        st.sampled_from(["dense", "dense", "dropout", "flatten"]),
        st.integers(1, 9),
        st.sampled_from(HIDDEN),
    )
    head = ("dense", draw(st.integers(1, 9)), draw(st.sampled_from(["linear", "sigmoid", "softmax"])))
    table: list[LayerRow] = []
    weights: dict[str, NDArray[np.float32]] = {}
    for number, (kind, units, activation) in enumerate([*draw(st.lists(hidden, max_size=4)), head]):
        if kind != "dense":
            table.append(LayerRow.model_validate({"kind": kind, "units": width, "parameters": 0}))
            continue
        weights[f"{number}/kernel"] = rng.normal(scale=width**-0.5, size=(width, units)).astype(np.float32)
        weights[f"{number}/bias"] = rng.normal(size=units).astype(np.float32)
        table.append(LayerRow(kind="dense", units=units, activation=activation, parameters=(width + 1) * units))
        width = units
    return table, weights


# Numbers include NaN, infinities and integers beyond 64 bits; texts include lone surrogates.
json_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**64, max_value=2**200),
    st.floats(),
    st.text(st.characters(), max_size=10),
    st.text(st.characters(categories=["Cs", "Cc", "Nd"]), max_size=4),
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def predict_bodies(examples: dict[str, dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies like those of `/predict`, with some of their fields replaced, left out or added.

    `examples` holds a valid instance by task name.
    """
    known = ["task", "instances", "model", "top_k", *{field for instance in examples.values() for field in instance}]
    changes = st.dictionaries(st.sampled_from(known) | st.text(max_size=4), json_values, max_size=2)
    instances = st.lists(st.sampled_from(list(examples.values())) | json_values, max_size=3)

    def body(name: str) -> st.SearchStrategy[dict[str, Any]]:
        single = st.just({"task": name, **examples[name]})
        batch = instances.map(lambda drawn: {"task": name, "instances": drawn})
        return st.builds(lambda base, change: {**base, **change}, single | batch, changes)

    return st.sampled_from(sorted(examples)).flatmap(body)
