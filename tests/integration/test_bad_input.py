"""Whatever a client gets wrong is refused with a problem document that names the place, and nothing is written."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.base import metadata
from app.db.engine import Database
from app.domain.recipes import HEADS
from app.main import create_app
from tests.support.artifacts import add_model
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS

JSON = ((b"Content-Type", b"application/json"),)
MIB = 2**20
FEATURES = dict.fromkeys(TASKS.get("housing").example["features"], 1.0)
GRID = [[0] * 28 for _ in range(28)]
REVIEW = {"task": "sentiment", "text": "A good film."}
GOOD_TRAIN: dict[str, Any] = {"task": "sentiment", "dataset": "sample"}


@dataclass(frozen=True)
class Bad:
    """A request that must be refused, and how."""

    name: str
    path: str = "/predict"
    body: Any = None  # what is sent as JSON; `content` goes before it
    content: bytes | None = None
    method: str = "POST"
    status: int = 422
    at: str | None = None  # the field that must be named
    limit: str | None = None  # what the message about that field must hold: its limit, or the values it may have
    says: str = ""  # what the detail must hold
    headers: Sequence[tuple[bytes, bytes]] = JSON
    target: bytes | None = None  # the request's target as it is sent, where a client would tidy it up


def predict(name: str, at: str, limit: str | None = None, /, **body: Any) -> Bad:
    return Bad(f"predict: {name}", body=body, at=at, limit=limit)


def pixels(name: str, value: Any, at: str, limit: str | None = None) -> Bad:
    return predict(name, at, limit, task="digits", pixels=value)


def house(name: str, at: str, limit: str | None = None, /, **features: Any) -> Bad:
    given = {k: v for k, v in {**FEATURES, **features}.items() if v != "absent"}
    return predict(name, at, limit, task="housing", features=given)


def train(name: str, at: str, limit: str | None = None, /, **fields: Any) -> Bad:
    return Bad(f"train: {name}", "/train", body={**GOOD_TRAIN, **fields}, at=at, limit=limit)


def recipe(name: str, at: str, limit: str | None = None, /, **fields: Any) -> Bad:
    return train(name, f"recipe{at}", limit, recipe=fields)


def pictures(name: str, at: str, limit: str, layers: list[dict[str, Any]] | None = None, /, **fields: Any) -> Bad:
    """A recipe for digits."""
    given = fields if layers is None else {"layers": layers, **fields}
    return train(name, f"recipe{at}", limit, task="digits", dataset="sample", recipe=given)


def malformed(
    name: str, content: bytes, path: str = "/predict", status: int = 400, at: str | None = None, says: str = ""
) -> Bad:
    return Bad(f"{path}: {name}", path, content=content, status=status, at=at, says=says)


def _of_many(path: str) -> int:
    """The status of a body with more values than anybody needs: of those that have few, they are counted first."""
    return 400 if path == "/predict" else 413


def listing(name: str, path: str, at: str, limit: str | None = None) -> Bad:
    return Bad(f"list: {name}", path, method="GET", at=at, limit=limit)


def content_type(kind: bytes) -> Sequence[tuple[bytes, bytes]]:
    return ((b"Content-Type", kind),)


def dense(units: int, count: int) -> list[dict[str, Any]]:
    return [{"kind": "dense", "units": units}] * count


NAMES = ", ".join(TASKS.all)

PREDICT = [
    predict("unknown task", "task", NAMES, task="horoscope", text="x"),
    predict("no task", "task", NAMES, text="x"),
    predict("task is no text", "task", NAMES, task=["sentiment"], text="x"),
    predict("task is null", "task", NAMES, task=None, text="x"),
    predict("unknown field", "mood", None, task="sentiment", text="x", mood="good"),
    # A key that UTF-8 cannot carry has no name in Pydantic's findings; nor has the tag's below.
    predict("unknown field with a lone surrogate", "body", "unicode", **REVIEW, **{"\udc80": 1}),
    predict("field of another task", "pixels", None, **REVIEW, pixels=GRID),
    predict("no text", "text", None, task="sentiment"),
    predict("empty text", "text", "1 character", task="sentiment", text=""),
    predict("blank text", "text", None, task="sentiment", text=" \t\n  "),
    predict("only punctuation", "text", "no words", task="sentiment", text="?! ... --"),
    predict("only a tag", "text", "no words", task="sentiment", text="<br /><br />"),
    predict("10 MB of text", "text", "100000", task="sentiment", text="good " * 2_000_000),
    predict("one character too many", "text", "100000", task="newswire", text="a" * 100_001),
    predict("lone surrogates", "text", None, task="sentiment", text="\ud83d\ud83d"),
    predict("a lone surrogate in good text", "text", None, task="sentiment", text="A good film \udfff."),
    predict("text is a number", "text", None, task="sentiment", text=5),
    predict("text is null", "text", None, task="sentiment", text=None),
    predict("text is a list", "text", None, task="sentiment", text=["good"]),
    predict("headline too long", "title", "1000", task="newswire", text="Oil rose.", title="x" * 1001),
    pixels("783 pixels", [0] * 783, "pixels", "784"),
    pixels("785 pixels", [0] * 785, "pixels", "784"),
    pixels("no pixels", [], "pixels", "784"),
    pixels("ragged grid", [*GRID[:-1], [0] * 27], "pixels.27", "28"),
    pixels("27 rows", GRID[:-1], "pixels", "28"),
    pixels("29 rows", [*GRID, [0] * 28], "pixels", "28"),
    pixels("a number among the rows", [*GRID[:-1], 0], "pixels.27"),
    pixels("pixel 256", [*[0] * 783, 256], "pixels.783", "255"),
    pixels("pixel -1", [[-1, *[0] * 27], *GRID[1:]], "pixels.0.0", "0"),
    pixels("NaN", [float("nan"), *[0] * 783], "pixels.0"),
    pixels("Infinity", [float("inf"), *[0] * 783], "pixels.0"),
    pixels("numbers in strings", ["0"] * 784, "pixels.0"),
    pixels("booleans", [True] * 784, "pixels.0"),
    pixels("null among the pixels", [None] * 784, "pixels.0"),
    pixels("pixels are null", None, "pixels"),
    pixels("pixels are text", "0" * 784, "pixels"),
    pixels("pixels are an object", {"0": 0}, "pixels"),
    house("missing feature", "features.RM", None, RM="absent"),
    house("extra feature", "features.POOL", None, POOL=1.0),
    house("feature 1e300", "features.CRIM", "1000000", CRIM=1e300),
    house("feature -1e300", "features.CRIM", "-1000000", CRIM=-1e300),
    house("NaN", "features.TAX", None, TAX=float("nan")),
    house("Infinity", "features.TAX", None, TAX=float("inf")),
    house("number in a string", "features.TAX", None, TAX="240"),
    house("boolean", "features.CHAS", None, CHAS=True),
    house("null", "features.CHAS", None, CHAS=None),
    predict("features are a list", "features", None, task="housing", features=[1.0] * 13),
    predict("no instances", "instances", "1 item", task="sentiment", instances=[]),
    predict("10,001 instances", "instances", "10000", task="sentiment", instances=[{"text": "x"}] * 10_001),
    predict("instances and text", "text", None, **REVIEW, instances=[{"text": "x"}]),
    predict("instances are null", "instances", None, task="sentiment", instances=None),
    predict("instances are texts", "instances.0", None, task="sentiment", instances=["x"]),
    predict("an instance without text", "instances.1.text", None, task="sentiment", instances=[{"text": "x"}, {}]),
    predict("an instance with a task", "instances.0.task", None, task="sentiment", instances=[REVIEW]),
    predict("an instance of punctuation", "instances.1.text", "no words", task="sentiment",
            instances=[{"text": "x"}, {"text": "!"}]),
    predict("version 0", "model", "1", **REVIEW, model=0),
    predict("version -1", "model", "1", **REVIEW, model=-1),
    predict("version 2**40", "model", "2147483647", **REVIEW, model=2**40),
    predict("version is a fraction", "model", None, **REVIEW, model=1.5),
    predict("model is a boolean", "model", "2147483647", **REVIEW, model=True),
    predict("version in a string with a point", "model", "2147483647", **REVIEW, model="1.0"),
    predict("model id with a path", "model", None, **REVIEW, model="../../etc/passwd"),
    predict("model is null", "model", None, **REVIEW, model=None),
    predict("top_k 0", "top_k", "1", task="newswire", text="Oil rose.", top_k=0),
    predict("top_k 101", "top_k", "100", task="newswire", text="Oil rose.", top_k=101),
    predict("top_k is text", "top_k", None, task="newswire", text="Oil rose.", top_k="5"),
    Bad("predict: unknown version", body={**REVIEW, "model": 999}, status=404, says="version 999"),
    Bad("predict: unknown id", body={**REVIEW, "model": "m-nobody"}, status=404, says="m-nobody"),
    Bad("predict: another task's model", body={**REVIEW, "model": "<digits>"}, status=404, says="'sentiment'"),
]  # fmt: skip

TRAIN = [
    train("unknown task", "task", NAMES, task="horoscope"),
    train("task is null", "task", None, task=None),
    train("unknown preset", "preset", "baseline", preset="gigantic"),
    train("unknown dataset", "dataset", "imdb, sample", dataset="mnist"),
    train("dataset without a name", "dataset", "imdb, sample", dataset=""),
    train("dataset with a path", "dataset", "imdb, sample", dataset="../../etc/passwd"),
    train("unknown field", "epochs", None, epochs=3),
    train("unknown activate", "activate", "if_better", activate="sometimes"),
    recipe("unknown field", ".momentum", None, momentum=1),
    recipe("unknown layer kind", ".layers.0", "dense", layers=[{"kind": "lstm", "units": 4}]),
    recipe("layer without a kind", ".layers.0", "kind", layers=[{"units": 4}]),
    recipe("unknown feature kind", ".features", "multi_hot", features={"kind": "tf_idf"}),
    recipe("unknown optimizer kind", ".optimizer", "rmsprop", optimizer={"kind": "lbfgs"}),
    recipe("unknown activation", ".layers.0.activation", "relu",
           layers=[{"kind": "dense", "units": 4, "activation": "swish"}]),
    recipe("0 units", ".layers.0.units", "1", layers=dense(0, 1)),
    recipe("10**9 units", ".layers.0.units", "8192", layers=dense(10**9, 1)),
    recipe("units in a string", ".layers.0.units", None, layers=[{"kind": "dense", "units": "16"}]),
    recipe("units are a boolean", ".layers.0.units", None, layers=[{"kind": "dense", "units": True}]),
    recipe("units are missing", ".layers.0.units", None, layers=[{"kind": "dense"}]),
    recipe("0 epochs", ".epochs", "1", epochs=0),
    recipe("10**9 epochs", ".epochs", "10000", epochs=10**9),
    recipe("epochs in a string", ".epochs", None, epochs="4"),
    recipe("no member", ".members", "1", members=0),
    recipe("17 members", ".members", "16", members=17),
    recipe("members in a string", ".members", None, members="8"),
    recipe("members that are too large together", ".layers", "50,000,000", members=16, layers=dense(2048, 2)),
    recipe("batch size 0", ".batch_size", "1", batch_size=0),
    recipe("batch size 10**9", ".batch_size", "65536", batch_size=10**9),
    recipe("rate 1", ".layers.0.rate", "1", layers=[{"kind": "dropout", "rate": 1}]),
    recipe("negative rate", ".layers.0.rate", "0", layers=[{"kind": "dropout", "rate": -0.1}]),
    recipe("rate NaN", ".layers.0.rate", None, layers=[{"kind": "dropout", "rate": float("nan")}]),
    recipe("negative l2", ".layers.1.l2", "0", layers=[*dense(4, 1), {"kind": "dense", "units": 4, "l2": -0.001}]),
    recipe("learning rate 0", ".optimizer.learning_rate", "0", optimizer={"kind": "adam", "learning_rate": 0}),
    recipe("learning rate Infinity", ".optimizer.learning_rate", None,
           optimizer={"kind": "sgd", "learning_rate": float("inf")}),
    recipe("a convolution on a text", ".layers.0.kind", "needs a picture", layers=[{"kind": "conv2d", "filters": 4}]),
    recipe("augmentation of texts", ".augmentation", "is for pictures", augmentation={"shift": 0.1}),
    pictures("kernel larger than the picture", ".layers.1.kernel_size", "14",
             [{"kind": "max_pool"}, {"kind": "conv2d", "filters": 4, "kernel_size": 15}]),
    pictures("pooling to nothing", ".layers.2.pool_size", "1", [{"kind": "max_pool", "pool_size": 5}] * 3),
    pictures("a convolution after a dense layer", ".layers.1.kind", "made rows", [*dense(4, 1), {"kind": "max_pool"}]),
    pictures("batch_norm after relu", ".layers.1.kind", "linear", [*dense(4, 1), {"kind": "batch_norm"}]),
    pictures("too many multiplications", ".layers", "50,000,000",
             [{"kind": "conv2d", "filters": 64}, {"kind": "conv2d", "filters": 512}]),
    pictures("a batch too large for convolutions", ".batch_size", "at most",
             [{"kind": "conv2d", "filters": 16}], batch_size=65_536),
    pictures("no such padding", ".layers.0.padding", "same", [{"kind": "conv2d", "filters": 4, "padding": "full"}]),
    pictures("turned too far", ".augmentation.rotation", "180", augmentation={"rotation": 181}),
    pictures("warm-up to the end", ".schedule.warmup", "0.5", schedule={"kind": "cosine", "warmup": 1}),
    pictures("smoothing of sparse labels", ".label_smoothing", "categorical_crossentropy",
             loss="sparse_categorical_crossentropy", label_smoothing=0.1),
    recipe("no such class weights", ".class_weights", "balanced", class_weights="auto"),
    train("class weights of a regression", "recipe.class_weights", "binary and multiclass", task="housing",
          recipe={"class_weights": "balanced"}),
    train("class weights of several labels", "recipe.class_weights", "binary and multiclass", task="newswire",
          preset="multilabel", recipe={"class_weights": "balanced"}),
    recipe("averaging of 1", ".averaging.momentum", "1", averaging={"momentum": 1}),
    recipe("another averaging", ".averaging.kind", "exponential", averaging={"kind": "stochastic"}),
    recipe("half precision alone", ".precision", "mixed_bfloat16", precision="bfloat16"),
    recipe("no precision", ".precision", "mixed_float16", precision=16),
    recipe("17 layers", ".layers", "16", layers=dense(4, 17)),
    recipe("layers are an object", ".layers", None, layers={"kind": "dense", "units": 4}),
    recipe("too many weights", ".layers", "50,000,000", layers=dense(8192, 2)),
    recipe("too many words", ".features.words", "100000", features={"kind": "multi_hot", "words": 10**6}),
    recipe("too few words", ".features.words", "5", features={"kind": "multi_hot", "words": 4}),
    recipe("loss that does not fit the head", ".loss", "binary_crossentropy", loss="mae"),
    recipe("unknown loss", ".loss", "mse", loss="hinge"),
    recipe("head that the task does not take", ".head", "binary", head="regression"),
    *(
        train(f"head {head} for {task.name}", "recipe.head", task.heads[0], task=task.name, recipe={"head": head})
        for task in TASKS.all.values()
        for head in HEADS
        if head not in task.heads
    ),
    train("several labels without the stories' topics", "recipe.head", "'topics'", task="newswire", dataset="reuters",
          recipe={"head": "multilabel"}),
    train("the multilabel preset without the stories' topics", "recipe.head", "'topics'", task="newswire",
          dataset="reuters", preset="multilabel"),
    recipe("momentum 1", ".optimizer.momentum", "1", optimizer={"kind": "momentum", "momentum": 1}),
    recipe("argument of another optimizer", ".optimizer.rho", None, optimizer={"kind": "adagrad", "rho": 0.9}),
    recipe("learning rate 11", ".optimizer.learning_rate", "10", optimizer={"kind": "adamw", "learning_rate": 11}),
    recipe("activation that halves the width", ".layers.0.activation", "gelu",
           layers=[{"kind": "dense", "units": 4, "activation": "glu"}]),
    recipe("features of another task", ".features", "multi_hot", features={"kind": "pixels"}),
    recipe("monitor of another head", ".early_stopping", "val_accuracy", early_stopping={"monitor": "val_mae"}),
    recipe("early stopping on val_loss without validation", ".early_stopping", "holdout",
           early_stopping={"monitor": "val_loss"}),
    recipe("negative patience", ".early_stopping.patience", "0", early_stopping={"patience": -1}),
    train("recipe is a list", "recipe", None, recipe=[]),
    train("recipe is null", "recipe", None, recipe=None),
    recipe("hashed into 3,000 columns", ".features.hashed", "power of two up to 262,144",
           features={"kind": "n_grams", "hashed": True, "max_features": 3_000}),
    recipe("hashed and spelt", ".features.spelling", "not hashed",
           features={"kind": "n_grams", "hashed": True, "max_features": 2**18, "spelling": True}),
    recipe("interpolation 0", ".features.interpolation", "greater than 0",
           features={"kind": "n_grams", "weights": "naive_bayes", "interpolation": 0}),
    recipe("interpolation of other weights", ".features.interpolation", "naive_bayes",
           features={"kind": "n_grams", "weights": "tf_idf", "interpolation": 0.25}),
    recipe("interpolation with hidden layers", ".features.interpolation", "without hidden layers",
           features={"kind": "n_grams", "weights": "naive_bayes", "interpolation": 0.25}),
    train("interpolation of many labels", "recipe.features.interpolation", "binary", task="newswire", preset="best",
          recipe={"features": {"kind": "n_grams", "weights": "naive_bayes", "interpolation": 0.25}}),
    train("unknown excluded column", "recipe.features.exclude", "CRIM", task="housing",
          recipe={"features": {"kind": "standardized", "exclude": ["POOL"]}}),
    train("all columns excluded", "recipe.features.exclude", "at least one", task="housing",
          recipe={"features": {"kind": "standardized", "exclude": list(FEATURES)}}),
    train("65 excluded columns", "recipe.features.exclude", "64", task="housing",
          recipe={"features": {"kind": "standardized", "exclude": [f"B{n}" for n in range(65)]}}),
    train("hold-out as large as the training rows", "validation.size", "8,000",
          validation={"kind": "holdout", "size": 8_000}),
    train("hold-out larger than the training rows", "validation.size", "8,000",
          validation={"kind": "holdout", "size": 9_999_999}),
    train("hold-out of 0 rows", "validation.size", "1", validation={"kind": "holdout", "size": 0}),
    train("1 fold", "validation.folds", "2", validation={"kind": "kfold", "folds": 1}),
    train("21 folds", "validation.folds", "20", validation={"kind": "kfold", "folds": 21}),
    train("unknown validation", "validation", "holdout", validation={"kind": "bootstrap"}),
    train("seed -1", "seed", "0", seed=-1),
    train("seed 2**31", "seed", "2147483647", seed=2**31),
    train("seed in a string", "seed", None, seed="1"),
    train("seed is a boolean", "seed", None, seed=True),
    train("seed is a fraction", "seed", None, seed=1.5),
    train("0 seeds", "seeds", "1", seeds=0),
    train("21 seeds", "seeds", "20", seeds=21),
    train("seeds in a string", "seeds", None, seeds="5"),
    train("seeds are a boolean", "seeds", None, seeds=True),
    train("seeds are a fraction", "seeds", None, seeds=2.5),
    train("seeds are null", "seeds", None, seeds=None),
    train("several seeds with k-fold", "seeds", "k-fold", seeds=2, validation={"kind": "kfold", "folds": 3}),
    train("several seeds with a preset of k-fold", "seeds", "k-fold", task="housing", preset="kfold-100", seeds=5),
    train("name with a line break", "name", None, name="a\nb"),
    train("name with NUL", "name", None, name="a\x00b"),
    train("name with DEL", "name", None, name="a\x7fb"),
    train("name with a terminal's control character", "name", None, name="a\x9b31mb"),
    train("name with a lone surrogate", "name", None, name="a\ud800b"),
    train("name too long", "name", "200", name="x" * 201),
    train("name is a number", "name", None, name=7),
    train("tag value with a control character", "tags.team", None, tags={"team": "a\x1bb"}),
    train("tag value with a lone surrogate", "tags.team", None, tags={"team": "\udfff"}),
    train("tag value too long", "tags.team", "200", tags={"team": "x" * 201}),
    train("tag value is a number", "tags.team", None, tags={"team": 1}),
    train("tag key with a control character", "tags.a\x07b", None, tags={"a\x07b": "x"}),
    train("excluded column with a lone surrogate", "recipe.features.exclude.0", "unicode", task="housing",
          recipe={"features": {"kind": "standardized", "exclude": ["\ud800"]}}),
    train("column excluded twice", "recipe.features.exclude", "twice", task="housing",
          recipe={"features": {"kind": "standardized", "exclude": ["B", "B"]}}),
    train("tag key with a lone surrogate", "tags", "unicode", tags={"\ud800": "x"}),
    train("tag key with a colon", "tags.a:b", None, tags={"a:b": "x"}),
    train("tag key is empty", "tags.", None, tags={"": "x"}),
    train("tag key too long", f"tags.{'k' * 65}", "64", tags={"k" * 65: "x"}),
    train("21 tags", "tags", "20", tags={f"k{i}": "x" for i in range(21)}),
    train("tags are a list", "tags", None, tags=["x"]),
    *(
        Bad(f"train: Idempotency-Key {name}", "/train", body=GOOD_TRAIN, at="idempotency-key", limit=limit,
            headers=(*JSON, (b"Idempotency-Key", key)))
        for name, key, limit in [
            ("empty", b"", "1 character"), ("too long", b"k" * 256, "255"), ("with spaces", b"a b", None),
            ("beyond ASCII", b"caf\xc3\xa9", None),
        ]
    ),
]  # fmt: skip

BODIES = [
    case
    for path in ("/predict", "/train")
    for case in [
        malformed("no JSON", b"hello", path, says="JSON"),
        malformed("truncated JSON", b'{"task": "sentiment", "te', path, says="JSON"),
        malformed("two JSON values", b'{"task": "sentiment", "text": "x"}{}', path, says="JSON"),
        malformed("trailing comma", b'{"task": "sentiment", "text": "x",}', path, says="JSON"),
        malformed("invalid UTF-8", b'{"task": "sentiment", "text": "\xff\xfe"}', path),
        malformed("3,000 nested arrays", b"[" * 3_000 + b"]" * 3_000, path),
        malformed("3,000 nested arrays in a field", b'{"task": ' + b"[" * 3_000 + b"]" * 3_000 + b"}", path),
        malformed("3,000 nested objects", b'{"a":' * 3_000 + b"1" + b"}" * 3_000, path),
        malformed("100,000 nested arrays", b"[" * 100_000 + b"]" * 100_000, path, status=_of_many(path)),
        malformed("100,000 nested objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, path, status=_of_many(path)),
        malformed("a number of 5,000 digits", b'{"task": "sentiment", "seed": ' + b"9" * 5000 + b"}", path),
        malformed("array as body", b"[]", path, status=422, at="body"),
        malformed("string as body", b'"sentiment"', path, status=422, at="body"),
        malformed("number as body", b"5", path, status=422, at="body"),
        malformed("null as body", b"null", path, status=422, at="body"),
        Bad(f"{path}: text/plain", path, body=GOOD_TRAIN, status=415, headers=content_type(b"text/plain")),
        Bad(f"{path}: form", path, content=b"task=sentiment", status=415,
            headers=content_type(b"application/x-www-form-urlencoded")),
        Bad(f"{path}: multipart form", path, content=b"--x--", status=415,
            headers=content_type(b"multipart/form-data; boundary=x")),
        Bad(f"{path}: no content type", path, body=GOOD_TRAIN, status=415, headers=()),
        Bad(f"{path}: GET", path, method="GET", status=405),
        Bad(f"{path}: DELETE", path, method="DELETE", status=405),
        Bad(f"{path}: foreign Host", path, body=REVIEW, status=421, headers=(*JSON, (b"Host", b"evil.example"))),
        Bad(f"{path}: foreign Host that begins like ours", path, body=REVIEW, status=421,
            headers=(*JSON, (b"Host", b"localhost.evil.example"))),
        Bad(f"{path}: foreign Host that begins like an address of ours", path, body=REVIEW, status=421,
            headers=(*JSON, (b"Host", b"127.0.0.1.evil.example"))),
    ]
] + [
    malformed("empty body", b"", "/predict", says="JSON"),
    malformed("empty body", b"", "/train", status=422, at="body"),
]  # fmt: skip

LISTS_AND_PATHS = [
    *(
        listing(f"{path} {name}", f"{path}?{query}", query.partition("=")[0], limit)
        for path in ("/runs", "/models", "/tasks", "/tasks/digits/active-model/history")
        for name, query, limit in [
            ("limit 0", "limit=0", "1"), ("limit 501", "limit=501", "500"), ("limit is text", "limit=all", None),
            ("cursor -1", "cursor=-1", "0"), ("cursor abc", "cursor=abc", None),
            ("cursor 2**64", f"cursor={2**64}", str(2**53)),
        ]
    ),
    *(
        listing(f"{path} {name}", f"{path}?{query}", query.partition("=")[0])
        for path in ("/runs", "/models", "/events")
        for name, query in [
            ("limit with underscore", "limit=1_0"), ("limit with sign", "limit=%2B1"), ("limit 1.5", "limit=1.5"),
            ("limit with space", "limit=%201"), ("limit empty", "limit="), ("limit of other digits", "limit=%D9%A1"),
            ("limit twice", "limit=1&limit=2"), ("cursor twice", "cursor=1&cursor=1"), ("cursor 1e3", "cursor=1e3"),
            ("cursor NUL", "cursor=%00"), ("limit of 5,000 digits", f"limit={'1' * 5000}"), ("limit NaN", "limit=nan"),
        ]
    ),
    listing("first_epoch with sign", "/runs/r-x/curves.svg?first_epoch=%2B1", "first_epoch"),
    listing("runs twice", "/compare?runs=a&runs=b", "runs"),
    listing("unknown status", "/runs?status=sleeping", "status", "queued"),
    listing("task with NUL", "/runs?task=%00", "task"),
    listing("dataset with invalid UTF-8", "/runs?dataset=%ff", "dataset"),
    listing("tag with NUL", "/runs?tag=a%00", "tag"),
    *(listing(f"{path}: search with NUL", f"{path}?q=%00", "q") for path in ("/runs", "/runs/rows", "/models")),
    listing("task too long", f"/models?task={'x' * 65}", "task", "64"),
    Bad("PUT /tasks", "/tasks", body={}, method="PUT", status=405),
    Bad("PUT /runs", "/runs", body={}, method="PUT", status=405),
    Bad("DELETE /models", "/models", method="DELETE", status=405),
    *(
        Bad(f"unknown route {method} {path}", path, method=method, status=404, says=path)
        for method, path in [("GET", "/nothing"), ("POST", "/nothing"), ("GET", "/predict/more"), ("GET", "/runs/x/y"),
                             ("DELETE", "/api/v1")]
    ),
    *(
        Bad(f"no such thing: {path}", path, method=method, status=404, says=says)
        for method, path, says in [
            ("GET", "/runs/r-nobody", "r-nobody"), ("GET", "/runs/r-nobody/history", "r-nobody"),
            ("GET", "/runs/r-nobody/events", "r-nobody"), ("POST", "/runs/r-nobody/cancel", "r-nobody"),
            ("POST", "/runs/r-nobody/retry", "r-nobody"), ("GET", "/models/m-nobody", "m-nobody"),
            ("GET", "/models/m-nobody/archive", "m-nobody"), ("GET", "/tasks/horoscope", NAMES),
            ("GET", "/tasks/horoscope/active-model/history", NAMES),
        ]
    ),
    *(
        Bad(f"odd id: {method} {path}{suffix}", f"{path}{suffix}", method=method, at=at)
        for method, path, suffix, at in [
            ("GET", "/runs/%00", "", "run_id"), ("GET", "/runs/%00", "/events", "run_id"),
            ("POST", "/runs/%00", "/cancel", "run_id"), ("POST", "/runs/%00", "/retry", "run_id"),
            ("GET", f"/runs/{'r' * 65}", "", "run_id"), ("GET", f"/models/{'m' * 65}", "/archive", "model_id"),
            ("GET", "/models/%00", "", "model_id"), ("GET", "/models/a%20b", "", "model_id"),
            ("GET", "/tasks/%ff", "", "task"), ("GET", "/models/m;x", "", "model_id"),
            ("GET", "/runs/%ed%a0%80", "", "run_id"), ("GET", "/models/%ed%a0%80", "/archive", "model_id"),
            ("GET", f"/runs/{'%00' * 500}", "", "run_id"), ("GET", "/runs/%0a", "/history", "run_id"),
            ("GET", "/tasks/%c3%a9", "/active-model/history", "task"), ("GET", "/models/m%25", "", "model_id"),
        ]
    ),
    Bad("odd id: a coded slash", "/runs", target=b"/runs/a%2Fb/history", method="GET", status=404),
    Bad("odd id: dots", "/runs", target=b"/runs/..", method="GET", at="run_id"),
    Bad("odd id: coded dots", "/runs", target=b"/models/%2e%2e/archive", method="GET", at="model_id"),
    Bad("odd id: a path out", "/runs", target=b"/models/..%2f..%2fetc%2fpasswd", method="GET", status=404),
    Bad("no route: dots", "/runs", target=b"/runs/../../etc/passwd", method="GET", status=404),
    Bad("activate: unknown model", "/tasks/digits/active-model", {"model_id": "m-nobody"}, method="PUT", status=404,
        says="m-nobody"),
    Bad("activate: unknown task", "/tasks/horoscope/active-model", {"model_id": "<digits>"}, method="PUT", status=404,
        says=NAMES),
    Bad("activate: another task's model", "/tasks/sentiment/active-model", {"model_id": "<digits>"}, method="PUT",
        at="model_id", limit="digits"),
    Bad("activate: a path", "/tasks/digits/active-model", {"model_id": "../digits"}, method="PUT", at="model_id"),
    Bad("activate: a number", "/tasks/digits/active-model", {"model_id": 1}, method="PUT", at="model_id"),
    Bad("activate: no model", "/tasks/digits/active-model", {}, method="PUT", at="model_id"),
    Bad("activate: unknown field", "/tasks/digits/active-model", {"model_id": "<digits>", "force": True}, method="PUT",
        at="force"),
    Bad("activate: text/plain", "/tasks/digits/active-model", {"model_id": "<digits>"}, method="PUT", status=415,
        headers=content_type(b"text/plain")),
]  # fmt: skip

CASES = [*PREDICT, *TRAIN, *BODIES, *LISTS_AND_PATHS]


@dataclass
class Served:
    """An application that all cases share: they change nothing, which is what they test."""

    database: Database
    client: httpx.Client
    small: httpx.Client  # of an application that takes bodies of 1 MiB only
    digits: str  # id of the model of that task

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.database.read() as tx:
            return {
                name: tx.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One migrated database with a model per task, served with and without a small body limit."""
    folder = tmp_path_factory.mktemp("bad-input")
    settings = settings_in(folder)
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    store = ArtifactStore(settings.models_dir)
    digits = {task: add_model(database, store, task) for task in TASKS.all}["digits"].id
    server = LiveServer(create_app(settings))
    small = LiveServer(create_app(settings.model_copy(update={"max_body_mib": 1})))
    yield Served(database, server.client, small.client, digits)
    for running in (server, small):
        running.close()
    database.close()


