"""What signs webhooks, as the setting says it."""

import base64

PREFIX = "whsec_"
LEAST = 16  # bytes


def secrets_of(text: str) -> tuple[bytes, ...]:
    """The secrets in a comma-separated list: `whsec_` and base64 (Standard Webhooks), or a text whose bytes are one.

    Raises:
        ValueError: one is too short, or not base64.
    """
    found = []
    for each in filter(None, map(str.strip, text.split(","))):
        if each.startswith(PREFIX):
            try:
                secret = base64.b64decode(each.removeprefix(PREFIX), validate=True)
            except ValueError:
                raise ValueError(f"needs base64 after {PREFIX}") from None
        else:
            secret = each.encode()
        if len(secret) < LEAST:
            raise ValueError(f"needs at least {LEAST} characters, or bytes in base64")
        found.append(secret)
    return tuple(found)
