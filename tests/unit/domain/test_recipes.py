"""Recipes: their limits, what goes together, patches, parameter counts."""

import json
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.optimizers import SGD, Adam, Optimizer, RMSprop
from app.domain.recipes import (
    HEADS,
    Activation,
    Dense,
    Dropout,
    EarlyStopping,
    Features,
    Flatten,
    HeadName,
    Holdout,
    KFold,
    Layer,
    LossName,
    NoValidation,
    Preset,
    Recipe,
    RecipePatch,
    Validation,
)
from app.domain.tables import Standardized
from app.domain.texts import MultiHot
from tests.support.counted import parameters_of
from tests.support.tasks import TASKS

PRESETS = [
    pytest.param(preset, id=f"{task.name}-{name}")
    for task in TASKS.all.values()
    for name, preset in task.presets.items()
]

VALID: dict[str, Any] = {
    "features": {"kind": "multi_hot", "words": 10_000},
    "layers": [{"kind": "dense", "units": 16}, {"kind": "dropout", "rate": 0.5}],
    "head": "binary",
    "loss": "binary_crossentropy",
    "optimizer": {"kind": "rmsprop"},
    "epochs": 4,
    "batch_size": 512,
}


@pytest.fixture
def recipe() -> Recipe:
    return Recipe.model_validate(VALID)


