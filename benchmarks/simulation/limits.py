"""What saturates first, second and third as the load grows, and what moves it.

The load is `times` the plan: 100,000 requests a second and 10,000 runs a day. Each part has a demand, which grows with
the load, and a capacity, which a setting or another engine changes. A part is taken to be saturated at four fifths.
"""

import math
from dataclasses import dataclass, replace

from benchmarks.simulation.figures import Figures
from benchmarks.simulation.training import DAY, HEARTBEAT, LOOK, MIX, mean_run, writes

REQUESTS = 100_000.0  # a second
RUNS = 10_000.0  # a day
FULL = 0.8
POOL = 6  # connections to the database that an API process keeps at most, one of them to listen
OF_A_RUN = 2  # its worker's and its trainer's
MOST_TIMES = 10_000.0


@dataclass(frozen=True)
class Plan:
    """How much there is of each part, and which parts grow with the load."""

    replicas: int = 0  # API processes, a core each
    balancer_cores: int = 4
    network: float = 10e9  # bits per second of the balancer, each way
    database_cores: int = 8
    connections: int = 500  # max_connections of PostgreSQL
    slots: int = 0
    told: bool = True  # LISTEN/NOTIFY: idle workers ask only now and then
    task: str = "sentiment"
    growing: frozenset[str] = frozenset()  # names of parts

    def size(self, name: str, times: float) -> float:
        """Of a part that is counted, at a load of so many times the plan."""
        given: float = getattr(self, COUNTED[name])
        return given * max(times, 1) if name in self.growing else given


REPLICAS, BALANCER, NETWORK = "API replicas, processor", "balancer, processor", "balancer, network"
SLOTS, LOCK = "slots that train", "lock of events in PostgreSQL"
DATABASE, CONNECTIONS = "PostgreSQL, processor", "PostgreSQL, connections"
COUNTED = {
    REPLICAS: "replicas",
    BALANCER: "balancer_cores",
    NETWORK: "network",
    SLOTS: "slots",
    DATABASE: "database_cores",
    CONNECTIONS: "connections",
}
RELIEF = {
    REPLICAS: "more replicas: `maxReplicas` of the autoscaler; on one machine `DENSELY_WORKERS`",
    BALANCER: "more balancers behind one name, or one that passes connections on and looks at no request",
    NETWORK: "several inputs a call (`instances`), bodies in gzip, more balancers",
    SLOTS: "more nodes: `replicas` of the RayCluster; on one machine `DENSELY_TRAINERS`",
    LOCK: "a disk that commits sooner; then events in a log of their own (NATS, Kafka)",
    DATABASE: "`DENSELY_ACTIVE_POLL_SECONDS`, `DENSELY_POLL_SECONDS`; more cores; a replica of it to read from",
    CONNECTIONS: "`max_connections`, each some MiB; then PgBouncer, which costs the notifications",
}


@dataclass(frozen=True)
class Found:
    """A part that was full first, at so many times the planned load; shares of all parts then."""

    name: str
    times: float
    shares: dict[str, float]


PLANNED = frozenset({REPLICAS, BALANCER, SLOTS})  # what is sized for the load, and grows with it


def sized(figures: Figures, task: str = "sentiment", utilisation: float = 0.6) -> Plan:
    """A plan whose replicas, balancers and slots have that share to do, at the planned load and as it grows."""
    plan = Plan(task=task)
    return replace(
        plan,
        replicas=math.ceil(REQUESTS * per_request(figures, plan) / utilisation),
        balancer_cores=math.ceil(REQUESTS * figures.balancer / utilisation),
        slots=math.ceil(running(1) / utilisation),
        growing=PLANNED,
    )


def per_request(figures: Figures, plan: Plan) -> float:
    """Seconds of a replica, at a load where two requests share a turn in the mean."""
    return figures.predict[plan.task].seconds(2) / 2


def running(times: float) -> float:
    """Runs that go at a time."""
    return times * RUNS / DAY * mean_run()


def _of_a_run(figures: Figures, which: str) -> float:
    """Seconds of a run's writes: `held` or `cpu`."""
    each = {name: float(getattr(cost, which)) for name, cost in figures.transactions.items()}
    mean_writes = sum(share * writes(seconds) for share, seconds in MIX)
    return each["queue"] + each["claim"] + each["end"] + mean_writes * each["epochs"]


def database_cores(figures: Figures, plan: Plan, times: float) -> float:
    """Those of PostgreSQL that are busy."""
    cpu = {name: each.cpu for name, each in figures.transactions.items()}
    watching = running(times) * (cpu["renew"] / HEARTBEAT + cpu["look"] / LOOK)
    slots = plan.size(SLOTS, times)
    waiting = 0.0 if plan.told else max(slots - running(times), 0) * cpu["idle"] / LOOK
    looking = plan.size(REPLICAS, times) * figures.api.cpu
    return times * RUNS / DAY * _of_a_run(figures, "cpu") + watching + waiting + looking


def shares(figures: Figures, plan: Plan, times: float) -> dict[str, float]:
    """Of each part, what so many times the planned load takes; 1 is all of it."""
    rate = times * REQUESTS
    bits = 8.0 * figures.bytes[plan.task]
    needed = {
        REPLICAS: rate * per_request(figures, plan),
        BALANCER: rate * figures.balancer,
        NETWORK: rate * bits,
        SLOTS: running(times),
        DATABASE: database_cores(figures, plan, times),
        CONNECTIONS: plan.size(REPLICAS, times) * POOL + running(times) * OF_A_RUN,
    }
    found = {name: each / plan.size(name, times) for name, each in needed.items()}
    lock = 0.0 if LOCK in plan.growing else times * RUNS / DAY * _of_a_run(figures, "held")
    return found | {LOCK: lock}


def first(figures: Figures, plan: Plan) -> Found:
    """Raise the load until a part is full."""
    low, high = 0.01, MOST_TIMES
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        if max(shares(figures, plan, middle).values()) >= FULL:
            high = middle
        else:
            low = middle
    at = shares(figures, plan, high)
    return Found(max(at, key=lambda name: at[name]), high, at)


def in_order(figures: Figures, plan: Plan, count: int = 7) -> list[Found]:
    """Which part is full first; with that one growing along, which is next; and so on."""
    found: list[Found] = []
    while len(found) < count:
        one = first(figures, plan)
        if one.times >= MOST_TIMES * 0.99:
            break
        found.append(one)
        plan = replace(plan, growing=plan.growing | {one.name})
    return found
