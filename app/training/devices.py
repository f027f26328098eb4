"""What this machine can train on."""

import tensorflow as tf


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