def refused(kind: Any, given: Any) -> list[tuple[str, str]]:
    """What is refused of `given`: the last part of the place, and the type of error."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    return [(str((error["loc"] or ("",))[-1]), error["type"]) for error in caught.value.errors()]


@pytest.mark.parametrize("units", [0, -1, 8193, 10**9])
def test_units_have_limits(units: int) -> None:
    expected = "greater_than_equal" if units < 1 else "less_than_equal"

    assert [("units", expected)] == refused(Layer, {"kind": "dense", "units": units})


@pytest.mark.parametrize(("name", "most"), [("epochs", 10_000), ("batch_size", 65_536)])
@pytest.mark.parametrize("form", [Recipe, RecipePatch])
def test_epochs_and_batch_size_have_limits(form: type[Recipe | RecipePatch], name: str, most: int) -> None:
    """A patch has the limits of the recipe that it changes."""
    assert [(name, "greater_than_equal")] == refused(form, {**VALID, name: 0})
    assert [(name, "less_than_equal")] == refused(form, {**VALID, name: 10**9})
    assert [(name, "less_than_equal")] == refused(form, {**VALID, name: most + 1})
    assert most == getattr(form.model_validate({**VALID, name: most}), name)
    assert 1 == getattr(form.model_validate({**VALID, name: 1}), name)


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, 10**9])
def test_dropout_keeps_some_inputs_and_drops_no_less_than_none(rate: float) -> None:
    assert ["rate"] == [place for place, _ in refused(Layer, {"kind": "dropout", "rate": rate})]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        (Layer, {"kind": "dropout"}, "rate"),
        (Layer, {"kind": "dense", "units": 1}, "l1"),
        (Layer, {"kind": "dense", "units": 1}, "l2"),
        (Optimizer, {"kind": "rmsprop"}, "learning_rate"),
        (Optimizer, {"kind": "rmsprop"}, "rho"),
        (Optimizer, {"kind": "adam"}, "beta_1"),
        (Optimizer, {"kind": "adam"}, "beta_2"),
        (Optimizer, {"kind": "sgd"}, "momentum"),
    ],
)
def test_what_is_no_finite_number_is_refused(kind: Any, given: dict[str, Any], name: str, value: float) -> None:
    assert [(name, "finite_number")] == refused(kind, {**given, name: value})


@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        (Recipe, VALID, "epochs"),
        (RecipePatch, VALID, "batch_size"),
        (Layer, {"kind": "dense"}, "units"),
        (Layer, {"kind": "dropout"}, "rate"),
        (Optimizer, {"kind": "adam"}, "learning_rate"),
        (Features, {"kind": "multi_hot"}, "words"),
        (Validation, {"kind": "holdout"}, "size"),
        (Validation, {"kind": "kfold"}, "folds"),
        (EarlyStopping, {}, "patience"),
    ],
)
@pytest.mark.parametrize("value", ["4", True, [4]])
def test_only_a_number_is_a_number(kind: Any, given: dict[str, Any], name: str, value: object) -> None:
    """Text, truth values and lists are not converted."""
    assert [name] == [place for place, _ in refused(kind, {**given, name: value})]


@pytest.mark.parametrize("kind", [Layer, Features, Optimizer, Validation])
@pytest.mark.parametrize("name", ["lstm", "Dense", "", None, 1, ["dense"]])
def test_unknown_kinds_are_refused(kind: Any, name: object) -> None:
    assert ["union_tag_invalid"] == [error for _, error in refused(kind, {"kind": name})]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Recipe, VALID),
        (RecipePatch, {}),
        (Layer, {"kind": "dense", "units": 1}),
        (Layer, {"kind": "dropout", "rate": 0.5}),
        (Layer, {"kind": "flatten"}),
        (Features, {"kind": "multi_hot"}),
        (Features, {"kind": "pixels"}),
        (Features, {"kind": "standardized"}),
        (Features, {"kind": "raw"}),
        (Features, {"kind": "coordinates"}),
        (Optimizer, {"kind": "rmsprop"}),
        (Optimizer, {"kind": "adam"}),
        (Optimizer, {"kind": "sgd"}),
        (Validation, {"kind": "none"}),
        (Validation, {"kind": "holdout", "size": 1}),
        (Validation, {"kind": "kfold", "folds": 2}),
        (EarlyStopping, {}),
    ],
)
def test_unknown_fields_are_refused(kind: Any, given: dict[str, Any]) -> None:
    """A misspelt field must not silently leave the default in place."""
    TypeAdapter(kind).validate_python(given)

    assert [("unitz", "extra_forbidden")] == refused(kind, {**given, "unitz": 1})


@pytest.mark.parametrize("missing", sorted(VALID))
def test_a_recipe_is_whole(missing: str) -> None:
    assert [(missing, "missing")] == refused(Recipe, {k: v for k, v in VALID.items() if k != missing})


def test_more_than_sixteen_layers_are_refused() -> None:
    layers = [{"kind": "flatten"}] * 17

    assert [("layers", "too_long")] == refused(Recipe, {**VALID, "layers": layers})
    assert 16 == len(Recipe.model_validate({**VALID, "layers": layers[:16]}).layers)


@pytest.mark.parametrize("words", [4, 100_001, 10**9])
def test_word_ids_have_limits(words: int) -> None:
    """Ids 0 to 3 are reserved: fewer than five leave no word."""
    assert ["words"] == [place for place, _ in refused(Features, {"kind": "multi_hot", "words": words})]


@pytest.mark.parametrize("learning_rate", [0, -0.001, 10.1])
@pytest.mark.parametrize("kind", ["rmsprop", "adam", "sgd"])
def test_learning_rates_have_limits(kind: str, learning_rate: float) -> None:
    given = {"kind": kind, "learning_rate": learning_rate}

    assert ["learning_rate"] == [place for place, _ in refused(Optimizer, given)]


@pytest.mark.parametrize("given", [{"kind": "holdout", "size": 0}, {"kind": "kfold", "folds": 1}])
def test_a_validation_holds_something_out(given: dict[str, Any]) -> None:
    assert ["greater_than_equal"] == [error for _, error in refused(Validation, given)]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "loss", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mse", "mae"]
)
def test_a_loss_that_does_not_fit_the_head_is_refused(head: HeadName, loss: LossName) -> None:
    given = {**VALID, "head": head, "loss": loss}

    if loss in HEADS[head].losses:
        assert loss == Recipe.model_validate(given).loss
    else:
        assert [("loss", "value_error")] == refused(Recipe, given)


def test_heads_and_losses_are_those_of_the_design() -> None:
    expected = {
        "binary": ("sigmoid", {"binary_crossentropy", "mse"}),
        "multiclass": ("softmax", {"categorical_crossentropy", "sparse_categorical_crossentropy"}),
        "multilabel": ("sigmoid", {"binary_crossentropy"}),
        "regression": ("linear", {"mse", "mae"}),
        "unit_regression": ("sigmoid", {"mse", "binary_crossentropy"}),
    }

    assert expected == {name: (head.activation, set(head.losses)) for name, head in HEADS.items()}
    assert set(get_args(HeadName)) == set(HEADS)


def test_heads_have_their_figures_and_units() -> None:
    """The figure by which models are compared, whether more of it is better, and whether each label has a unit."""
    expected = {
        "binary": ("accuracy", True, False),
        "multiclass": ("accuracy", True, True),
        "multilabel": ("f1", True, True),
        "regression": ("mae", False, False),
        "unit_regression": ("mae", False, False),
    }

    assert expected == {n: (h.metric, h.higher_is_better, h.unit_per_label) for n, h in HEADS.items()}


@pytest.mark.parametrize(
    ("head", "loss"),
    [
        ("binary", "binary_crossentropy"),
        ("multiclass", "sparse_categorical_crossentropy"),
        ("multilabel", "binary_crossentropy"),
        ("regression", "mse"),
        ("unit_regression", "mse"),
    ],
)
def test_a_patch_with_a_head_alone_is_a_whole_recipe(head: HeadName, loss: LossName) -> None:
    """The loss is then the head's first."""
    other: HeadName = "regression" if head != "regression" else "binary"
    recipe = Recipe.model_validate({**VALID, "head": other, "loss": HEADS[other].losses[0]})
    patched = RecipePatch(head=head).apply(recipe)

    assert (head, loss, HEADS[head].metric) == (patched.head, patched.loss, patched.metric)
    assert recipe.layers == patched.layers


