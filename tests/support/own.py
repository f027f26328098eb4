"""Files of the user's own, and what is asked with them."""

import json
from typing import Any

import httpx

TEAMS = ("billing", "login", "shipping")
WORDS = {
    "billing": "invoice charged twice refund amount card money payment",
    "login": "password reset account locked email sign in code",
    "shipping": "parcel late courier tracking number address delivery box",
}


def tickets(rows: int = 300, teams: tuple[str, ...] = TEAMS, seed: int = 0) -> bytes:
    """A CSV of messages and the teams that they are for."""
    lines = ["message,team"]
    for number in range(rows):
        team = teams[number % len(teams)]
        words = WORDS.get(team, f"{team} {team}ish").split()
        chosen = " ".join(words[(number * 7 + seed + place * 3) % len(words)] for place in range(5))
        lines.append(f"{chosen} {team[:2]} no {seed * rows + number},{team}")
    return "\n".join(lines).encode()


def flowers(rows: int = 120) -> bytes:
    """A CSV of numbers and names."""
    lines = ["length,width,species"]
    for number in range(rows):
        kind = number % 2
        lines.append(f"{1 + 3 * kind + number % 7 / 10:.2f},{2 - kind + number % 5 / 10:.2f},{'ab'[kind]}")
    return "\n".join(lines).encode()


def create(
    client: httpx.Client, name: str, content: bytes, *, filename: str = "rows.csv", **fields: Any
) -> httpx.Response:
    """`POST /tasks` with rows; `task` replaces the JSON part's other fields."""
    task = {"name": name, **fields.pop("task", {})}
    parts = {key: (None, value if isinstance(value, str) else json.dumps(value)) for key, value in fields.items()}
    files: Any = {
        "task": (None, json.dumps(task), "application/json"),
        **parts,
        "file": (filename, content, "text/csv"),
    }
    return client.post("/tasks", files=files)
