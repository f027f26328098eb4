"""`densely …` against the served application: what it prints, as text and as JSON, and its exit codes."""

import json
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

import app
from app.artifacts.store import ArtifactStore
from app.cli import checks
from app.db import workers
from app.db.engine import Database
from app.domain.recipes import Holdout
from app.domain.runs import Metrics
from app.settings import Settings
from tests.integration.cli.conftest import Densely, one_line, start
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.scripted import ScriptedServer, answer, problem

EPOCHS = [{"loss": 0.7, "accuracy": 0.5}, {"loss": 0.6, "accuracy": 0.6}]
KEY = "a-key-of-16-chars"


def test_predictions_of_each_task(densely: Densely, client: httpx.Client, examples: dict[str, Any]) -> None:
    words = {
        "sentiment": [examples["sentiment"]["text"]],
        "newswire": [examples["newswire"]["text"], "--field", f"title={examples['newswire']['title']}"],
        "digits": [json.dumps(examples["digits"]["pixels"])],
        "housing": [f"{name}={value}" for name, value in examples["housing"]["features"].items()],
        "planar": [",".join(map(str, examples["planar"]["point"]))],
    }
    assert set(examples) == set(words)
    for task, given in words.items():
        done = densely("predict", "--json", task, *given)
        told = client.post("/predict", json=examples[task]).json()

        assert (0, "") == (done.returncode, done.stderr)
        assert told["prediction"].items() <= json.loads(done.stdout).items()


def test_a_prediction_for_people(densely: Densely, client: httpx.Client) -> None:
    told = client.post("/predict", json={"task": "sentiment", "text": "superb"}).json()["prediction"]

    assert f"{told['label']}  {told['probability']:.3f}\n" == densely("predict", "sentiment", "superb").stdout


def test_a_json_object_is_the_fields_of_an_input_whatever_its_kind(
    densely: Densely, client: httpx.Client, examples: dict[str, Any]
) -> None:
    """Also with the task's name among them, as `POST /predict` takes it, and of a table the columns alone."""
    inputs = list(examples.items())
    inputs += [
        ("sentiment", {"task": "sentiment", **examples["sentiment"]}),
        ("housing", examples["housing"]["features"]),
    ]
    for task, given in inputs:
        done = densely("predict", "--json", task, json.dumps(given))
        told = client.post("/predict", json={"task": task, **examples[task]}).json()["prediction"]

        assert (0, "") == (done.returncode, done.stderr)
        assert told.items() <= json.loads(done.stdout).items()
    encoded = densely("encode", "--json", "sentiment", '{"text": "not bad"}')
    assert ["not", "bad"] == [each["word"] for each in json.loads(encoded.stdout)["encoding"]["words"]]


def test_a_text_may_begin_like_an_object(densely: Densely) -> None:
    assert 0 == densely("predict", "sentiment", "{superb} film").returncode


