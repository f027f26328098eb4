"""The network behind LitServe; it runs in LitServe's own environment.

As its documentation advises for many small requests: the fast queue, and requests that arrive together are answered
together. Calls that hold many reviews already have a path of their own, where nothing waits for others to join.
"""

import sys
from pathlib import Path
from typing import Any

import litserve

from benchmarks.peers.network import Network

TOGETHER = 16  # requests, at most
WAIT = 0.005  # seconds for others to join


class Sentiment(litserve.LitAPI):
    """What both paths share: a network in each worker process."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(**options)
        self.folder = folder

    def setup(self, device: str) -> None:
        """Load it."""
        del device
        self.network = Network(self.folder)

    def predict(self, x: list[str]) -> list[dict[str, Any]]:
        """An answer for each text."""
        return self.network.predict(x)


class Reviews(Sentiment):
    """Many texts in a request."""

    def decode_request(self, request: dict[str, Any]) -> list[str]:
        """The texts."""
        texts: list[str] = request["texts"]
        return texts

    def encode_response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        """Their answers."""
        return {"predictions": output}


class Review(Sentiment):
    """One text in a request; LitServe hands `predict` the texts of several."""

    def decode_request(self, request: dict[str, Any]) -> str:
        """The text."""
        text: str = request["text"]
        return text

    def batch(self, inputs: list[str]) -> list[str]:
        """They are a list already."""
        return inputs

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """So are the answers."""
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """The answer as it is."""
        return output


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    one = Review(folder, max_batch_size=TOGETHER, batch_timeout=WAIT)
    many = Reviews(folder, api_path="/predict-many")
    server = litserve.LitServer([one, many], accelerator="cpu", fast_queue=True)
    server.run(
        host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", generate_client_file=False, access_log=False
    )
