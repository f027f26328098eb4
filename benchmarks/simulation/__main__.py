"""`python -m benchmarks.simulation [--measure PART …] [--picture FOLDER]`: check, plan, and what saturates first.

Without `--measure` by the figures of `figures.json`, which were measured on the machine that it names.
"""

import argparse
import statistics
from pathlib import Path

from benchmarks.simulation import limits, picture
from benchmarks.simulation.figures import Figures, load
from benchmarks.simulation.requests import Answers, closed, opened
from benchmarks.simulation.training import DAY, Cluster

PROCESSES, CORES = 2, 2  # of the run that the simulation is checked by
CHECK_SECONDS, SERVING_SECONDS, TRAINING_SECONDS = 2.0, 1.0, 3_600.0
MORE_RUNS, WRITING_SECONDS = (1, 10, 30, 45, 60), 120.0
SHARES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def check(figures: Figures) -> None:
    """Against two real processes, generator and all on two cores; the simulated ones have what share these had."""
    print(f"Checked by two API processes and the generator on the two cores of: {figures.machine}\n")
    heads = ("measured", "simulated")
    print(
        f"| task | connections | cores had | answers/s: {' | '.join(heads)} | off | p50: {' | '.join(heads)} ", end=""
    )
    print(f"| p99: {' | '.join(heads)} |")
    print("|---" * 10 + "|")
    off: dict[str, list[float]] = {"rate": [], "p50": [], "p99": []}
    for real in figures.two:
        costs = figures.predict[real.task], figures.generator[real.task]
        made = closed(*costs, real.connections, PROCESSES, CORES, CHECK_SECONDS, min(real.cores / CORES, 1))
        for name, kept in off.items():
            kept.append(abs(getattr(made, name) / getattr(real, name) - 1))
        cells = [
            real.task,
            f"{real.connections}",
            f"{real.cores:.2f}",
            f"{real.rate:,.0f}",
            f"{made.rate:,.0f}",
            f"{made.rate / real.rate - 1:+.0%}",
        ]
        for name in ("p50", "p99"):
            cells += [f"{getattr(real, name):.2f} ms", f"{getattr(made, name):.2f} ms"]
        print(f"| {' | '.join(cells)} |")
    told = ", ".join(f"{name} {statistics.median(kept):.0%} (worst {max(kept):.0%})" for name, kept in off.items())
    print(f"\nOff in the median: {told}\n")


def plan_of(figures: Figures) -> limits.Plan:
    """Sized for the planned load, and simulated at it."""
    plan = limits.sized(figures)
    print(f"Planned: {limits.REQUESTS:,.0f} requests/s (`{plan.task}`), {limits.RUNS:,.0f} runs a day")
    sizes = f"{plan.replicas} replicas, {plan.balancer_cores} cores of balancers, {plan.slots} slots"
    print(f"  {sizes}, which grow with it\n")
    print("| part | share at the planned load |\n|---|---|")
    for name, share in sorted(limits.shares(figures, plan, 1).items(), key=lambda each: -each[1]):
        print(f"| {name} | {share:.1%} |")
    found = opened(figures, plan.task, limits.REQUESTS, plan.replicas, plan.balancer_cores, SERVING_SECONDS)
    print(
        f"\nOne second of it simulated: {found.rate:,.0f} answers/s, p50 {found.p50:.2f} ms, p99 {found.p99:.2f} ms, ",
        end="",
    )
    print(f"replicas busy {found.busy:.0%}")
    for told in (False, True):
        cluster = Cluster(figures, plan.slots, plan.database_cores, plan.replicas * figures.api.cpu, told)
        work = cluster.simulate(limits.RUNS / DAY, TRAINING_SECONDS)
        print(
            f"One hour of training, {'told by NOTIFY' if told else 'asking again and again'}: waited p50 "
            f"{work.waited_p50:.2f} s, p99 {work.waited_p99:.0f} s, slots busy {work.slots:.0%}, lock held "
            f"{work.lock:.1%}, database's cores {work.cpu:.1%}, p99 of a write {work.commit_p99:.0f} ms"
        )
    model = figures.model_bytes * plan.replicas
    print(
        f"A rolling activation: {model / 2**20:,.0f} MiB out of the object store at once, {8 * model / 10e9:.2f} s of "
        f"10 Gbit/s; {figures.model_seconds * 1e3:.0f} ms of each replica's processor\n"
    )
    return plan


def order(figures: Figures, plan: limits.Plan) -> None:
    """Which part is full first, with that one growing along which is next, and so on."""
    print("What is sized for the load grows with it: ", end="")
    print("; ".join(f"{name} by {limits.RELIEF[name]}" for name in sorted(limits.PLANNED)) + "\n")
    print("| | full first | at times the plan | that is | what moves it |\n|---|---|---|---|---|")
    for number, found in enumerate(limits.in_order(figures, plan), 1):
        load_there = f"{found.times * limits.REQUESTS:,.0f} requests/s, {found.times * limits.RUNS:,.0f} runs a day"
        print(f"| {number} | {found.name} | {found.times:.1f} | {load_there} | {limits.RELIEF[found.name]} |")


def writing(figures: Figures, plan: limits.Plan) -> None:
    """What the lock of events does to writes as runs become more: a minute of each load."""
    print("\n| runs a day | at a time | lock held | waited for a slot, p99 | a write, p50 | p99 |")
    print("|---" * 6 + "|")
    for times in MORE_RUNS:
        replicas, slots = round(plan.size(limits.REPLICAS, times)), round(plan.size(limits.SLOTS, times))
        cluster = Cluster(figures, slots, plan.database_cores, replicas * figures.api.cpu, told=True)
        work = cluster.simulate(times * limits.RUNS / DAY, WRITING_SECONDS)
        cells = [f"{times * limits.RUNS:,.0f}", f"{limits.running(times):,.0f}", f"{work.lock:.0%}"]
        cells += [f"{work.waited_p99:.1f} s", f"{work.commit_p50:.0f} ms", f"{work.commit_p99:.0f} ms"]
        print(f"| {' | '.join(cells)} |")


def curve(figures: Figures, plan: limits.Plan) -> list[tuple[float, Answers]]:
    """Answers' times by how busy the replicas are: a tenth of the plan, which behaves as the whole does."""
    replicas, balancers = max(plan.replicas // 10, 2), max(plan.balancer_cores, 1)
    print("\n| replicas busy | p50 | p99 |\n|---|---|---|")
    found = []
    for share in SHARES:
        rate = share * replicas / limits.per_request(figures, plan)
        made = opened(figures, plan.task, rate, replicas, balancers, SERVING_SECONDS * 2)
        found.append((made.busy, made))
        print(f"| {made.busy:.0%} | {made.p50:.2f} ms | {made.p99:.2f} ms |")
    return found


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs="+", metavar="PART", help="first, anew: serving, two, transactions")
    parser.add_argument("--picture", type=Path, metavar="FOLDER", help="draw there")
    asked = parser.parse_args()
    if asked.measure:
        from benchmarks.simulation.measuring import measure

        measure(asked.measure)
    figures = load()
    check(figures)
    plan = plan_of(figures)
    order(figures, plan)
    writing(figures, plan)
    points = curve(figures, plan)
    if asked.picture:
        print(f"\n{picture.draw(figures, plan, points, asked.picture)}")


if __name__ == "__main__":
    main()
