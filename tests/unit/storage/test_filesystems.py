"""How filesystems are opened."""

from app.storage.filesystems import CONNECT_SECONDS, READ_SECONDS, options_of


def test_a_silent_store_of_google_is_given_up() -> None:
    """Its library has no time-outs of its own, and its requests none that end a long transfer."""
    timeout = options_of("gs")["requests_timeout"]

    assert (None, CONNECT_SECONDS, READ_SECONDS) == (timeout.total, timeout.sock_connect, timeout.sock_read)
