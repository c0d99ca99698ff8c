"""Training processes that run one at a time, in turns of whole steps.

A PyTorch process lives through all turns and waits for its standard input between them. A trainer
starts anew for each turn, as that takes it little. Nobody is stopped inside of a step, and the
bench itself sleeps during a turn, so that a turn has the machine to itself as far as the bench can
see to it.
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
    """What has a name, turns, and a log of errors."""

    def __init__(self, name, command, log, environment=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        self.environment = {**os.environ, **(environment or {})}
        self.rounds = []  # of step times in ms
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()

    def start(self, **pipes):
        with open(self.log, "w") as errors:
            self.process = subprocess.Popen(
                self.command, stderr=errors, env=self.environment, text=True, **pipes
            )

    def own_seconds(self):
        """Processor seconds that the process spent in itself and, for it, in the kernel."""
        text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()  # what follows the name, which may have spaces
        return [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in fields[11:13]]

    def fail(self):
        lines = self.log.read_text().strip().splitlines()
        sys.exit(f"error: {self.name} ended: {lines[-1] if lines else self.process.poll()}")


class Peer(Contender):
    """A process of peer.py."""

    def run_steps(self, seconds, least):
        try:
            self.process.stdin.write(f"{seconds} {least}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.fail()
        return json.loads(self.process.stdout.readline() or self.fail())

    def first_step(self):
        """The loss, the step's own time, the seconds from the start of the process, and the
        processor seconds that the kernel took for it."""
        started = time.monotonic()
        self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        reply = self.run_steps(0, 1)
        seconds = time.monotonic() - started
        return reply["loss"], reply["step_ms"][0], seconds, self.own_seconds()[1]

    def turn(self, seconds, least=2):
        """Threads and caches are cold in the first step, so it does not count."""
        self.rounds.append(self.run_steps(seconds, least + 1)["step_ms"][1:])

    def processor_seconds(self):
        return sum(self.own_seconds())

    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6


class Trainer(Contender):
    """A program of dsc's, which appends a line per step to a file."""

    def __init__(self, name, command, metrics):
        super().__init__(name, command, pathlib.Path(metrics).with_suffix(".log"))
        self.metrics = pathlib.Path(metrics)
        self.seconds = self.peak = 0

    def read_lines(self):
        if not self.metrics.exists():
            return []
        text = self.metrics.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def wait_for_steps(self, count, pause):
        while len(lines := self.read_lines()) < count:
            if self.process.poll() is not None:
                self.fail()
            time.sleep(pause)
        return lines

    def start_again(self):
        self.metrics.unlink(missing_ok=True)
        self.start(stdout=subprocess.DEVNULL)
        return self.wait_for_steps(1, pause=0.005)

    def stop(self):
        """Lets it finish its step."""
        self.process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0  # it has been waited for
        self.peak = max(self.peak, usage.ru_maxrss * 1024 / 1e6)
        self.seconds += usage.ru_utime + usage.ru_stime

    def first_step(self):
        started = time.monotonic()
        first = self.start_again()[0]
        seconds, kernel = time.monotonic() - started, self.own_seconds()[1]
        self.stop()
        return first["loss"], first["step_ms"], seconds, kernel

    def turn(self, seconds, least=2):
        """The first steps do not count: memory is new, and the bench looks for them."""
        skipped = len(self.start_again()) + 1
        time.sleep(seconds)
        self.wait_for_steps(skipped + least, pause=0.05)
        self.stop()
        self.rounds.append([line["step_ms"] for line in self.read_lines()[skipped:]])

    def processor_seconds(self):
        return self.seconds

    def peak_megabytes(self):
        return self.peak
