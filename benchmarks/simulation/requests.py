"""Clients, balancer and replicas: in a closed loop, as `wrk` is one, and as the world sends, which does not wait."""

import random
from dataclasses import dataclass

import numpy as np
import simpy

from benchmarks.simulation.figures import Figures, Turn
from benchmarks.simulation.turns import Happening, Looper

WARM = 0.25  # of the time that is simulated, which is not counted


@dataclass(frozen=True)
class Answers:
    """What came of it."""

    rate: float  # per second
    p50: float  # milliseconds
    p99: float
    busy: float  # the replicas' share of their cores


def slower(cost: Turn, speed: float) -> Turn:
    """On cores of which others have the rest."""
    return Turn(cost.fixed / speed, cost.each / speed)


def closed(
    predict: Turn, generator: Turn, connections: int, processes: int, cores: int, seconds: float, speed: float = 1
) -> Answers:
    """As many clients as connections, each sending when it has its answer, generator and processes on the same cores.

    A connection stays with the process that accepted it: whichever was first, which here is chance. `speed`: the share
    of the cores that is theirs.
    """
    environment, rng = simpy.Environment(), random.Random(1)
    shared = simpy.Resource(environment, cores)
    predict, generator = slower(predict, speed), slower(generator, speed)
    sent, took = [0.0] * connections, []
    first = seconds * WARM

    def send(numbers: list[int]) -> None:  # the generator's turn is over
        for number in numbers:
            if sent[number] >= first:
                took.append(environment.now - sent[number])
            sent[number] = environment.now
            servers[owner[number]].put(number)

    def answer(numbers: list[int]) -> None:
        for number in numbers:
            client.put(number)

    client = Looper(environment, generator, send, shared)
    servers = [Looper(environment, predict, answer, shared) for _ in range(processes)]
    owner = [rng.randrange(processes) for _ in range(connections)]
    for number in range(connections):
        client.put(number)
    environment.run(seconds)
    busy = sum(server.busy for server in servers) / processes / seconds
    return _answers(took, seconds - first, busy)


def opened(
    figures: Figures, task: str, rate: float, replicas: int, balancers: int, seconds: float, seed: int = 1
) -> Answers:
    """Requests at `rate` a second, whoever waits; each balancer's core and each replica takes its turns."""
    environment, rng = simpy.Environment(), random.Random(seed)
    came: list[float] = []
    took: list[float] = []
    first = seconds * WARM

    def pass_on(numbers: list[int]) -> None:
        for number in numbers:
            servers[rng.randrange(replicas)].put(number)

    def answer(numbers: list[int]) -> None:
        took.extend(environment.now - came[number] for number in numbers if came[number] >= first)

    fronts = [Looper(environment, Turn(0, figures.balancer), pass_on) for _ in range(balancers)]
    servers = [Looper(environment, figures.predict[task], answer) for _ in range(replicas)]

    def arrive() -> Happening:
        gaps = np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds * 1.1) + 100)
        for number, gap in enumerate(gaps):
            yield environment.timeout(float(gap))
            came.append(environment.now)
            fronts[rng.randrange(balancers)].put(number)

    environment.process(arrive())
    environment.run(seconds)
    busy = sum(server.busy for server in servers) / replicas / seconds
    return _answers(took, seconds - first, busy)


def _answers(took: list[float], seconds: float, busy: float) -> Answers:
    p50, p99 = np.percentile(took, (50, 99)) * 1e3 if took else (np.nan, np.nan)
    return Answers(len(took) / seconds, float(p50), float(p99), busy)
