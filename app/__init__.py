"""Trains small Keras networks and serves them over REST.

The packages, in the order to read them:

domain      recipes and runs: the words and rules, as plain data
tasks       sentiment, newswire, digits, housing, planar: inputs, encode, decode, presets; one file each
datasets    rows from Parquet files, and the bundled samples
artifacts   a model's files and its manifest
plots       curves, diagrams, boundaries, confusion: pictures with matplotlib
inference   the forward pass in NumPy, predictors and their cache
db          SQLAlchemy tables, and all SQL
services    the use cases, each with its transactions
api         HTTP; `main` puts the API together
worker      takes queued runs and watches over their trainers
training    the only package that imports Keras: build, fit, evaluate, export
cli         the command line, over the Python client, which is a distribution of its own in `clients/python`

The page at / is static and lies in `web`: HTML, CSS and ES modules over the public API.
"""

__version__ = "0.1.0"
