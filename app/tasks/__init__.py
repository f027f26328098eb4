"""The tasks: kinds of ML problems that Densely trains and serves. One file each, found by `registry`."""
