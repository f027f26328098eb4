"""A worker whose trainers are processes that import nothing and train for ever: for what happens to processes."""

import sys

from app.settings import Settings
from app.worker.__main__ import work
from app.worker.executors import ProcessTrainer
from app.worker.ray_executor import RayExecutor

TRAINER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as the real one
print('{"devices": [], "versions": {}}', flush=True)
if sys.stdin.readline():
    time.sleep(600)
"""

ASLEEP = "densely-asleep"  # in the command of such a trainer, before the home of its worker

if __name__ == "__main__":
    settings = Settings()
    ProcessTrainer.command = RayExecutor.command = [sys.executable, "-c", TRAINER, ASLEEP, str(settings.home)]
    work(settings)
