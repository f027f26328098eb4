"""Webhooks: asked for through the API, sent to a real HTTP server, tried again by the clock."""

import base64
import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.db import run_queries, runs, webhooks
from app.db import tables as t
from app.db.engine import Database
from app.domain.clock import Clock, utc_now
from app.domain.runs import Metrics
from app.domain.webhooks import PAUSES
from app.errors import AddressRefused, Undelivered
from app.services.execution import WorkerService
from app.services.webhooks import HELD, WebhookService
from app.settings import Settings
from app.webhook_secrets import secrets_of
from app.wire.runs import RunError
from app.worker.webhooks import MOST_LOOK_UPS, SENDERS, HttpPost, WebhookThreads
from tests.support import node
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.receiver import Receiver

SECRET = "0123456789abcdef"
SECRETS = secrets_of(SECRET)
VERIFY = """
const { Webhook } = await import("standardwebhooks");
const [secret, headers] = JSON.parse(process.argv[1]);
const body = (await import("node:fs")).readFileSync(process.argv[2], "utf8");
console.log(new Webhook(secret).verify(body, headers).type);
try { new Webhook(secret).verify(body + " ", headers); } catch (error) { console.log(error.constructor.name); }
"""
ALLOWED = HttpPost(to_private=True, timeout=5)
ASKED = {"task": "housing", "dataset": "sample"}


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    started: list[Receiver] = []

    def start(*statuses: int, **options: Any) -> Receiver:
        started.append(Receiver(statuses=list(statuses or (204,)), **options))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def service(database: Database, clock: FakeClock) -> WebhookService:
    return WebhookService(database, clock, SECRETS, ALLOWED)


def ended(database: Database, clock: Clock, url: str) -> str:
    """A run with a webhook that has failed; returns its id."""
    run_id = queue_run(database, clock)
    with database.write() as tx:
        webhooks.add(tx, run_id, url)
    claim = WorkerService(database, clock, "w-1", 600).claim()
    assert claim is not None
    with database.write() as tx:
        runs.publish(tx, run_id, claim.lease_id, clock(), Metrics(test={"mae": 2.5}))
    return run_id


def row_of(database: Database, run_id: str) -> Any:
    with database.read() as tx:
        return tx.execute(select(t.webhooks).where(t.webhooks.c.run_id == run_id)).one()


class TestAsking:
    """`webhook` of `POST /train`."""

    @pytest.fixture
    def signing(self, client_for: Callable[[Settings], httpx.Client], settings: Settings) -> Any:
        return client_for(settings.model_copy(update={"webhook_secret": SECRET}))

    def test_no_call_shows_where_it_goes(self, signing: httpx.Client, database: Database) -> None:
        url = "https://hooks.example.org/services/T0KEN"
        run = signing.post("/train", json={**ASKED, "webhook": url}).raise_for_status().json()
        signing.post(f"/runs/{run['id']}/cancel").raise_for_status()

        assert url == row_of(database, run["id"]).url
        for path in ("", "/events", "/history"):
            assert "T0KEN" not in signing.get(f"/runs/{run['id']}{path}").text
        for path in ("/runs", "/events", "/system"):
            answer = signing.get(path).text
            assert "T0KEN" not in answer
            assert SECRET not in answer
        assert "T0KEN" not in json.dumps(run)

    def test_a_retried_run_has_the_same_webhook(self, signing: httpx.Client, database: Database) -> None:
        url = "https://hooks.example.org/a"
        run = signing.post("/train", json={**ASKED, "webhook": url}).json()
        signing.post(f"/runs/{run['id']}/cancel")

        again = signing.post(f"/runs/{run['id']}/retry").raise_for_status().json()

        assert (url, 0, None) == row_of(database, again["id"])[1:]

    def test_an_idempotency_key_knows_the_webhook(self, signing: httpx.Client) -> None:
        headers = {"Idempotency-Key": "k"}
        first = signing.post("/train", json={**ASKED, "webhook": "https://a.example/"}, headers=headers)
        same = signing.post("/train", json={**ASKED, "webhook": "https://a.example/"}, headers=headers)
        other = signing.post("/train", json={**ASKED, "webhook": "https://b.example/"}, headers=headers)

        assert (202, 202, 422) == (first.status_code, same.status_code, other.status_code)
        assert first.json()["id"] == same.json()["id"]

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "ftp://a.example/",
            "x",
            "https://a/" + 2000 * "a",
            7,
        ],
    )
    def test_what_cannot_be_called_is_refused_and_queues_nothing(self, signing: httpx.Client, url: object) -> None:
        answer = signing.post("/train", json={**ASKED, "webhook": url})

        assert 422 == answer.status_code
        assert ["webhook"] == [error["field"] for error in answer.json()["errors"]]
        assert [] == signing.get("/runs").json()["items"]

    def test_without_a_secret_there_are_none(
        self, client_for: Callable[[Settings], httpx.Client], settings: Settings
    ) -> None:
        """Better than one that the receiver cannot trust."""
        answer = client_for(settings).post("/train", json={**ASKED, "webhook": "https://a.example/"})

        assert 422 == answer.status_code
        assert "DENSELY_WEBHOOK_SECRET" in answer.json()["errors"][0]["message"]

    def test_private_addresses_are_accepted_where_they_are_allowed(
        self, client_for: Callable[[Settings], httpx.Client], settings: Settings
    ) -> None:
        client = client_for(settings.model_copy(update={"webhook_secret": SECRET, "webhooks_to_private": True}))

        assert 202 == client.post("/train", json={**ASKED, "webhook": "http://127.0.0.1:1/"}).status_code


