"""The network behind MLServer; it runs in MLServer's own environment."""

from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.network import Network


class Sentiment(MLModel):  # type: ignore[misc]
    """A request's input holds any number of texts."""

    async def load(self) -> bool:
        """Read the network from the model's `uri`."""
        self.network = Network(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Two outputs, `label` and `probability`."""
        found = self.network.predict(StringCodec.decode_input(payload.inputs[0]))
        labels = StringCodec.encode_output("label", [one["label"] for one in found], use_bytes=False)
        shares = NumpyCodec.encode_output("probability", np.array([one["probability"] for one in found]))
        return InferenceResponse(model_name=self.name, outputs=[labels, shares])
