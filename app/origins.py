"""Origins of web pages (RFC 6454), as settings and keys name them."""

import re

_HOST = r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*|\[[0-9a-f:.]+\]"
_FORM = re.compile(rf"https?://(\*\.)?({_HOST})(:\d{{1,5}})?")


def origin_of(text: str) -> str:
    """An origin as it is compared: `https://app.example.org`, `http://localhost:5173` or `https://*.example.org`.

    Raises:
        ValueError: it is none.
    """
    found = text.strip().lower().removesuffix("/")
    scheme, _, rest = found.partition("://")
    found = f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"  # browsers leave those out
    if not _FORM.fullmatch(found):
        raise ValueError(
            f"{text.strip()!r} is no origin: write https://app.example.org, https://*.example.org or "
            "http://localhost:5173, without a path; `*` alone would let every page in"
        )
    _, wildcard, below = found.partition("://*.")
    if wildcard and (below.startswith("[") or not ("." in below or below.split(":")[0] == "localhost")):
        raise ValueError(
            f"{text.strip()!r} would let the pages of everybody in whose name ends so: write https://*.example.org, "
            "a name of yours after the `*.`"
        )
    return found


def pattern_of(origin: str) -> re.Pattern[bytes]:
    """What the `Origin` header of a page is matched with; `*.` stands for one name or several."""
    return re.compile(re.escape(origin).replace(r"\*", r"[a-z0-9.-]+").encode())
