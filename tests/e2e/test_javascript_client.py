"""The JavaScript client under Node: its own tests, and the examples of its page, against a started service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service import Service
from tests.support import node, pages

NODES = node.nodes()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.mark.parametrize("version", NODES)
@pytest.mark.parametrize("name", ["scripted", "sweeps", "uploads", "service"])
def test_its_tests_pass(name: str, version: str, service: Service) -> None:
    environment = {"DENSELY_URL": service.url}
    told = node.run(
        NODES[version],
        "--test",
        "--test-reporter=tap",
        f"tests/{name}.test.js",
        cwd=node.CLIENT,
        environment=environment,
    )

    assert "# fail 0" in told
    assert "# skipped 0" in told
    assert "# pass 0" not in told


SHOWN = [  # by the blocks of the page, in their order
    ["positive ", "[ 'positive', 'negative' ]"],
    ["1000 0.", "5000 0.", "succeeded 0.", "field: 'recipe.epochs'"],
    ["12 of 12", "accuracy: 0.", "learning_rate':"],
    ["100 %", "300 shipping"],
    ["succeeded"],
    ["TimeoutError"],
]


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_the_examples_of_its_page_are_true(number: int, service: Service, tmp_path: Path) -> None:
    example = pages.blocks("docs/javascript.md", "javascript")[number]
    (tmp_path / "densely.js").symlink_to(node.CLIENT / "densely.js")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "example.js").write_text(example.replace("http://127.0.0.1:8000", service.url), encoding="utf-8")
    path = next(iter(NODES.values()))

    told = node.run(path, "--preserve-symlinks", "example.js", cwd=tmp_path)

    for words in SHOWN[number]:
        assert words in told


def test_every_example_is_run() -> None:
    assert len(SHOWN) == len(pages.blocks("docs/javascript.md", "javascript"))
