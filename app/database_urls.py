"""How the setting of the database is written: `postgresql://user@host/name` or `sqlite:///file`."""

import re

_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?:///(?P<file>[^?]*)(?:\?.*)?")
_POSTGRESQL = re.compile(
    r"(?:postgresql|postgres|postgresql\+psycopg)://"
    r"(?:[^:/]*(?P<password>:[^@]*)?@)?"
    r"(?P<host>\[[^/?]+\]|[^:/?]*)(?::(?P<port>[^/?]*))?(?P<name>/[^?]*)?(?:\?(?P<options>.*))?"
)
_FORMS = "must be as postgresql://user@host/name or sqlite:///file"


def database_url_of(text: str) -> str:
    """The URL; whether its driver is installed, and knows its options, is for the database to say.

    Raises:
        ValueError: it is none of SQLite or PostgreSQL; the message shows nothing of it, which may hold a password.
    """
    url = text.strip()
    if sqlite := _SQLITE.fullmatch(url):
        if sqlite["file"] in ("", ":memory:"):
            raise ValueError("must name a file, as sqlite:////var/lib/densely.db: memory is each process's own")
        return url
    found = _POSTGRESQL.fullmatch(url)
    if found is None:
        raise ValueError(_FORMS)
    after = (found["host"], found["port"] or "", found["name"] or "", (found["options"] or "").partition("=")[0])
    if found["password"] and any("@" in part for part in after):  # what follows would be looked up, and told
        raise ValueError(f"{_FORMS}: write an @ in a password as %40")
    if (port := found["port"]) is not None and not (port.isdecimal() and 0 < int(port) < 2**16):
        raise ValueError(f"{_FORMS}: the port, as in host:5432, must be a number from 1 to 65535")
    return url