def test_a_file_is_answered_line_by_line(densely: Densely, client: httpx.Client, tmp_path: Path) -> None:
    """Objects and bare texts, empty lines left out; from a file to a file, or through."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "superb"}\n\n"a dull mess"\n{"task": "sentiment", "text": "fine"}\n', encoding="utf-8")
    body = {"task": "sentiment", "instances": [{"text": "superb"}, {"text": "a dull mess"}, {"text": "fine"}]}
    expected = [each["label"] for each in client.post("/predict", json=body).json()["predictions"]]

    assert 0 == densely("predict", "sentiment", "--file", str(source), "--output", str(target)).returncode
    through = densely("predict", "sentiment", "--file", "-", given=source.read_text())
    for text in (target.read_text(), through.stdout):
        assert expected == [json.loads(line)["label"] for line in text.splitlines()]


def test_a_file_longer_than_a_request(densely: Densely) -> None:
    lines = "".join(f'"film number {number}"\n' for number in range(1203))

    assert 1203 == len(densely("predict", "sentiment", "-f", "-", given=lines).stdout.splitlines())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": 3}', "- line 502: text: Input should be a valid string"),
        ("{", "- line 502: not JSON: "),
        ('{"txt": "x"}', "- line 502: text: Field required"),
    ],
)
def test_a_line_at_fault_is_named_and_what_came_before_is_answered(densely: Densely, line: str, told: str) -> None:
    done = densely("predict", "sentiment", "--file", "-", given='"fine"\n' * 501 + line + "\n")

    assert 1 == done.returncode
    assert one_line(done.stderr)
    assert done.stderr.startswith(told)
    assert 500 == len(done.stdout.splitlines())


def test_an_input_as_the_model_sees_it(densely: Densely) -> None:
    encoding = json.loads(densely("encode", "sentiment", "not bad", "--json").stdout)["encoding"]

    assert ["not", "bad"] == [each["word"] for each in encoding["words"]]
    rows = densely("encode", "sentiment", "not bad").stdout.splitlines()[1:]
    assert [[str(each["id"]), each["word"]] for each in encoding["words"]] == [row.split() for row in rows]
    assert "x1" in densely("encode", "planar", "1,2").stdout


def test_a_picture_is_sent_as_it_is_whatever_its_size(densely: Densely, tmp_path: Path) -> None:
    """A telephone's; one beyond the limit is refused in one line that names it."""
    page = Image.new("RGB", (4000, 3000), (214, 205, 190))
    ImageDraw.Draw(page).line([(1600, 800), (2200, 800), (1900, 1900)], fill=(30, 30, 60), width=120, joint="curve")
    page.save(tmp_path / "seven.jpg")
    (tmp_path / "large.jpg").write_bytes(bytes(30_000_000))

    values = json.loads(densely("encode", "digits", "--image", str(tmp_path / "seven.jpg"), "--json").stdout)
    assert (784, 1.0) == (len(values["encoding"]["values"]), max(values["encoding"]["values"]))
    assert "probability" in densely("predict", "digits", "-i", str(tmp_path / "seven.jpg"), "--json").stdout

    for command in ("predict", "encode"):
        done = densely(command, "digits", "--image", str(tmp_path / "large.jpg"))
        assert (1, "", True) == (done.returncode, done.stdout, one_line(done.stderr)), done.stderr
        assert "the body is larger than 32 MiB" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["predict", "sentiment"], "takes one of INPUT, --file and --image"),
        (["predict", "sentiment", "x", "--image", "y.png"], "takes one of INPUT, --file and --image"),
        (["predict", "sentiment", "x", "--modl", "1"], "No such option"),
        (["predict", "sentiment", "x", "--field", "y"], "--field must be NAME=VALUE"),
        (["predict", "sentiment", "--file", "x", "--field", "y=z"], "--field goes with INPUT or --image"),
        (["predict", "planar", "-1,2", "--modl", "1"], "No such option: --modl"),
        (["encode", "digits"], "INPUT is missing"),
        (["encode", "digits", "[]", "--image", "y.png"], "takes one of INPUT and --image"),
        (["decode", "planar"], "NUMBER is missing"),
        (["up", "--json"], "No such option: --json. See `densely up --help`."),
        (["--json", "up"], "up takes no --json"),
        (["--url", "http://127.0.0.1:1"], "Missing command. See"),
        (["train", "planar", "--recipe", "{"], "--recipe is not JSON"),
        (["train", "planar", "--recipe", "[]"], "--recipe must be a JSON object"),
        (["train", "planar", "--validation", "some"], "--validation must be none, holdout:ROWS or kfold:FOLDS"),
        (["train", "planar", "--tag", "x"], "--tag must be KEY=VALUE"),
        (["compare", "r-1", "r-2", "--output", "x.gif"], "--output must end in .svg or .png"),
        (["runs", "--limit", "many"], "--limit"),
        (["nothing"], "No such command 'nothing'"),
        (["models", "--url", "nowhere"], "'nowhere' is no URL of a service"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path: Path, words: list[str], told: str) -> None:
    """Found out before anybody is asked: nothing listens at port 9."""
    process = start(*words, DENSELY_URL="http://127.0.0.1:9", DENSELY_HOME=str(tmp_path))
    out, err = process.communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert one_line(err)
    assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["predict", "housing", "CRIM"], "INPUT of housing must look like NAME=VALUE"),
        (["predict", "planar", "a,b"], "INPUT of planar must look like X,Y"),
        (["decode", "planar", "x"], "NUMBER of planar must be a number"),
        (["decode", "sentiment", "0.5"], "NUMBER of sentiment must be a word id"),
        (["predict", "digits", "3"], "pixels or an image cannot be made of int"),
        (["predict", "sentiment", "x", "--field", "text=y"], "INPUT gives text already"),
        (["predict", "sentiment", '{"text": "x"}', "--field", "text=y"], "INPUT gives text already"),
        (["predict", "planar", "1,2", "--field", "point=3"], "INPUT gives point already"),
        (["encode", "sentiment", "x", "--field", "text=y"], "INPUT gives text already"),
        (
            ["predict", "sentiment", '{"task": "planar", "point": [1, 2]}'],
            "INPUT is for task 'planar', not for sentiment",
        ),
    ],
)
def test_an_input_of_another_kind_is_one_line_and_exit_code_2(densely: Densely, words: list[str], told: str) -> None:
    """The service says of what kind the task is."""
    done = densely(*words)

    assert (2, "", True) == (done.returncode, done.stdout, one_line(done.stderr))
    assert told in done.stderr


