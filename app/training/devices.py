"""What this machine can train on, and what of it a run takes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import tensorflow as tf

Wanted = Literal["1", "auto", "all"]  # of the devices, for a run

# Multiplications forwards for each device's share of a step, from which `auto` takes several. Reckoned, not measured:
# a few milliseconds of a graphics processor, as long as several take to agree.
WORTH_SHARING = 2**33


@dataclass(frozen=True)
class Devices:
    """Those that share each batch of a run; one alone has it whole."""

    names: tuple[str, ...]
    why_alone: str = ""  # where more were wanted
    strategy: tf.distribute.Strategy | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """As `GPU:0`, or `GPU:0 to GPU:3`."""
        return " to ".join(dict.fromkeys((self.names[0], self.names[-1])))

    def scope(self) -> AbstractContextManager[Any]:
        """Where a network is built whose weights each of them has."""
        scope: AbstractContextManager[Any] = self.strategy.scope() if self.strategy else nullcontext()
        return scope


def prepare() -> None:
    """Let a GPU's memory grow with the need: by default TensorFlow takes all of it, and a second run finds none."""
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def names() -> list[str]:
    """All devices, for example `CPU:0` and `GPU:0`."""
    return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]


def training_device() -> str:
    """Where Keras places a model: the first GPU if there is one."""
    return "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"


def devices_for(wanted: Wanted, batch_size: int, work: int, *, is_trial: bool = False) -> Devices:
    """What a run of such batches takes; `work`: multiplications of a row forwards.

    Of a machine without GPUs those of its processor, which is one unless TensorFlow was told to have several of it.
    """
    alone = (training_device(),)
    if wanted == "1":
        return Devices(alone)
    found: Sequence[Any] = tf.config.list_logical_devices(alone[0].split(":")[0])
    some = tuple(device.name.removeprefix("/device:") for device in found)[:batch_size]
    if is_trial:
        why = "of a sweep's trials several share one program"
    elif wanted == "auto" and batch_size * work < WORTH_SHARING * len(some):
        why = "its steps are too small to be shared"
    elif len(some) < 2:
        why = "there is no other" if len(found) < 2 else "its batches have one row"
    else:
        return Devices(some, strategy=_strategy(some))
    return Devices(alone, why if wanted == "all" else "")


def _strategy(some: tuple[str, ...]) -> tf.distribute.Strategy:
    # TensorFlow's usual way of adding up needs graphics processors, whose own library does that.
    way = None if some[0].startswith("GPU") else tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(list(some), cross_device_ops=way)
