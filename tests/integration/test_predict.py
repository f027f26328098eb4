"""`/predict` over HTTP."""

import json
import threading
from typing import Any

import httpx
import pytest

from app.api.contracts import MAX_INSTANCES, contract_of
from app.api.routes.predict import MOST_EXPLAINED
from app.artifacts.store import WEIGHTS, ArtifactStore
from app.db.engine import Database
from app.main import create_app
from app.server.direct import INLINE_BODY_BYTES
from app.settings import Settings
from tests.support.artifacts import add_model
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

Examples = dict[str, dict[str, Any]]

# Three inputs per task that differ from each other.
INPUTS: dict[str, list[dict[str, Any]]] = {
    "digits": [{"pixels": [(n * place) % 256 for place in range(784)]} for n in (0, 1, 7)],
    "housing": [
        {"features": {**TASKS.get("housing").example["features"], "RM": rooms, "LSTAT": 30 - rooms}}
        for rooms in (3.0, 6.5, 9.0)
    ],
    "newswire": [
        {"text": "Wheat and maize exports rose.", "title": "GRAIN SHIPMENTS"},
        {"text": "The central bank raised its discount rate."},
        {"text": "Net profit per share was higher in the quarter.", "title": None},
    ],
    "planar": [{"point": point} for point in ([0.3, -1.2], [-2, 0.5], [1000.0, -1000.0])],
    "sentiment": [{"text": "A wonderful film."}, {"text": "Dull, bad and far too long!"}, {"text": "Zxqv."}],
}


def ask(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/predict", json=body)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf by its path."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, part in parts for k, v in flat(part, f"{path}.{key}").items()}
    return {path: value}


def near(value: Any) -> Any:
    """Equal but for the last of six decimals: NumPy adds up one row in another order than many."""
    leaves = flat(value)
    return {k: pytest.approx(v, abs=2e-6, rel=1e-5) if isinstance(v, float) else v for k, v in leaves.items()}


# One text as programs send it: apostrophes, quotes, dashes, blanks, entities, soft hyphens, letters apart.
TYPED = [
    'I wasn\'t amused: "a caf\u00e9 - well made, a film..."',
    "I wasn’t amused: “a caf\u00e9 — well made, a film…”",
    "\ufeffI\u00a0wasn&#39;t am\u00adused: &quot;a caf&eacute; &ndash; well\u2011made, a\u200b film&hellip;&quot;",
    "I wasn\u02bct amused: «a cafe\u0301 – well made, a ﬁlm»",
    "<p>I wasn&amp;#39;t amused: <i>a café</i> ‒ ｗｅｌｌ made,<br />a film</p>",
]


@pytest.mark.parametrize(("task", "field"), [("sentiment", "text"), ("newswire", "text"), ("newswire", "title")])
def test_a_text_is_answered_the_same_however_it_was_typed(client: httpx.Client, task: str, field: str) -> None:
    """Alone, among many, explained and encoded; an explanation's places are those of the text as it was sent."""
    texts = [{"text": "film", field: text} for text in TYPED]

    for answers in (
        [ask(client, task=task, **text)["prediction"] for text in texts],
        ask(client, task=task, instances=texts * 4)["predictions"],
        [client.post(f"/tasks/{task}/encode", json=text).json()["encoding"] for text in texts],
    ):
        assert all(near(answer) == flat(answers[0]) for answer in answers)
    expected = ["i", "wasn't", "amused", "a", "café", "well", "made", "a", "film"]
    for text in texts:
        words = ask(client, task=task, explain=True, **text)["prediction"]["explanation"]["words"]
        found = [word for word in words if word["field"] == field]
        assert expected == [word["word"] for word in found]
        for word in found:
            alone = client.post(f"/tasks/{task}/encode", json={"text": text[field][word["start"] : word["end"]]}).json()
            assert [word["word"]] == [one["word"] for one in alone["encoding"]["words"]]


def test_every_task_has_inputs_here() -> None:
    assert set(TASKS.all) == set(INPUTS)


def test_every_task_answers_its_own_example(client: httpx.Client, examples: dict[str, dict[str, Any]]) -> None:
    for name, body in examples.items():
        answer = client.post("/predict", json=body)

        assert 200 == answer.status_code, answer.text
        assert name == answer.json()["task"]


def test_one_by_one_and_together_give_the_same_answers_in_order(client: httpx.Client) -> None:
    for name, inputs in INPUTS.items():
        single = [ask(client, task=name, **one) for one in inputs]

        batch = ask(client, task=name, instances=inputs)
        reverse = ask(client, task=name, instances=inputs[::-1])

        assert {"task", "model", "predictions"} == set(batch)
        assert single[0]["model"] == batch["model"]
        answers = [answer["prediction"] for answer in single]
        assert len(answers) == len({json.dumps(answer) for answer in answers}), f"{name}: the order would not show"
        assert near(answers) == flat(batch["predictions"])
        assert near(answers[::-1]) == flat(reverse["predictions"])