@pytest.mark.parametrize("name", ["multi_label", "Binary", "softmax", "", None, 1])
def test_unknown_heads_are_refused(name: object) -> None:
    assert "head" in [place for place, _ in refused(Recipe, {**VALID, "head": name})]


@pytest.mark.parametrize("name", get_args(Activation))
def test_a_layer_takes_each_activation(name: str) -> None:
    layer = Dense.model_validate({"kind": "dense", "units": 4, "activation": name})

    assert name == layer.activation
    assert layer == Dense.model_validate_json(layer.model_dump_json())


@pytest.mark.parametrize("name", ["RELU", "swish", "threshold", "glu", "sparsemax", "", None, 1, "__import__"])
def test_unknown_activations_are_refused(name: object) -> None:
    """Those of Keras that are left out are named in the domain, with the reason."""
    assert ["activation"] == [place for place, _ in refused(Layer, {"kind": "dense", "units": 1, "activation": name})]


@pytest.mark.parametrize(
    ("head", "loss", "monitor", "fits"),
    [
        ("binary", "mse", "val_accuracy", True),
        ("binary", "mse", "val_mae", False),
        ("regression", "mse", "val_mae", True),
        ("regression", "mse", "val_accuracy", False),
        ("regression", "mse", "val_loss", True),
        ("binary", "mse", "loss", True),
        ("multiclass", "categorical_crossentropy", "val_accuracy", True),
        ("multiclass", "categorical_crossentropy", "val_f1", False),
        ("multilabel", "binary_crossentropy", "val_f1", True),
        ("multilabel", "binary_crossentropy", "val_loss", True),
        ("multilabel", "binary_crossentropy", "loss", True),
        ("multilabel", "binary_crossentropy", "val_accuracy", False),
        ("multilabel", "binary_crossentropy", "val_mae", False),
        ("unit_regression", "mse", "val_mae", True),
        ("unit_regression", "binary_crossentropy", "val_f1", False),
        ("unit_regression", "mse", "val_accuracy", False),
        ("binary", "mse", "val_f1", False),
        ("regression", "mse", "val_f1", False),
    ],
)
def test_early_stopping_watches_what_is_measured(head: str, loss: str, monitor: str, fits: bool) -> None:
    given = {**VALID, "head": head, "loss": loss, "early_stopping": {"monitor": monitor}}

    if fits:
        assert EarlyStopping.model_validate({"monitor": monitor}) == Recipe.model_validate(given).early_stopping
    else:
        with pytest.raises(ValidationError, match=f"monitor '{monitor}' is not measured"):
            Recipe.model_validate(given)


