"""A tensor on each of the devices that train together."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


class Copies:
    """Of which each device takes its own, so that nothing large goes from one to another in a step."""

    def __init__(self, array: Any, devices: Sequence[str] = ()) -> None:
        """`devices`: that have one each; none: where TensorFlow places it, for one alone."""
        self._copies = [tf.constant(array)] if not devices else []
        for device in devices:
            with tf.device(device):
                self._copies.append(tf.identity(tf.constant(array)))

    @property
    def here(self) -> Any:
        """That of the device whose share is being worked out; outside of shares, the first one."""
        return self._copies[share_here()]


def share_here() -> int:
    """Which share of a batch is being worked out, from 0 on; 0 too where there are no shares."""
    context = tf.distribute.get_replica_context()
    return 0 if context is None else int(tf.get_static_value(context.replica_id_in_sync_group))
