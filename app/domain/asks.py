"""What a run asks of a cluster: by its recipe and its rows, within what a run may take at all."""

import math
from dataclasses import dataclass

from app.domain.layers import Conv2D
from app.domain.recipes import KFold, Recipe, Validation
from app.domain.texts import MultiHot, NGrams

# Measured on trainers of the five tasks and of rows made larger (docs/benchmarks.md), and rounded up.
PROGRAM = 2**30  # bytes: TensorFlow, Keras and the compiled program of a small network
NUMBER = 4  # bytes of a row's number, where it is kept as it is
WORD = 16  # bytes of one of a text's words: the text itself and what is made of it on the way
COPIES = 18  # of the weights: gradients, moments, checkpoints, the export and its check against Keras
OUTPUTS = 2  # of a batch's layers: forwards, and their gradients
STEP = 64 * 2**20  # bytes: what is asked for is rounded up to it, so that a sweep's trials ask for the same

CONVOLUTION_CPUS = 2  # whose every operation is large enough for two; of all others one is as fast


@dataclass(frozen=True)
class Load:
    """How large a run is, as far as it is known beforehand; nothing is known of one that is all zeros."""

    rows: int = 0  # of the training split
    numbers: int = 0  # of an encoded row that are not zero, about
    weights: int = 0  # of one network
    outputs: int = 0  # numbers of all its layers for one row


@dataclass(frozen=True)
class Node:
    """What a machine of a cluster has in all, whoever uses it now; memory in bytes."""

    cpus: float
    memory: float
    gpus: float


@dataclass(frozen=True)
class Asks:
    """What has to be free on one machine; memory in bytes."""

    cpus: int
    memory: int
    gpus: int

    def fit(self, node: Node) -> bool:
        """Whether the machine has it, were it idle."""
        return self.cpus <= node.cpus and self.memory <= node.memory and self.gpus <= node.gpus

    def cover(self, other: "Asks") -> bool:
        """Whether who has been given this can do with it what asks for the other."""
        return self.cpus >= other.cpus and self.memory >= other.memory and self.gpus == other.gpus

    def __str__(self) -> str:
        return worded(self.cpus, self.memory, self.gpus)


def asks_of(recipe: Recipe, validation: Validation, load: Load, nodes: list[Node], most_memory: int) -> Asks:
    """What a run of this recipe asks of a cluster with these machines.

    A GPU for convolutions, if there is one: networks of dense layers are as fast without.
    CPUs are a wish that the largest machine limits; memory is not: a run that needs more than any has cannot be placed.
    `most_memory`: bytes that a run may take, so that it never asks for more.
    """
    convolves = any(isinstance(layer, Conv2D) for layer in recipe.layers)
    gpus = int(convolves and any(node.gpus >= 1 for node in nodes))
    largest = max((int(node.cpus) for node in nodes), default=1)
    wish = CONVOLUTION_CPUS if convolves and not gpus else 1
    memory = math.ceil(_memory(recipe, validation, load) / STEP) * STEP
    return Asks(cpus=max(1, min(wish, largest)), memory=min(memory, most_memory), gpus=gpus)


def _memory(recipe: Recipe, validation: Validation, load: Load) -> int:
    number = WORD if isinstance(recipe.features, MultiHot | NGrams) else NUMBER
    networks = recipe.members * (validation.folds if isinstance(validation, KFold) else 1)  # compiled into one program
    weights = load.weights * NUMBER * (COPIES + networks - 1)
    return PROGRAM + load.rows * load.numbers * number + weights + load.outputs * recipe.batch_size * NUMBER * OUTPUTS


def worded(cpus: float, memory: float, gpus: float) -> str:
    """As in "1 CPU, 1.5 GiB of memory and no GPU"."""
    cards = f"{gpus:g} GPU{'' if gpus == 1 else 's'}" if gpus else "no GPU"
    return f"{cpus:g} CPU{'' if cpus == 1 else 's'}, {memory / 2**30:.1f} GiB of memory and {cards}"
