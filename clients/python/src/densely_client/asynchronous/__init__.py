"""The side with `await`, by hand; `densely_client.sync` is generated from it."""
