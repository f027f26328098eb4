"""The words of the trade as plain data and rules: recipes, runs. No I/O, no NumPy, no SQLAlchemy."""