@pytest.mark.parametrize("preset", PRESETS)
def test_an_empty_patch_changes_nothing(preset: Preset) -> None:
    assert preset.recipe == RecipePatch().apply(preset.recipe)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("features", MultiHot(words=5_000)),
        ("layers", (Dense(units=8), Dropout(rate=0.5))),
        ("layers", ()),
        ("loss", "mse"),
        ("optimizer", Adam(learning_rate=0.01)),
        ("epochs", 20),
        ("batch_size", 1),
        ("early_stopping", EarlyStopping(patience=3)),
    ],
)
def test_a_patch_keeps_what_it_does_not_give(recipe: Recipe, name: str, value: object) -> None:
    expected = {**{field: getattr(recipe, field) for field in Recipe.model_fields}, name: value}
    patched = RecipePatch.model_validate({name: value}).apply(recipe)

    assert expected == {field: getattr(patched, field) for field in Recipe.model_fields}


@pytest.mark.parametrize("name", sorted(set(Recipe.model_fields) - {"early_stopping", "augmentation", "schedule"}))
def test_null_in_a_patch_replaces_nothing(recipe: Recipe, name: str) -> None:
    assert recipe == RecipePatch.model_validate({name: None}).apply(recipe)


def test_null_clears_early_stopping(recipe: Recipe) -> None:
    """The one field for which null is a value: a preset's early stopping can be switched off."""
    stopping = recipe.model_copy(update={"early_stopping": EarlyStopping()})

    assert stopping == RecipePatch().apply(stopping)
    assert recipe == RecipePatch.model_validate_json('{"early_stopping": null}').apply(stopping)


def test_a_patch_with_another_head_takes_that_heads_loss(recipe: Recipe) -> None:
    patched = RecipePatch(head="regression").apply(recipe)

    assert ("regression", "mse") == (patched.head, patched.loss)


def test_a_patch_with_the_same_head_keeps_the_loss() -> None:
    """What a patch leaves out stays as it is, here a loss that is not its head's first."""
    recipe = Recipe.model_validate({**VALID, "head": "multiclass", "loss": "categorical_crossentropy"})

    assert recipe == RecipePatch(head="multiclass").apply(recipe)


def test_a_patch_that_does_not_fit_is_refused(recipe: Recipe) -> None:
    with pytest.raises(ValidationError, match="does not fit the head 'binary'"):
        RecipePatch(loss="mae").apply(recipe)
    with pytest.raises(ValidationError, match="'val_mae' is not measured"):
        RecipePatch(early_stopping=EarlyStopping(monitor="val_mae")).apply(recipe)


@pytest.mark.parametrize(
    ("inputs", "units", "outputs", "parameters"),
    [
        (10_000, (16, 16), 1, 160_305),  # IMDB
        (10_000, (64, 64), 46, 647_214),  # Reuters
        (784, (512,), 10, 407_050),  # MNIST
        (784, (15,), 10, 11_935),
        (13, (64, 64), 1, 5_121),  # Boston
        (13, (), 1, 14),
        (10_000, (), 1, 10_001),  # logistic regression on IMDB
        (10_000, (), 46, 460_046),  # softmax regression on Reuters
        (784, (), 10, 7_850),  # and on MNIST
        (2, (), 1, 3),  # one neuron in the plane
    ],
)
def test_parameters_are_counted_as_in_the_notebooks(
    recipe: Recipe, inputs: int, units: tuple[int, ...], outputs: int, parameters: int
) -> None:
    layers = tuple(Dense(units=n) for n in units)

    assert parameters == parameters_of(recipe.model_copy(update={"layers": layers}), inputs, outputs)


def test_dropout_and_flatten_have_no_parameters(recipe: Recipe) -> None:
    layers = (Flatten(), Dense(units=15), Dropout(rate=0.2))

    assert 11_935 == parameters_of(recipe.model_copy(update={"layers": layers}), 784, 10)


