"""How many there are, in words."""


def counted(number: int, one: str, several: str | None = None) -> str:
    """`1 row`, `2,000 rows`; `several` is what more are called where that is not `one` with an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