REFUSED = [
    (["predict", "sentiment", "x", "--model", "99"], "task 'sentiment' has no version 99"),
    (["predict", "weather", "x"], "task: must be one of"),
    (["predict", "weather", "--file", "-"], "task: must be one of"),
    (["encode", "weather", "x"], "task: must be one of digits, housing, newswire, planar, sentiment; got 'weather'"),
    (["decode", "we ather", "1"], "task: must be one of digits, housing, newswire, planar, sentiment"),
    (
        ["models", "--task", "weather"],
        "task: must be one of digits, housing, newswire, planar, sentiment; got 'weather'",
    ),
    (["runs", "--task", "weather"], "task: must be one of digits, housing, newswire, planar, sentiment; got 'weather'"),
    (["runs", "--status", "done"], "status: Input should be 'queued', 'running'"),
    (["predict", "sentiment", '{"txt": "x"}'], "text: Field required; txt: there is no such field"),
    (["predict", "digits", "--image", "no-such.png"], "no-such.png: No such file or directory"),
    (["train", "planar", "--epochs", "0"], "recipe.epochs: Input should be greater than or equal to 1"),
    (["runs", "show", "r-none"], "there is no run 'r-none'"),
    (["models", "show", "m-none"], "there is no model 'm-none'"),
    (["activate", "m-none"], "there is no model 'm-none'"),
    (["compare", "r-1"], "takes 2 to 10 run ids, got 1"),
]


def test_what_the_service_refuses_is_one_line_and_exit_code_1(densely: Densely) -> None:
    for words, told in REFUSED:
        done = densely(*words)

        assert (1, "") == (done.returncode, done.stdout)
        assert one_line(done.stderr)
        assert told in done.stderr


def test_a_service_that_is_away_is_exit_code_3(densely: Densely) -> None:
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = densely("runs", "--json", "--url", url)

    assert (3, "") == (done.returncode, done.stdout)
    assert one_line(done.stderr)
    assert f"{url} does not answer" in done.stderr


def test_the_settings_say_where_the_service_is_and_with_which_key(
    densely: Densely, client_for: Any, settings: Settings, database: Database
) -> None:
    port = str(client_for(settings.model_copy(update={"api_keys": (KEY,)})).base_url.port)
    own = {"DENSELY_URL": "", "DENSELY_PORT": port}

    assert 0 == densely("models", DENSELY_API_KEYS=KEY, **own).returncode
    refused = densely("models", **own)
    assert (1, True) == (refused.returncode, "--api-key" in refused.stderr)
    assert 0 == densely("models", DENSELY_API_KEY=KEY, **own).returncode
    # Keys of this machine's service go to no other one.
    assert 1 == densely("models", "--url", f"http://127.0.0.1:{port}", DENSELY_API_KEYS=KEY).returncode


