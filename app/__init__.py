"""Trains small Keras networks and serves them over REST.

The packages, in the order to read them:

domain      recipes and runs: the words and rules, as plain data
wire        what goes over HTTP: forms by noun; services answer with them
encoding    raw columns to numbers: words, pixels, table columns, pictures; for training and serving alike
kinds       text, image, table, plane: input form, encode, decode, explain, warn; the only code that a task has
tasks       sentiment, newswire, digits, housing, planar as data, one file each; `catalog` gives them to everybody
datasets    rows from Parquet files, and the bundled samples
storage     an object store through fsspec, and what of it is kept on this machine
artifacts   a model's files and its manifest, in a folder or in an object store
plots       curves, diagrams, boundaries, confusion, with matplotlib
inference   the forward pass in NumPy, predictors and their cache
metrics     what processes count, added up over them, as Prometheus reads it
db          SQLAlchemy tables, and all SQL
services    the use cases, each with its transactions
server      uvicorn's side: protocol, limits and time-outs, batcher, and the gate before all routes
api         HTTP; `main` puts the API together, `composition` its services
worker      takes queued runs and watches over their trainers
training    the only package that imports Keras: build, fit, evaluate, export
cli         the command line, over the Python client, which is a distribution of its own in `clients/python`

The page at / is static and lies in `web`: HTML, CSS and ES modules over the public API.
`docs/architecture.md` has the words, the processes and the arrows between these packages.
"""

__version__ = "0.1.0"
