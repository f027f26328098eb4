"""Sweeps: what is asked for is checked (`requests`), kept and shown (`service`, `view`), and advanced (`driver`).

`methods` and `optuna_search` choose parameters; `proposals` makes a space of a run.
"""