class TestSending:
    """One try."""

    def test_the_run_is_sent_signed_once_it_has_ended(
        self, database: Database, clock: FakeClock, service: WebhookService, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        run_id = ended(database, clock, receiver.url)
        clock.advance(1.5)

        assert service.send_one()
        assert not service.send_one()

        ((path, headers, body),) = receiver.taken
        with database.read() as tx:
            run = run_queries.get(tx, run_id)
        told = json.loads(body)
        assert ("run.finished", run.model_dump(mode="json")) == (told["type"], told["data"])
        assert clock() == datetime.fromisoformat(told["timestamp"])
        assert ("/hook?token=abc", "application/json") == (path, headers["Content-Type"])
        assert f"127.0.0.1:{receiver.port}" == headers["Host"]
        seconds = str(int(clock().timestamp()))
        assert (f"msg_{run_id}", seconds) == (headers["webhook-id"], headers["webhook-timestamp"])
        signed = f"msg_{run_id}.{seconds}.".encode() + body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert f"v1,{base64.b64encode(digest).decode()}" == headers["webhook-signature"]
        assert (1, None) == row_of(database, run_id)[2:]

    @pytest.mark.parametrize("secret", ["old", "new"])
    def test_the_library_of_another_language_takes_it_while_secrets_change(
        self, database: Database, start_receiver: Callable[..., Receiver], tmp_path: Path, secret: str
    ) -> None:
        """Npm's `standardwebhooks`, which knows one of the two secrets; and nothing that was altered."""
        receiver = start_receiver()
        texts = {name: f"whsec_{base64.b64encode(name.encode() * 10).decode()}" for name in ("old", "new")}
        ended(database, utc_now, receiver.url)
        service = WebhookService(database, utc_now, secrets_of(",".join(texts.values())), ALLOWED)
        assert service.send_one()
        ((_, headers, body),) = receiver.taken
        (tmp_path / "body").write_bytes(body)
        given = json.dumps([texts[secret], {name.lower(): value for name, value in headers.items()}])

        told = node.run(next(iter(node.nodes().values())), "-e", VERIFY, given, str(tmp_path / "body"), cwd=node.CLIENT)

        assert ["run.finished", "WebhookVerificationError"] == told.split()

    def test_nothing_is_sent_before_the_end(
        self, database: Database, clock: FakeClock, service: WebhookService, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        run_id = queue_run(database, clock)
        with database.write() as tx:
            webhooks.add(tx, run_id, receiver.url)
        clock.advance(3600)
        assert not service.send_one()
        worker = WorkerService(database, clock, "w-1", 10)
        claim = worker.claim()
        assert claim is not None
        assert not service.send_one()
        worker.lose(claim, RunError(type="TrainerLost", message="x"))  # back to the queue
        assert not service.send_one()

        with database.write() as tx:
            runs.request_cancel(tx, run_id, clock())

        assert service.send_one()
        assert "cancelled" == json.loads(receiver.taken[0][2])["data"]["status"]

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects_are_not_followed(self, start_receiver: Callable[..., Receiver], status: int) -> None:
        elsewhere = start_receiver()
        receiver = start_receiver(status, headers={"Location": elsewhere.url})

        with pytest.raises(Undelivered, match=str(status)):
            ALLOWED(receiver.url, b"{}", {})

        assert (1, 0) == (len(receiver.taken), len(elsewhere.taken))

    @pytest.mark.parametrize("status", [199 + 1, 204, 299])
    def test_any_2xx_is_a_success(self, start_receiver: Callable[..., Receiver], status: int) -> None:
        ALLOWED(start_receiver(status).url, b"{}", {})

    def test_a_slow_receiver_is_given_up(self, start_receiver: Callable[..., Receiver]) -> None:
        receiver = start_receiver(slowness=0.5)
        started = time.monotonic()

        with pytest.raises(Undelivered, match=r"0\.1 seconds"):
            HttpPost(to_private=True, timeout=0.1)(receiver.url, b"{}", {})

        assert time.monotonic() - started < 0.4

    def test_nobody_there_is_no_crash(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            with pytest.raises(Undelivered):
                ALLOWED(f"http://127.0.0.1:{probe.getsockname()[1]}/", b"{}", {})
        with pytest.raises(Undelivered):
            ALLOWED(f"http://{'a' * 64}.invalid/", b"{}", {})


def test_no_proxy_of_the_environment_is_asked(
    start_receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would connect to addresses that nobody has checked."""
    proxy, receiver = start_receiver(204), start_receiver(204)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    ALLOWED(receiver.url, b"{}", {})
    with pytest.raises(AddressRefused):
        HttpPost(to_private=False)(receiver.url, b"{}", {})

    assert ([], 1) == (proxy.taken, len(receiver.taken))


class TestAddresses:
    """What is looked up is checked, and what was checked is connected to."""

    def test_private_addresses_are_refused_by_whatever_name(self, start_receiver: Callable[..., Receiver]) -> None:
        """Also in the forms of IPv4 that only the system's own parser knows."""
        receiver = start_receiver()
        strict = HttpPost(to_private=False)

        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"):
            with pytest.raises(AddressRefused):
                strict(f"http://{host}:{receiver.port}/", b"{}", {})

        assert [] == receiver.taken

    def test_one_private_address_among_public_ones_is_enough(
        self, monkeypatch: pytest.MonkeyPatch, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        resolve(monkeypatch, ["93.184.216.34", "127.0.0.1"])

        with pytest.raises(AddressRefused):
            HttpPost(to_private=False)(f"http://hook.example:{receiver.port}/", b"{}", {})

        assert [] == receiver.taken

    def test_a_name_is_looked_up_once(
        self, monkeypatch: pytest.MonkeyPatch, start_receiver: Callable[..., Receiver]
    ) -> None:
        """The address that was checked is the one connected to; the receiver still sees the name."""
        receiver = start_receiver()
        asked = resolve(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])

        ALLOWED(f"http://hook.example:{receiver.port}/x", b"{}", {})

        assert ["hook.example"] == asked
        assert f"hook.example:{receiver.port}" == receiver.taken[0][1]["Host"]

    def test_the_next_address_is_tried_where_the_first_does_not_answer(
        self, monkeypatch: pytest.MonkeyPatch, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        resolve(monkeypatch, ["::1", "127.0.0.1"])

        ALLOWED(f"http://hook.example:{receiver.port}/x", b"{}", {})

        assert 1 == len(receiver.taken)

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed; it makes the certificate")
    def test_the_certificate_must_be_the_names(
        self, monkeypatch: pytest.MonkeyPatch, start_receiver: Callable[..., Receiver], tmp_path: Path
    ) -> None:
        made = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                "-subj", "/CN=hook.example", "-addext", "subjectAltName=DNS:hook.example",
                "-keyout", tmp_path / "key", "-out", tmp_path / "certificate")  # fmt: skip
        subprocess.run(["openssl", *made], check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
        receiver = start_receiver(tls=server)
        trusting = HttpPost(to_private=True, tls=ssl.create_default_context(cafile=tmp_path / "certificate"))
        resolve(monkeypatch, ["127.0.0.1"])

        trusting(f"https://hook.example:{receiver.port}/", b"{}", {})
        for post, host in ((trusting, "other.example"), (trusting, "127.0.0.1"), (ALLOWED, "hook.example")):
            with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
                post(f"https://{host}:{receiver.port}/", b"{}", {})

        assert 1 == len(receiver.taken)


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names have these addresses, at the first look-up and at later ones; returns which were looked up."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if not str(host).endswith(".example"):
            return real(host, port, *rest, **options)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [info for address in found for info in real(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


class TestLookingUp:
    """A resolver that does not answer is waited for no longer than a receiver."""

    @pytest.fixture
    def hangs(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
        """Names that end in `.example` are looked up until this is set."""
        answers = Event()
        real = socket.getaddrinfo

        def look_up(host: Any, *rest: Any, **options: Any) -> Any:
            if str(host).endswith(".example"):
                assert answers.wait(60)
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return real(host, *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        yield answers
        answers.set()

    def test_it_is_given_up_in_time_and_holds_nobody_else(
        self, hangs: Event, start_receiver: Callable[..., Receiver]
    ) -> None:
        """Though what looks up goes on: the test ends while it does."""
        receiver = start_receiver()
        post = HttpPost(to_private=True, timeout=0.2)

        with pytest.raises(Undelivered, match=r"took longer than 0\.2 seconds"):
            post("http://hook.example/x", b"{}", {})
        HttpPost(to_private=True)(receiver.url, b"{}", {})

        assert not hangs.is_set()
        assert 1 == len(receiver.taken)

    def test_they_do_not_pile_up(self, hangs: Event, start_receiver: Callable[..., Receiver]) -> None:
        receiver = start_receiver()
        post = HttpPost(to_private=True, timeout=0.01)
        for _ in range(MOST_LOOK_UPS):
            with pytest.raises(Undelivered, match="took longer"):
                post("http://hook.example/x", b"{}", {})

        with pytest.raises(Undelivered, match="too many names are being looked up"):
            post("http://hook.example/x", b"{}", {})
        hangs.set()
        for thread in [each for each in threading.enumerate() if each.name == "look-up"]:
            thread.join()
        post = HttpPost(to_private=True)
        post(receiver.url, b"{}", {})
        with pytest.raises(Undelivered, match="not known"):
            post("http://hook.example/x", b"{}", {})


class TestRetries:
    """By the clock alone."""

    def test_pauses_grow_until_it_is_taken(
        self, database: Database, clock: FakeClock, service: WebhookService, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver(500, 503, 404, 204)
        run_id = ended(database, clock, receiver.url)
        for tries, pause in enumerate(PAUSES[:3], 1):
            assert service.send_one()
            assert (tries, clock() + pause) == row_of(database, run_id)[2:]
            clock.advance(pause.total_seconds() - 0.1)
            assert not service.send_one()
            clock.advance(0.1)

        assert service.send_one()
        clock.advance(1e6)
        assert not service.send_one()
        assert 4 == len(receiver.taken)

    def test_it_is_given_up_in_the_end(
        self, database: Database, clock: FakeClock, service: WebhookService, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver(500)
        run_id = ended(database, clock, receiver.url)
        while service.send_one():
            clock.advance(max(PAUSES).total_seconds())

        assert 1 + len(PAUSES) == len(receiver.taken)
        assert row_of(database, run_id).next_try_at is None
        with database.read() as tx:
            assert "succeeded" == run_queries.get(tx, run_id).status

    def test_a_refused_address_is_given_up_at_once(self, database: Database, clock: FakeClock) -> None:
        run_id = ended(database, clock, "http://127.0.0.1:1/")

        assert WebhookService(database, clock, SECRETS, HttpPost(to_private=False)).send_one()

        assert (1, None) == row_of(database, run_id)[2:]

    def test_a_sender_that_dies_loses_nothing(
        self, database: Database, clock: FakeClock, service: WebhookService, start_receiver: Callable[..., Receiver]
    ) -> None:
        """Killed in the middle of a try: another process makes it again a minute later, not before."""

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        receiver = start_receiver()
        run_id = ended(database, clock, receiver.url)
        with pytest.raises(KeyboardInterrupt):
            WebhookService(database, clock, SECRETS, die).send_one()
        assert not service.send_one()
        clock.advance(HELD.total_seconds())

        assert service.send_one()
        assert (2, None) == row_of(database, run_id)[2:]
        assert 1 == len(receiver.taken)

    def test_the_oldest_comes_first_and_two_senders_share_the_work(
        self, database: Database, clock: FakeClock, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        expected = []
        for _ in range(20):
            expected.append(ended(database, clock, receiver.url))
            clock.advance(1)
        services = [WebhookService(database, clock, SECRETS, ALLOWED) for _ in range(3)]
        assert services[0].send_one()
        assert expected[0] == json.loads(receiver.taken[0][2])["data"]["id"]

        def send_all(service: WebhookService) -> None:
            while service.send_one():
                pass

        threads = [threading.Thread(target=send_all, args=(service,)) for service in services]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(expected) == sorted(json.loads(body)["data"]["id"] for _, _, body in receiver.taken)


class Scripted:
    """Fails at each look as it is told, or finds nothing to send; stops whoever looks at the end."""

    def __init__(self, failures: list[str], stop: Event) -> None:
        self._failures = iter(failures)
        self._stop = stop

    def send_one(self) -> bool:
        failure = next(self._failures, None)
        if failure is None:
            self._stop.set()
        elif failure:
            raise OSError(failure)
        return False


class TestThreads:
    """What the worker process runs."""

    def test_it_sends_what_becomes_due_and_survives_whatever_goes_wrong(
        self, database: Database, clock: FakeClock, start_receiver: Callable[..., Receiver]
    ) -> None:
        receiver = start_receiver()
        failures = [ZeroDivisionError(), Undelivered("no")]

        def post(*arguments: Any) -> None:
            if failures:
                raise failures.pop(0)
            ALLOWED(*arguments)

        stop = Event()
        threads = WebhookThreads(WebhookService(database, clock, SECRETS, post), stop, poll=0.01)
        run_id = ended(database, clock, receiver.url)
        deadline = time.monotonic() + 10
        while not receiver.taken:
            assert time.monotonic() < deadline
            clock.advance(timedelta(minutes=2).total_seconds())
            time.sleep(0.02)
        stop.set()
        threads.join()

        assert not any(thread.is_alive() for thread in threads._threads)
        assert run_id == json.loads(receiver.taken[0][2])["data"]["id"]

    @pytest.mark.parametrize(
        ("senders", "looks", "lines"), [(SENDERS, ["away"] * 80, 1), (1, [*["away"] * 9, "", *["away"] * 9], 2)]
    )
    def test_a_database_that_is_away_is_told_once_each_time(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        senders: int, looks: list[str], lines: int,
    ) -> None:  # fmt: skip
        """Not by each thread at each look."""
        monkeypatch.setattr("app.worker.webhooks.SENDERS", senders)
        stop = Event()
        WebhookThreads(Scripted(looks, stop), stop, poll=0.0).join()  # type: ignore[arg-type]

        assert lines == capsys.readouterr().out.count("webhooks.waiting")

    def test_a_slow_receiver_does_not_hold_up_another(self, database: Database, clock: FakeClock) -> None:
        slow = [ended(database, clock, f"http://slow.example/{number}") for number in range(SENDERS - 1)]
        good = ended(database, clock, "http://good.example/")
        begun, held, told, stop = Barrier(SENDERS), Event(), Event(), Event()

        def post(url: str, *_: Any) -> None:
            begun.wait(10)  # all of them are being sent at the same time
            if "good" in url:
                told.set()
            else:
                held.wait(10)

        threads = WebhookThreads(WebhookService(database, clock, SECRETS, post), stop, poll=0.01)
        assert told.wait(10)
        while row_of(database, good).next_try_at is not None:
            time.sleep(0.01)
        assert all(row_of(database, run_id).next_try_at is not None for run_id in slow)
        held.set()
        stop.set()
        threads.join()

    def test_first_tries_come_before_retries(self, database: Database, clock: FakeClock) -> None:
        tried: list[str] = []

        def post(url: str, *_: Any) -> None:
            tried.append(url)
            raise Undelivered("no")

        service = WebhookService(database, clock, SECRETS, post)
        ended(database, clock, "http://old.example/")
        assert service.send_one()
        clock.advance(60)
        ended(database, clock, "http://new.example/")
        clock.advance(1)
        assert service.send_one()
        assert service.send_one()

        assert ["http://old.example/", "http://new.example/", "http://old.example/"] == tried
