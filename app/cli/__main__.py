"""`python -m app.cli`: the same as `densely`."""

from app.cli import app

app(prog_name="densely")
