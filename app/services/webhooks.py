"""Telling others, over HTTP, that a run has ended: signed, and tried again until it is taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic_core import to_json

from app.db import run_queries, webhooks
from app.db.engine import Database
from app.domain.clock import Clock
from app.domain.webhooks import next_try, signature, why_not
from app.errors import AddressRefused, Undelivered
from app.logs import get as get_log

log = get_log()

HELD = timedelta(seconds=60)  # a try that was begun and not settled is made again after this

# Url, body and headers -> raises Undelivered unless the receiver has taken it.
Post = Callable[[str, bytes, Mapping[str, str]], None]


@dataclass(frozen=True)
class WebhookRules:
    """Which webhooks are accepted."""

    signed: bool  # whether there is a secret to sign them with
    to_private: bool  # whether they may go to private addresses

    def why_not(self, url: str) -> str | None:
        """What speaks against this one, or None."""
        if not self.signed:
            return "this server cannot sign webhooks: it has no DENSELY_WEBHOOK_SECRET"
        return why_not(url, to_private=self.to_private)


NO_WEBHOOKS = WebhookRules(signed=False, to_private=False)


class WebhookService:
    """Sends the webhooks that are due."""

    def __init__(self, database: Database, clock: Clock, secret: str, post: Post) -> None:
        """`secret` signs; `post` sends."""
        self._database = database
        self._clock = clock
        self._secret = secret
        self._post = post

    def send_one(self) -> bool:
        """Try the webhook that is due the longest, if any; whether there was one.

        What goes wrong at the receiver's is logged and tried again later; a refused address is given up at once.

        Raises:
            Unavailable: the database does not answer. A try that was begun is made again.
        """
        with self._database.read() as tx:
            if not webhooks.any_due(tx, self._clock()):  # without the write lock, as for runs
                return False
        with self._database.write() as tx:
            row = webhooks.take(tx, self._clock(), self._clock() + HELD)
            if row is None:
                return False
            run = run_queries.get(tx, row.run_id)
        body = to_json({"event": "run.finished", "run": run})
        headers = {
            "Content-Type": "application/json",
            "Densely-Signature": signature(self._secret, self._clock(), body),
        }
        if run.traceparent:
            headers["traceparent"] = run.traceparent
        again, outcome = None, "delivered"
        try:
            self._post(row.url, body, headers)
            log.info("webhook.delivered", run_id=run.id, tries=row.tries)
        except AddressRefused as error:
            outcome = "refused"
            log.warning("webhook.refused", run_id=run.id, error=error.message)
        except Undelivered as error:
            again, outcome = next_try(row.tries, self._clock()), "failed"
            log.warning("webhook.failed", run_id=run.id, tries=row.tries, error=error.message, next_try_at=again)
        with self._database.write() as tx:
            webhooks.settle(tx, run.id, row.tries, outcome, again)
        return True
