"""Files of the user's own, made into datasets: read, looked at, checked row by row, split, and written as Parquet.

It runs as a process of its own, `python -m app.datasets.uploads`: what a file makes of its reader (memory, a crash)
ends with it. No path of a client is opened, and nothing of a file is ever run.
"""
