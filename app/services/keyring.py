"""The keys of a process: found by what a client sends, without a look into the database."""

import hmac
from collections.abc import Iterable

from app.domain.callers import SETTINGS
from app.domain.clock import Clock, utc_now
from app.domain.keys import ApiKey, Scope, digest_of

ALL: frozenset[Scope] = frozenset({"admin"})


class Keyring:
    """Those of the settings, which may do everything, and those of the database."""

    def __init__(self, settings: Iterable[str] = (), *, needed: bool = False, clock: Clock = utc_now) -> None:
        """`settings`: whole keys; `needed`: whether a call needs one though there is none yet."""
        self._clock = clock
        found = [(digest_of(key.encode()), f"{SETTINGS}-{digest_of(key.encode())[:8]}") for key in settings]
        self._settings = {digest: ApiKey(name, digest, ALL) for digest, name in found}
        self._always = needed or bool(self._settings)
        self._keys = dict(self._settings)
        self.needed = self._always
        self.used: set[str] = set()  # ids of the database's keys, since somebody took note of them

    def replace(self, keys: Iterable[ApiKey], *, any_known: bool) -> None:
        """These are the database's now. `any_known`: whether it ever had any: who makes keys wants them asked for."""
        self._keys = self._settings | {key.digest: key for key in keys}
        self.needed = self._always or any_known

    def find(self, secret: bytes) -> ApiKey | None:
        """The key with this secret, if it is let in.

        It is looked up by its SHA-256: how long that takes says nothing of the secrets that are known.
        """
        digest = digest_of(secret)
        key = self._keys.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest) or not self.lets_in(key):
            return None
        self._note(key)
        return key

    def lets_in_again(self, key: ApiKey | None) -> bool:
        """Whether what `find` gave, or that no key was needed, still holds for a further request; it is one more use.

        A key that another has taken the place of, with the same secret, does not: it may have other rights.
        """
        if key is None:
            return not self.needed
        if self._keys.get(key.digest) is not key or not self.lets_in(key):
            return False
        self._note(key)
        return True

    def lets_in(self, key: ApiKey) -> bool:
        """Whether a key that was found is still let in."""
        return key.digest in self._keys and (key.ends_at is None or key.ends_at > self._clock())

    def _note(self, key: ApiKey) -> None:
        if key.digest not in self._settings:
            self.used.add(key.id)
