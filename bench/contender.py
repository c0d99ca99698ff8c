"""A training process that runs in turns: between its turns it is stopped.

All contenders of a row are started once and then run one at a time, in short rounds, so that
what else the machine does hits all of them alike. Each appends a JSON line per step to a file.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time


def busy_seconds():
    """Processor seconds that this machine has spent on anything."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = (int(ticks) for ticks in fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Contender:
    def __init__(self, name, command, metrics, environment=None):
        self.name = name
        self.metrics = pathlib.Path(metrics)
        self.metrics.unlink(missing_ok=True)
        self.errors = self.metrics.with_suffix(".log")
        self.position = 0
        self.rounds = []  # of step times in ms
        self.started = time.monotonic()
        with open(self.errors, "w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read_lines(self):
        """The whole lines since the last call."""
        if not self.metrics.exists():
            return []
        with open(self.metrics) as file:
            file.seek(self.position)
            text = file.read()
        end = text.rfind("\n") + 1
        self.position += end
        return [json.loads(line) for line in text[:end].splitlines()]

    def require_alive(self):
        if self.process.poll() is not None:
            lines = self.errors.read_text().strip().splitlines()
            sys.exit(f"error: {self.name} ended: {lines[-1] if lines else self.process.poll()}")

    def wait_for_steps(self, count):
        """Returns the seconds from the start of the process to its first step, and all lines."""
        lines, first = [], None
        while len(lines) < count:
            self.require_alive()
            lines += self.read_lines()
            if lines and first is None:
                first = time.monotonic() - self.started
            time.sleep(0.001)
        return first, lines

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds, least_steps=2):
        """Runs for a while. The first step was interrupted by the pause, so it does not count."""
        self.process.send_signal(signal.SIGCONT)
        end = time.monotonic() + seconds
        lines = []
        while time.monotonic() < end or len(lines) <= least_steps:
            time.sleep(min(0.02, seconds))
            self.require_alive()
            lines += self.read_lines()
        self.pause()
        self.rounds.append([line["step_ms"] for line in lines[1:]])

    def processor_seconds(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()  # what follows the name, which may have spaces
        return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