def test_answers_have_the_documented_form(client: httpx.Client, examples: Examples) -> None:
    """No field is missing, none is there that the response model and the OpenAPI description do not name."""
    description = client.get("/openapi.json").json()
    schema = description["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    documented = {form["$ref"].rpartition("/")[2] for form in schema["anyOf"]}
    for name, body in examples.items():
        contract = contract_of(TASKS.get(name))
        single, batch = ask(client, **body), ask(client, task=name, instances=INPUTS[name])
        for form, answer in [(contract.single_response, single), (contract.batch_response, batch)]:
            assert answer == form.model_validate(answer).model_dump(mode="json")
            assert form.__name__ in documented
            assert set(description["components"]["schemas"][form.__name__]["properties"]) == set(answer)


def test_probabilities_belong_to_their_labels(client: httpx.Client, examples: Examples) -> None:
    review = ask(client, **examples["sentiment"])["prediction"]
    assert review["probabilities"][review["label"]] == review["probability"] == max(review["probabilities"].values())
    assert pytest.approx(1, abs=1e-5) == sum(review["probabilities"].values())
    assert 0 < review["known_words"] <= 1

    digit = ask(client, **examples["digits"])["prediction"]
    assert digit["probabilities"][digit["label"]] == digit["probability"] == max(digit["probabilities"])
    assert (10, pytest.approx(1, abs=1e-5)) == (len(digit["probabilities"]), sum(digit["probabilities"]))

    for top_k in (1, 3, 100):
        story = ask(client, **examples["newswire"], top_k=top_k)["prediction"]
        scores = [topic["probability"] for topic in story["top"]]
        assert sorted(scores, reverse=True) == scores
        assert {"label": story["label"], "probability": story["probability"]} == story["top"][0]
        assert min(top_k, 8) == len(story["top"])  # the sample has 8 topics


def test_words_that_the_model_does_not_know_are_told(client: httpx.Client) -> None:
    assert 0 == ask(client, task="sentiment", text="zxqv qqkk")["prediction"]["known_words"]
    assert 0.5 == ask(client, task="sentiment", text="zxqv film")["prediction"]["known_words"]


def test_pixels_may_come_as_a_row_or_as_a_grid(client: httpx.Client) -> None:
    row = INPUTS["digits"][2]["pixels"]
    grid = [row[i : i + 28] for i in range(0, 784, 28)]

    assert ask(client, task="digits", pixels=row) == ask(client, task="digits", pixels=grid)
    both = ask(client, task="digits", instances=[{"pixels": row}, {"pixels": grid}])["predictions"]
    assert both[0] == both[1]


def test_a_model_is_chosen_by_version_or_id(
    client: httpx.Client, database: Database, store: ArtifactStore, examples: Examples
) -> None:
    """The active one answers unless another is named; naming one changes nothing for the others."""
    other = add_model(database, store, "housing", active=False, seed=99)
    body = examples["housing"]
    active = ask(client, **body)

    by_id = ask(client, **body, model=other.id)

    assert {"id": other.id, "version": 2} == by_id["model"]
    assert active["prediction"] != by_id["prediction"]
    assert by_id == ask(client, **body, model=2)
    assert by_id == ask(client, **body, model=other.id)  # from memory now
    assert active == ask(client, **body, model="active") == ask(client, **body, model=1)
    assert active == ask(client, **body, model=active["model"]["id"]) == ask(client, **body)
    batch = ask(client, task="housing", instances=INPUTS["housing"], model=2)
    assert {"id": other.id, "version": 2} == batch["model"]


def test_a_large_body_takes_the_way_through_a_thread(
    client: httpx.Client, settings: Settings, examples: Examples
) -> None:
    """In place up to INLINE_BODY_BYTES bytes, in a thread above it, and the answer is the same."""
    app = create_app(settings)
    prediction, threads = app.api.state.services.prediction, []
    find = prediction.find_active

    def find_active(task: str) -> Any:
        threads.append(threading.get_ident())
        return find(task)

    prediction.find_active = find_active
    server = LiveServer(app)
    try:
        for body in examples.values():
            small = json.dumps(body).encode()
            assert len(small) < INLINE_BODY_BYTES
            sent = [
                small,
                small.ljust(INLINE_BODY_BYTES),
                small.ljust(INLINE_BODY_BYTES + 1),
                small.ljust(10 * INLINE_BODY_BYTES),
            ]
            headers = {"Content-Type": "application/json"}
            answers, asked = [], []
            for content in sent:
                threads.clear()
                answers.append(server.client.post("/predict", content=content, headers=headers))
                asked.append(set(threads))

            assert [200] * 4 == [answer.status_code for answer in answers]
            assert 1 == len({answer.content for answer in answers})
            (loop,) = asked[0]
            assert [True, True, False, False] == [found == {loop} for found in asked]
    finally:
        server.close()


def test_the_largest_batch_is_answered_in_order(client: httpx.Client) -> None:
    instances = [INPUTS["sentiment"][n % 3] for n in range(MAX_INSTANCES)]

    predictions = ask(client, task="sentiment", instances=instances)["predictions"]

    first = ask(client, task="sentiment", instances=instances[:3])["predictions"]
    assert near(first * (MAX_INSTANCES // 3) + first[:1]) == flat(predictions)


@pytest.mark.parametrize("task", INPUTS)
def test_a_toy_says_so_with_each_of_its_answers(
    client_for: Any, settings: Settings, database: Database, store: ArtifactStore, task: str
) -> None:
    """One by one, together and with a model by its number; a model of real data says nothing of the kind."""

    def told(prediction: dict[str, Any]) -> list[str]:
        return [one["message"] for one in prediction["warnings"] if one["field"] == "model"]

    add_model(database, store, task)
    toy = add_model(database, store, task, is_sample=True)
    client: httpx.Client = client_for(settings)
    for body in INPUTS[task]:
        found = ask(client, task=task, **body)
        assert toy.id == found["model"]["id"]
        assert ["bundled sample, not on real data" in message for message in told(found["prediction"])] == [True]
        assert [] == told(ask(client, task=task, **body, model=1)["prediction"])
    together = ask(client, task=task, instances=INPUTS[task])["predictions"]
    assert [1] * len(INPUTS[task]) == [len(told(one)) for one in together]
    assert client.get(f"/tasks/{task}").json()["active_model"]["dataset_is_sample"]


def test_a_task_without_an_active_model_is_out_of_service(
    client_for: Any, settings: Settings, database: Database, store: ArtifactStore, clock: Any
) -> None:
    """503 says when to come back and what is missing; the other tasks answer."""
    for task in TASKS.all:
        add_model(database, store, task, active=task != "digits")
    client: httpx.Client = client_for(settings)

    answer = client.post("/predict", json={"task": "digits", **TASKS.get("digits").example})

    assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "no active model" in answer.json()["detail"]
    for name in set(TASKS.all) - {"digits"}:
        ask(client, task=name, **TASKS.get(name).example)
    ask(client, task="digits", **TASKS.get("digits").example, model=1)  # it is there, only not active


@pytest.mark.parametrize("broken", ["weights.npz", "preprocessing.json", "manifest.json"])
def test_a_damaged_artifact_takes_only_its_own_task_out_of_service(
    client_for: Any, settings: Settings, database: Database, store: ArtifactStore, broken: str
) -> None:
    """One flipped bit, on `/predict` and in `/health/ready`; the others answer as ever."""
    damaged = {task: add_model(database, store, task) for task in TASKS.all}["sentiment"]
    path = store.path("sentiment", damaged.id) / broken
    content = bytearray(path.read_bytes())
    content[0 if broken == "manifest.json" else len(content) // 2] ^= 1
    path.write_bytes(content)
    client: httpx.Client = client_for(settings)

    for asked in ("active", 1, damaged.id):
        answer = client.post("/predict", json={"task": "sentiment", "text": "Good.", "model": asked})

        assert 503 == answer.status_code
        assert "retry-after" in answer.headers
        assert damaged.id in answer.json()["detail"]
        assert asked != "active" or "out of service" in answer.json()["detail"]
    for name in set(TASKS.all) - {"sentiment"}:
        ask(client, task=name, **TASKS.get(name).example)
    ready = client.get("/health/ready").json()
    assert ready["ready"]
    assert {name: "ready" for name in TASKS.all if name != "sentiment"} == {
        name: state for name, state in ready["tasks"].items() if name != "sentiment"
    }
    assert damaged.id in ready["tasks"]["sentiment"]


def test_weights_that_fit_their_checksum_and_not_the_layers_are_refused(
    client_for: Any, settings: Settings, database: Database, store: ArtifactStore
) -> None:
    """The files of another model under a manifest that vouches for them: still only this task is out of service."""
    for task in TASKS.all:
        add_model(database, store, task)
    housing = add_model(database, store, "housing")
    digits = next((store.root / "digits").iterdir())
    folder = store.path("housing", housing.id)
    (folder / WEIGHTS).write_bytes((digits / WEIGHTS).read_bytes())
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][WEIGHTS] = json.loads((digits / "manifest.json").read_text())["files"][WEIGHTS]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    client: httpx.Client = client_for(settings)

    answer = client.post("/predict", json={"task": "housing", **TASKS.get("housing").example})

    assert 503 == answer.status_code
    assert "shape" in answer.json()["detail"]
    ask(client, task="digits", **TASKS.get("digits").example)


def test_what_is_too_long_to_be_explained_is_refused_and_answered_without(client: httpx.Client) -> None:
    """An explanation of words is a hundred times as long as they are."""
    body = {"task": "sentiment", "instances": [{"text": "good " * 1800} for _ in range(30)]}
    assert len(json.dumps(body)) > MOST_EXPLAINED

    refused = client.post("/predict", json={**body, "explain": True})

    assert 422 == refused.status_code
    assert [{"field": "explain", "message": "is for bodies of up to 256 KiB"}] == refused.json()["errors"]
    assert 30 == len(ask(client, **body)["predictions"])