def send(client: httpx.Client, case: Bad, digits: str) -> httpx.Response:
    """The request as it stands; JSON goes out with NaN and lone surrogates, as careless clients send them."""
    content = case.content
    if content is None and case.body is not None:
        content = json.dumps(case.body).replace("<digits>", digits).encode()
    extensions = {"target": case.target} if case.target else {}
    return client.request(case.method, case.path, content=content, headers=case.headers, extensions=extensions)


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The parts that every problem document has; returns the document."""
    assert status == answer.status_code, answer.text[:2000]
    assert "application/problem+json" == answer.headers["content-type"]
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "request_id", "errors"} == set(problem)
    assert problem["type"].startswith("urn:densely:problem:")
    assert status == problem["status"]
    assert answer.headers["x-request-id"] == problem["request_id"]
    assert problem["title"]
    assert problem["detail"]
    for error in problem["errors"]:
        assert {"field", "message"} == set(error)
        assert "Value error" not in error["message"], "Pydantic's own words"
    return problem


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_request_is_refused_and_changes_nothing(served: Served, case: Bad) -> None:
    """A 4xx problem document names the field at fault and its limit; no table has a row more or less."""
    before = served.rows()

    answer = send(served.client, case, served.digits)

    problem = check_problem(answer, case.status)
    assert case.says in problem["detail"]
    if case.at is not None:
        messages = [error["message"] for error in problem["errors"] if error["field"] == case.at]
        assert messages, f"{case.at} is not among {problem['errors'][:5]}"
        # As a whole: the limit 1 is not to be found in a 100.
        assert any(re.search(rf"(?<!\w){re.escape(case.limit or '')}(?!\d)", m) for m in messages), messages
    if case.status == 405:
        assert answer.headers["allow"]
    assert before == served.rows()


def test_the_405_says_what_is_allowed(served: Served) -> None:
    assert "POST" == served.client.get("/predict").headers["allow"]
    assert "GET, HEAD" == served.client.post("/models", json={}).headers["allow"]
    assert "GET, HEAD, POST" == served.client.put("/tasks", json={}).headers["allow"]
    assert "DELETE, GET, HEAD, PATCH" == served.client.post("/tasks/planar", json={}).headers["allow"]


@pytest.mark.parametrize("path", ["/predict", "/train"])
@pytest.mark.parametrize("way", ["content-length", "chunked"])
def test_a_body_over_the_limit_is_refused(served: Served, path: str, way: str) -> None:
    """413 names the limit, whether the size was announced or only found out while reading."""
    before = served.rows()
    body = json.dumps({**REVIEW, "text": "x" * (2 * MIB)}).encode()
    parts = (body[i : i + 65_536] for i in range(0, len(body), 65_536))

    answer = served.small.post(path, content=body if way == "content-length" else parts, headers=JSON)

    problem = check_problem(answer, 413)
    assert [{"field": "body", "message": "the body is larger than 1 MiB"}] == problem["errors"]
    assert before == served.rows()


def test_a_body_up_to_the_limit_is_read(served: Served) -> None:
    """One MiB exactly is no error of size; one byte more is."""
    body = json.dumps(REVIEW).encode()

    assert 200 == served.small.post("/predict", content=body.ljust(MIB), headers=JSON).status_code
    assert 413 == served.small.post("/predict", content=body.ljust(MIB + 1), headers=JSON).status_code


def test_a_connection_goes_on_after_a_refusal(served: Served) -> None:
    """A refused request spoils nothing for the next one on the same connection."""
    for case in CASES[:: len(CASES) // 20]:
        send(served.client, case, served.digits)

        answer = served.client.post("/predict", json=REVIEW)

        assert 200 == answer.status_code, case.name
        assert {"task", "model", "prediction"} == set(answer.json())


def test_every_task_still_answers_after_the_whole_table(served: Served) -> None:
    """Runs last in this file, when every case above has been sent."""
    for name, task in TASKS.all.items():
        assert 200 == served.client.post("/predict", json={"task": name, **task.example}).status_code
    assert 202 == served.client.post("/train", json=GOOD_TRAIN).status_code


MANY = {
    "/train": {"task": "housing", "dataset": "sample", "recipe": {"layers": [{"kind": "none"}] * 30_000}},
    "/tasks": {"name": "mine", "kind": {"kind": "table", "columns": [{"nam": "a"}] * 30_000}},
    "/tasks/sentiment/encode": {"text": [[]] * 300_000},
    "/tasks/sentiment/decode": {"ids": [{}] * 200_000},
}


@pytest.mark.parametrize("path", MANY)
def test_more_values_than_anybody_needs_are_refused_with_their_limit(client: httpx.Client, path: str) -> None:
    """To make them, and to tell each mistake among them, would hold up everybody else for up to seconds."""
    answer = client.post(path, json=MANY[path])

    assert 413 == answer.status_code
    (error,) = answer.json()["errors"]
    assert "body" == error["field"]
    assert error["message"].startswith("holds more than ")
