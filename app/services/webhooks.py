"""Telling others, over HTTP, that a run has ended: signed, and tried again until it is taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic_core import to_json
from standardwebhooks import Webhook

from app.db import run_queries, webhooks
from app.db.engine import Database
from app.domain.clock import Clock
from app.domain.webhooks import next_try, why_not
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

    def __init__(self, database: Database, clock: Clock, secrets: Sequence[bytes], post: Post) -> None:
        """Each of the secrets signs; `post` sends."""
        self._database = database
        self._clock = clock
        self._signers = [Webhook(secret) for secret in secrets]
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
        now = self._clock()
        body = to_json({"type": "run.finished", "timestamp": now, "data": run})
        headers = {"Content-Type": "application/json", **self._signed(f"msg_{run.id}", now, body)}
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

    def _signed(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The fields of Standard Webhooks 1.0; a message has the same id whenever it is sent."""
        told = body.decode()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(message_id, at, told) for signer in self._signers),
        }