def test_a_dry_run_shows_what_a_training_would_be(densely: Densely) -> None:
    recipe = '{"layers": [{"kind": "dense", "units": 8}], "epochs": 7}'
    words = ["train", "housing", "--dataset", "sample", "--recipe", recipe, "--note", "see", "--dry-run"]

    shown, told = densely(*words), densely(*words, "--json")

    for line in (r"^dense +8 +112", r"^recipe\.layers +dense 64, dense 64 +dense 8", r"^recipe\.epochs +130 +7"):
        assert re.search(line, shown.stdout, re.MULTILINE), shown.stdout
    assert "not known: no run has been carried out yet" in shown.stdout
    assert "! the dataset is a toy" in shown.stdout
    assert 121 == json.loads(told.stdout)["parameters"]
    assert [] == json.loads(densely("runs", "--json").stdout)


def test_a_training_is_asked_for_listed_cancelled_and_retried(densely: Densely, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"batch_size": 32}', encoding="utf-8")
    words = ["--dataset", "sample", "--recipe", f"@{recipe}", "--epochs", "3", "--validation", "kfold:2", "--seed", "7"]
    queued = densely("train", "housing", *words, "--activate", "never", "--tag", "team=a", "--name", "mine", "--json")
    run = json.loads(queued.stdout)

    assert (32, 3, 2, 7, "never", {"team": "a"}, "mine") == (
        run["recipe"]["batch_size"], run["recipe"]["epochs"], run["validation"]["folds"], run["seed"],
        run["activate"], run["tags"], run["name"],
    )  # fmt: skip
    assert [run["id"]] == [each["id"] for each in json.loads(densely("runs", "--tag", "team=a", "--json").stdout)]
    assert run["id"] in densely("runs", "--status", "queued").stdout
    assert f"{run['id']} cancelled\n" == densely("runs", "cancel", run["id"]).stdout
    again = densely("runs", "retry", run["id"]).stdout.strip()
    assert run["id"] == json.loads(densely("runs", "show", again, "--json").stdout)["retry_of"]
    assert 1 == densely("runs", "cancel", run["id"]).returncode
    assert "no runs\n" == densely("runs", "--task", "digits").stdout


def test_the_same_key_queues_one_run(densely: Densely) -> None:
    words = ["train", "planar", "--dataset", "moons", "--seed", "1", "--key", "k-1"]

    assert densely(*words).stdout == densely(*words).stdout


def test_a_run_is_shown_with_what_it_is_at_and_what_would_make_it_better(densely: Densely, finished: Finished) -> None:
    curve = [{"loss": 0.9**n, "val_loss": 0.4 + 0.04 * abs(n - 4)} for n in range(1, 13)]
    attempt = finished.claimed("sentiment", curve, validation=Holdout(size=100))
    attempt.enter("testing")
    attempt.flush()

    shown = densely("runs", "show", attempt.run_id).stdout

    assert re.search(r"status +running, testing, 0%", shown)
    assert "Overfitting since epoch 4: The validation loss was lowest in epoch 4" in shown
    assert "→ stop when the validation loss has not fallen for 3 epochs, and keep the best weights" in shown


def test_finished_runs_are_shown_and_compared(densely: Densely, finished: Finished, tmp_path: Path) -> None:
    answers, metrics = answers_of("sentiment"), Metrics(test={"accuracy": 0.9, "loss": 0.3})
    one = finished.run("sentiment", answers, EPOCHS, metrics=metrics)
    two = finished.run("sentiment", answers, EPOCHS, seed=5)
    shown = densely("runs", "show", one).stdout

    assert "accuracy 0.9" in shown
    assert "accuracy ▁█" in shown
    compared = densely("compare", one, two)
    assert re.search(rf"^1 +{one} +baseline, seed 1 +0\.\d+ +0\.\d+ to 0\.\d+ ", compared.stdout, re.MULTILINE)
    assert "as good as baseline, seed 1" in compared.stdout
    assert re.search(r"^seed +1 +5 *$", compared.stdout, re.MULTILINE), compared.stdout
    assert [one, two] == [run["id"] for run in json.loads(densely("compare", one, two, "--json").stdout)["runs"]]
    for name, start_of in (("curves.png", b"\x89PNG"), ("curves.svg", b"<?xml")):
        assert 0 == densely("compare", one, two, "--output", str(tmp_path / name)).returncode
        assert (tmp_path / name).read_bytes().startswith(start_of)
    only = densely("compare", one, two, "--output", str(tmp_path / "one.svg"), "--only", "loss")
    assert (0, True) == (only.returncode, b"training loss" in (tmp_path / "one.svg").read_bytes())
    none = densely("compare", one, two, "--output", str(tmp_path / "b.svg"), "--picture", "boundaries")
    assert (1, True) == (none.returncode, "have no boundaries" in none.stderr)


