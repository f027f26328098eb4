"""The side that waits for its answers; generated, with every other module here, from `asynchronous`."""