@pytest.mark.parametrize(
    ("task", "name", "parameters"),
    [
        ("sentiment", "baseline", 160_305),
        ("sentiment", "overfit", 160_305),
        ("sentiment", "l2", 160_305),
        ("sentiment", "dropout", 160_305),
        ("sentiment", "small", 80_089),
        ("sentiment", "l2-dropout", 80_089),
        ("sentiment", "l1-64x3", 648_449),
        ("sentiment", "l2-64x3", 648_449),
        ("sentiment", "l2-64x3-final", 648_449),
        ("sentiment", "small-l2", 80_089),
        ("sentiment", "layers-1", 160_033),
        ("sentiment", "layers-3", 160_577),
        ("sentiment", "units-32", 321_121),
        ("sentiment", "units-64", 644_289),
        ("sentiment", "tanh", 160_305),
        ("digits", "nielsen", 11_935),
        ("digits", "nielsen-sigmoid", 11_935),
        ("newswire", "baseline", 647_214),
        ("newswire", "multilabel", 647_214),
        ("newswire", "overfit", 647_214),
        ("newswire", "layers-1", 643_054),
        ("newswire", "layers-3", 651_374),
        ("newswire", "units-32", 322_606),
        ("newswire", "units-128", 1_302_574),
        ("housing", "baseline", 5_121),
        ("housing", "raw", 5_121),
        ("housing", "deeper", 9_281),
        ("housing", "wider", 18_433),
        ("planar", "capacity-5", 21),
        ("planar", "perceptron", 3),
    ],
)
def test_presets_have_as_many_parameters_as_in_the_notebooks(task: str, name: str, parameters: int) -> None:
    owner = TASKS.get(task)
    recipe = owner.presets[name].recipe

    assert parameters == parameters_of(recipe, owner.input_width(recipe.features), owner.output_units(recipe.head))


@pytest.mark.parametrize(
    ("task", "head", "parameters"),
    [
        ("sentiment", "binary", 10_001),
        ("sentiment", "multiclass", 20_002),
        ("sentiment", "unit_regression", 10_001),
        ("newswire", "multiclass", 460_046),
        ("newswire", "multilabel", 460_046),
        ("digits", "multiclass", 7_850),
        ("housing", "regression", 14),
        ("planar", "binary", 3),
        ("planar", "multiclass", 6),
        ("planar", "unit_regression", 3),
    ],
)
def test_without_layers_a_recipe_is_a_linear_model(task: str, head: HeadName, parameters: int) -> None:
    """Logistic, softmax or linear regression: a weight for each input and output, and the biases."""
    owner = TASKS.get(task)
    recipe = RecipePatch(layers=(), head=head).apply(owner.presets["baseline"].recipe)

    assert head in owner.heads
    assert () == recipe.layers
    assert parameters == parameters_of(recipe, owner.input_width(recipe.features), owner.output_units(head))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_survive_json(preset: Preset) -> None:
    assert preset == Preset.model_validate_json(preset.model_dump_json())
    assert preset == Preset.model_validate(json.loads(preset.model_dump_json()))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_given_as_a_patch_is_the_preset(preset: Preset, recipe: Recipe) -> None:
    """What `GET /tasks/{task}` shows can be sent back as `recipe`."""
    patch = RecipePatch.model_validate_json(preset.recipe.model_dump_json())

    assert preset.recipe == patch.apply(recipe)


def test_lists_in_json_become_tuples() -> None:
    """Parts of a recipe can be compared and never change."""
    recipe = Recipe.model_validate_json(json.dumps({**VALID, "features": {"kind": "standardized", "exclude": ["B"]}}))

    assert (Dense(units=16), Dropout(rate=0.5)) == recipe.layers
    assert Standardized(exclude=("B",)) == recipe.features


def test_recipes_are_frozen(recipe: Recipe) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        recipe.epochs = 5  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        recipe.layers[0].units = 5  # type: ignore[misc, union-attr]


def test_defaults_are_those_of_keras() -> None:
    assert (0.001, 0.9) == (RMSprop().learning_rate, RMSprop().rho)
    assert (0.001, 0.9, 0.999) == (Adam().learning_rate, Adam().beta_1, Adam().beta_2)
    assert (0.01, 0.0, False) == (SGD().learning_rate, SGD().momentum, SGD().nesterov)


@pytest.mark.parametrize("validation", [NoValidation(), Holdout(size=10_000), KFold(folds=4)])
def test_validations_survive_json(validation: Validation) -> None:
    assert validation == TypeAdapter(Validation).validate_json(validation.model_dump_json())
