"""uvicorn's side: the protocol, its limits and time-outs, the batcher, and the gate before all routes."""
