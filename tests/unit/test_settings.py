"""Settings: where they come from, and which are refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from app.settings import Settings

KEY = "k" * 16  # the shortest that is accepted


def test_settings_are_read_from_prefixed_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_PORT", "8123")
    monkeypatch.setenv("PORT", "9999")

    assert 8123 == Settings().port


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "localhost.example.org"])
def test_a_host_that_others_can_reach_needs_keys(host: str) -> None:
    with pytest.raises(ValidationError, match="set DENSELY_API_KEYS"):
        Settings(host=host)

    assert host == Settings(host=host, api_keys=(KEY,)).host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_a_loopback_host_needs_no_keys(host: str) -> None:
    assert () == Settings(host=host).api_keys


def test_the_host_of_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_HOST", "0.0.0.0")

    with pytest.raises(ValidationError, match="reachable from other machines"):
        Settings()


def test_a_list_of_no_keys_does_not_count_as_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas and blanks are no key, so they open no host to everybody."""
    monkeypatch.setenv("DENSELY_API_KEYS", " , ,")
    monkeypatch.setenv("DENSELY_HOST", "0.0.0.0")

    with pytest.raises(ValidationError, match="reachable from other machines"):
        Settings()


def test_keys_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_API_KEYS", f"{KEY}, {'q' * 20} ,")

    assert (KEY, "q" * 20) == Settings().api_keys


@pytest.mark.parametrize("keys", ["short", f"{KEY},short", "k" * 15])
def test_short_keys_are_refused(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("DENSELY_API_KEYS", keys)

    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings()


def test_a_short_secret_of_webhooks_is_refused() -> None:
    """And none at all is none too short: then there are no webhooks."""
    with pytest.raises(ValidationError, match="needs at least 16 characters"):
        Settings(webhook_secret="k" * 15)

    assert [KEY, ""] == [Settings(webhook_secret=secret).webhook_secret for secret in (KEY, "")]


def test_a_lease_shorter_than_two_heartbeats_is_refused() -> None:
    """One late heartbeat must not cost the lease."""
    with pytest.raises(ValidationError, match="twice"):
        Settings(heartbeat_seconds=2.0, lease_seconds=3.9)

    assert 4.0 == Settings(heartbeat_seconds=2.0, lease_seconds=4.0).lease_seconds


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(f"DENSELY_{name.upper()}", raising=False)
    unset = getattr(Settings(), name)
    monkeypatch.setenv(f"DENSELY_{name.upper()}", "")

    assert unset == getattr(Settings(), name)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description


def test_database_and_datasets_lie_under_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DENSELY_DATASETS_DIR", raising=False)
    settings = Settings(home=tmp_path)

    assert f"sqlite:///{tmp_path}/densely.db" == settings.url
    assert tmp_path / "datasets" == settings.datasets


def test_database_and_datasets_can_lie_elsewhere(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql+psycopg://db/densely", datasets_dir=tmp_path / "rows")

    assert "postgresql+psycopg://db/densely" == settings.url
    assert tmp_path / "rows" == settings.datasets


@pytest.mark.parametrize(("given", "host"), [("[::1]", "::1"), ("::1", "::1"), (" localhost ", "localhost")])
def test_a_host_is_kept_as_sockets_take_it(given: str, host: str) -> None:
    assert host == Settings(host=given).host


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "http://localhost", "a b", "[::1", "-x", "a\nb", "a" * 64, "\udcff"]
)
def test_a_host_that_is_no_address_and_no_name_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="host"):
        Settings(host=host, api_keys=(KEY,))


@pytest.mark.parametrize("name", ["feature%2Flogin", "what?", "a#b", "two words", "%(here)s", "größe"])
def test_what_means_something_in_a_url_is_escaped_in_the_databases(tmp_path: Path, name: str) -> None:
    parsed = make_url(Settings(home=tmp_path / name).url)

    assert (str(tmp_path / name / "densely.db"), {}) == (parsed.database, dict(parsed.query))


@pytest.mark.parametrize("home", ["~nobody-of-this-name/x", "~nobody-of-this-name"])
def test_a_home_of_an_unknown_user_is_refused(home: str) -> None:
    with pytest.raises(ValidationError, match="cannot be resolved"):
        Settings(home=Path(home))


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker and its trainer may run in other folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    settings = Settings(home=Path("data"), models_dir=Path("~/models"), datasets_dir=Path("rows"))

    assert tmp_path / "data" == settings.home
    assert tmp_path / "me" / "models" == settings.models_dir
    assert tmp_path / "rows" == settings.datasets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", -1),
        ("port", 65_536),
        ("max_body_mib", 0),
        ("poll_seconds", 0),
        ("heartbeat_seconds", "nan"),
        ("lease_seconds", "nan"),
        ("max_attempts", 0),
        ("log_level", "loud"),
        ("run_memory_limit_mib", 1),
    ],
)
def test_values_beyond_their_limits_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    monkeypatch.setenv(f"DENSELY_{name.upper()}", str(value))

    with pytest.raises(ValidationError, match=name):
        Settings()
