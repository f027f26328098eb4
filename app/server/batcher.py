"""Requests that arrive in the same turn of the event loop are answered together: nobody waits, and each costs less.

Many texts are encoded in less than half the time of as many single ones, and so is everything else that NumPy does.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from app.logs import get as get_log
from app.server.direct import Reply

log = get_log()

MAX_BATCH = 64

Waiting = tuple[Any, Reply]  # a form, and where its answer goes


class Batcher:
    """Collects the forms of a turn, and answers them at its end; a form that comes alone is answered where it is."""

    def __init__(self, answer: Callable[[Any], bytes], answer_batch: Callable[[Sequence[Any]], list[bytes]]) -> None:
        """`answer` one form; `answer_batch`: several of one task with the same options, or raise if it cannot be."""
        self._answer = answer
        self._answer_batch = answer_batch
        self._waiting: list[Waiting] = []
        self._crowded = False  # whether the last turn had several
        self._taken = False  # whether this turn has had its one that did not wait

    @property
    def waiting(self) -> bool:
        """Whether anything waits for the end of the turn."""
        return bool(self._waiting)

    def submit(self, form: Any, reply: Reply) -> None:
        """Reply by the end of the turn."""
        if not (self._crowded or self._taken):
            self._taken = True
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._reply_to(form, reply)
            return
        self._crowded = True
        self._waiting.append((form, reply))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Reply to all that wait."""
        waiting, self._waiting = self._waiting, []
        self._crowded = len(waiting) > 1
        waiting.sort(key=_batch_key)
        for _, alike in groupby(waiting, _batch_key):
            group = list(alike)
            for start in range(0, len(group), MAX_BATCH):
                self._answer_group(group[start : start + MAX_BATCH])

    def _end_turn(self) -> None:
        self._taken = False

    def _answer_group(self, group: Sequence[Waiting]) -> None:
        if len(group) > 1:
            try:
                answers = self._answer_batch([form for form, _ in group])
                answered = list(zip((reply for _, reply in group), answers, strict=True))
            except Exception:  # noqa: BLE001, S110 - one of them is to be refused: each alone finds out which
                pass
            else:
                for reply, answer in answered:
                    _deliver(reply, answer)
                return
        for form, reply in group:
            self._reply_to(form, reply)

    def _reply_to(self, form: Any, reply: Reply) -> None:
        try:
            answer = self._answer(form)
        except Exception:  # noqa: BLE001 - whoever asked takes the way on which errors are told
            _deliver(reply, None)
        else:
            _deliver(reply, answer)


def _deliver(reply: Reply, answer: bytes | None) -> None:
    try:
        reply(answer)
    except Exception as error:  # one that cannot be told must not keep the others waiting
        log.error("reply.failed", exc_info=error)


def _batch_key(waiting: Waiting) -> tuple[str, int, float, float]:
    form, _ = waiting
    least, most = form.min_confidence, form.max_novelty
    return form.task, form.top_k, -1.0 if least is None else least, -1.0 if most is None else most