def test_models_are_listed_shown_fetched_and_activated(
    densely: Densely, database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    other = add_model(database, store, "planar", seed=9, active=False).id
    listed = json.loads(densely("models", "--task", "planar", "--json").stdout)

    assert [(other, False), (listed[1]["id"], True)] == [(model["id"], model["active"]) for model in listed]
    assert f"planar is answered by {other}, version 2\n" == densely("activate", other, "--reason", "a test").stdout
    assert re.search(rf"version 2 +{other} +a test", densely("models", "history", "planar").stdout)
    assert re.search(rf"^{other} +planar +2 +active", densely("models").stdout, re.MULTILINE)
    assert "sigmoid" in densely("models", "show", other).stdout
    assert 0 == densely("models", "download", other, "-o", str(tmp_path / "m.zip")).returncode
    assert f"{other}/manifest.json" in zipfile.ZipFile(tmp_path / "m.zip").namelist()


def test_a_report_is_told(densely: Densely, finished: Finished) -> None:
    model = model_of(finished.run("planar", answers_of("planar"), name="a nice one"))
    told = densely("models", "report", model).stdout

    assert f"{model} +planar" in re.sub(" +", " +", densely("models", "--search", "A Nice").stdout)
    assert re.search(r"test accuracy +0.5000, 95 % from 0\.\d+ to 0\.\d+", told)
    assert re.search(r"made +by nobody named, run r-\w+: baseline on \w+", told)
    assert re.search(r"answers in +[\d.]+ ms, [\d,]+ rows/s", told)
    assert re.search(r"^label +taken for +rows +of its rows$", told, re.MULTILINE)
    assert "planar" in densely("models", "history", "none").stderr, "which tasks there are"
    assert 0.5 == json.loads(densely("models", "report", model, "--json").stdout)["metric"]["value"]


def test_predictions_are_shown_and_saved(densely: Densely, finished: Finished, tmp_path: Path) -> None:
    model = model_of(finished.run("planar", answers_of("planar")))

    told = densely("models", "predictions", model, "--limit", "3").stdout.splitlines()
    assert (4, ["row", "target", "predicted", "probability"]) == (len(told), told[0].split())
    assert 3 == len(json.loads(densely("models", "predictions", model, "--limit", "3", "--json").stdout))
    for name in ("rows.csv", "rows.PARQUET", "rows.json"):
        done = densely("models", "predictions", model, "--output", str(tmp_path / name))
        assert (0, f"{tmp_path / name}\n") == (done.returncode, done.stdout)
    assert 1_001 == len((tmp_path / "rows.csv").read_text().splitlines())
    assert 1_000 == len(json.loads((tmp_path / "rows.json").read_text()))
    assert b"PAR1" == (tmp_path / "rows.PARQUET").read_bytes()[:4]
    for words in (["--output", "x.xlsx"], ["--output", "x.csv", "--limit", "3"]):
        assert 2 == densely("models", "predictions", model, *words).returncode


def test_negative_numbers_need_no_dashes(densely: Densely, client: httpx.Client) -> None:
    """Wherever the options stand, also those whose value is a negative number."""
    body = {"task": "planar", "point": [-1.25, 0.5], "min_confidence": 0}
    told = client.post("/predict", json=body).json()["prediction"]
    for words in (
        ["planar", "-1.25,0.5", "--json"], ["--json", "planar", "-1.25", ".5"], ["planar", "--json", "--", "-1.25,.5"],
        ["planar", "-1.25,.5", "--min-confidence", "0", "--json"],
    ):  # fmt: skip
        done = densely("predict", *words)
        assert (0, "") == (done.returncode, done.stderr)
        assert told["probability"] == json.loads(done.stdout)["probability"]
    refused = densely("predict", "planar", "-1,2", "--min-confidence", "-1")
    assert (1, True) == (refused.returncode, "min_confidence" in refused.stderr)


def test_what_the_model_sees_is_turned_back(densely: Densely) -> None:
    encoding = json.loads(densely("encode", "sentiment", "not bad", "--json").stdout)["encoding"]

    assert "? not bad\n" == densely("decode", "sentiment", *map(str, encoding["ids"])).stdout
    assert "? not bad\n" == densely("decode", "sentiment", json.dumps(encoding["ids"])).stdout
    assert '{"point": [-1.5, 0.5]}\n' == densely("decode", "planar", "-1.5", "0.5").stdout
    assert {"point": [-1.5, 0.5]} == json.loads(densely("--json", "decode", "planar", "-1.5,0.5").stdout)["decoding"][
        "input"
    ]


def test_common_options_may_stand_before_the_command(densely: Densely, client: httpx.Client) -> None:
    """After it they win; those of the environment come last."""
    nobody, here = "http://127.0.0.1:9", str(client.base_url)

    assert [] == json.loads(densely("--json", "--url", here, "runs", DENSELY_URL=nobody).stdout)
    assert "no runs\n" == densely("--url", nobody, "runs", "--url", here).stdout
    assert "there is no run 'r-x'" in densely("runs", "--url", here, "show", "r-x", DENSELY_URL=nobody).stderr
    assert "there is no run 'r-x'" in densely("--url", here, "runs", "show", "r-x", DENSELY_URL=nobody).stderr


def test_a_key_before_the_command_is_sent(densely: Densely) -> None:
    listed = answer(200, {"items": [], "next": None})
    with ScriptedServer([listed, listed, listed]) as server:
        densely("--url", server.url, "--api-key", KEY, "runs", "--tag", "x")
        densely("--url", server.url, "--api-key", KEY, "runs", "--tag", "x", "--api-key", KEY[::-1])
    sent = [asked.headers["authorization"] for asked in server.asked if asked.path.startswith("/runs")]

    assert [f"Bearer {KEY}", f"Bearer {KEY[::-1]}"] == sent


@pytest.mark.parametrize("detail", ["an API key is needed", "this API key is not known"])
def test_why_a_key_is_refused_is_told_as_the_service_says(densely: Densely, detail: str) -> None:
    with ScriptedServer([problem(401, "unauthorized", detail)]) as server:
        done = densely("runs", "--url", server.url)

    assert (1, f"{detail}. Use --api-key, or set DENSELY_API_KEY.\n") == (done.returncode, done.stderr)


def test_something_else_at_the_url_is_told(densely: Densely) -> None:
    with ScriptedServer([answer(501, b"<html>", "text/html")]) as server:
        done = densely("predict", "planar", "1,2", "--url", server.url)

    assert (1, True) == (done.returncode, one_line(done.stderr))
    assert f"what answers at {server.url} does not seem to be Densely" in done.stderr


def test_the_version(densely: Densely) -> None:
    assert f"densely {app.__version__}\n" == densely("--version").stdout


def test_ctrl_c_while_it_is_imported_is_quiet(tmp_path: Path) -> None:
    """The signal comes with the first import of a library."""
    code = """
import os, signal, sys

class Signal:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Signal())
sys.argv = ["densely", "--version"]
from app.cli import app
app()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert (130, "", "") == (done.returncode, done.stdout, done.stderr)


def test_help_and_completion(densely: Densely) -> None:
    told = densely("--help")

    assert 0 == told.returncode
    assert "3 the service cannot be reached" in " ".join(told.stdout.split())
    assert "may stand before the command or after it, where they win" in " ".join(told.stdout.split())
    asked = {"_DENSELY_COMPLETE": "complete_bash", "COMP_WORDS": "densely pred", "COMP_CWORD": "1"}
    assert "predict" == densely(**asked).stdout.strip()


def test_tasks_and_datasets_are_listed_also_those_whose_rows_are_not_here(
    densely: Densely, client: httpx.Client
) -> None:
    tasks = client.get("/tasks").json()["items"]
    here = client.get("/datasets").json()["items"]

    assert (
        tasks == json.loads(densely("tasks", "--json").stdout) == json.loads(densely("tasks", "list", "--json").stdout)
    )
    assert here == json.loads(densely("datasets", "--json").stdout)
    assert [task["name"] for task in tasks] == [line.split()[0] for line in densely("tasks").stdout.splitlines()[1:]]
    lines = densely("datasets").stdout.splitlines()[1:]
    away = [each["name"] for task in tasks for each in task["datasets"] if not each["here"]]
    assert "imdb" in away
    assert [*(each["name"] for each in here), *away] == [line.split()[0] for line in lines]
    assert all("not here" in line for line in lines[len(here) :])
    of_planar = densely("datasets", "--task", "planar").stdout
    assert ("moons" in of_planar, "imdb" in of_planar) == (True, False)


def test_presets_are_listed_with_what_they_are_for(densely: Densely, client: httpx.Client) -> None:
    """In the service's order: the baseline first."""
    presets = client.get("/tasks/housing").json()["presets"]
    listed = [line.strip().split(maxsplit=3) for line in densely("presets", "housing").stdout.splitlines()[1:]]

    assert [*presets] == [name for name, *_ in listed]
    assert ["baseline", "130", "none", presets["baseline"]["description"]] == listed[0]
    assert ["kfold-100", "100", "kfold:4", presets["kfold-100"]["description"]] in listed
    assert presets == json.loads(densely("--json", "presets", "housing").stdout)
    assert "holdout:10000" in densely("presets", "sentiment").stdout
    every = densely("presets").stdout.splitlines()
    assert ["task", "preset", "epochs"] == every[0].split()[:3]
    tasks = {each["name"]: each["presets"] for each in client.get("/tasks").json()["items"]}
    named = [tuple(line.split()[:2]) for line in every[1:] if line[0] != " "]  # or a long description goes on
    assert [(task, preset) for task, found in tasks.items() for preset in found] == named
    assert tasks == json.loads(densely("presets", "--json").stdout)
    unknown = densely("presets", "telepathy")
    assert (1, True) == (unknown.returncode, one_line(unknown.stderr))


def test_every_command_of_a_client_takes_json_and_url(densely: Densely) -> None:
    commands = ["predict", "encode", "decode", "train", "presets", "runs", "models", "activate", "compare", "doctor"]
    commands += [f"runs {name}" for name in ("show", "watch", "cancel", "retry")] + ["models show", "models download"]
    commands += ["models predictions", "rm"] + [f"runs {name}" for name in ("edit", "archive", "restore")]
    for command in commands:
        told = densely(*command.split(), "--help").stdout
        assert all(option in told for option in ("--json", "--url", "--api-key")), command


def doctor(densely: Densely, *words: str, **settings: str) -> tuple[int, dict[str, dict[str, str]], str]:
    done = densely("doctor", "--json", *words, **settings)
    report = json.loads(done.stdout)
    assert (done.returncode == 0) == report["ok"] == all(each["state"] != "wrong" for each in report["findings"])
    assert all(each["mend"] for each in report["findings"] if each["state"] == "wrong")
    return (
        done.returncode,
        {each["about"]: each for each in report["findings"] if each["state"] == "wrong"},
        done.stdout,
    )


def test_the_doctor_finds_nothing_wrong_with_a_fresh_installation(densely: Densely, tmp_path: Path) -> None:
    own = {"DENSELY_URL": "", "DENSELY_PORT": _free(), "DENSELY_HOME": str(tmp_path / "new")}
    code, wrong, _ = doctor(densely, DENSELY_MODELS_DIR=str(tmp_path / "models"), **own)

    assert (0, {}) == (code, wrong)
    assert not (tmp_path / "new").exists()  # it only looks
    told = densely("doctor", DENSELY_MODELS_DIR=str(tmp_path / "models"), **own).stdout
    assert "start it with `densely up`" in told
    assert told.endswith("nothing is wrong\n")


def _free() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_the_doctor_sees_a_service_without_a_worker(densely: Densely) -> None:
    _, wrong, told = doctor(densely)

    assert {"worker"} == set(wrong)
    assert "densely worker" in wrong["worker"]["mend"]
    assert "answers at" in told


def test_the_doctor_names_workers_of_another_release(
    settings: Settings, database: Database, client: httpx.Client, clock: FakeClock
) -> None:
    """Also where no service answers, by what the database has heard of them; not by a URL that leads elsewhere."""
    clock.now = datetime.now(UTC)
    seen = (("w-same", app.__version__, 0), ("w-old", "0.0.9", 0), ("w-gone", "0.0.8", 60))
    with database.write() as tx:
        for name, release, ago in seen:
            values = {"host": "here", "pid": 1, "devices": [], "versions": {"densely": release}}
            workers.seen(tx, name, clock() - timedelta(seconds=ago), values)
    silent = settings.model_copy(update={"port": int(_free())})
    expected = f"1 worker of another release than {app.__version__}, which this is: w-old is of 0.0.9"

    for url, is_told in ((str(client.base_url), True), (None, True), (f"http://127.0.0.1:{silent.port}", False)):
        found = [each for each in checks.service(silent, url, None) if each.about == "releases"]
        assert [("note", expected)] * is_told == [(each.state, each.told) for each in found]
        assert all(each.mend for each in found)


def test_the_doctor_finds_what_is_broken(densely: Densely, tmp_path: Path, store: ArtifactStore, client: Any) -> None:
    """A damaged model, a file that is no database, a dataset that is none, keys one can guess, a port that is taken."""
    broken = store.path("planar", client.get("/models?task=planar").json()["items"][0]["id"])
    shutil.copytree(store.root, tmp_path / "copies")
    weights = tmp_path / "copies" / "planar" / broken.name / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "densely.db").write_bytes(b"no database" * 1000)
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "imdb.parquet").write_bytes(b"no rows")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        _, wrong, told = doctor(
            densely,
            DENSELY_URL="",
            DENSELY_PORT=str(taken.getsockname()[1]),
            DENSELY_HOME=str(tmp_path / "other"),
            DENSELY_MODELS_DIR=str(tmp_path / "copies"),
            DENSELY_DATASETS_DIR=str(tmp_path / "rows"),
            DENSELY_API_KEYS="aaaaaaaaaaaaaaaaaaaa",
            DENSELY_EXECUTOR="ray",
            DENSELY_RAY_ADDRESS="127.0.0.2:9",
            DENSELY_DATABASE_URL="",
        )

    assert {"models", "database", "datasets", "API keys", "service", "cluster"} == set(wrong)
    assert "nothing answers at 127.0.0.2:9: Connection refused" == wrong["cluster"]["told"]
    assert f"{weights.parent}: weights.npz of model {broken.name} does not have its checksum" in wrong["models"]["told"]
    assert f"{tmp_path / 'rows' / 'imdb.parquet'}: imdb.parquet is not a readable" in wrong["datasets"]["told"]
    assert "Address already in use" in wrong["service"]["told"]
    assert "aaaaaaaa" not in told  # keys are not shown


def test_the_doctor_reads_mistaken_settings(densely: Densely) -> None:
    _, wrong, _ = doctor(densely, DENSELY_PORT="abc")

    assert "DENSELY_PORT must be a valid integer" in wrong["settings"]["told"]


def test_the_doctor_wants_a_migration(densely: Densely, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "densely.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.close()
    _, wrong, _ = doctor(densely, DENSELY_DATABASE_URL="")

    assert "run `densely migrate`" == wrong["database"]["mend"]
