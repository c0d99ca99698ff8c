#!/usr/bin/env python3
"""Runs a trainer again, and once killed and resumed: every run must end with the same bits.

  same_bits.py TRAINER FOLDER STEPS -- trainer flags

Compares the last checkpoint, byte by byte, and the losses of every step. The killed run dies by
SIGKILL in the middle, after at least one of its checkpoints (ten in a run) was written.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time


def losses(folder):
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


def last_checkpoint(folder):
    return max((folder / "checkpoints").glob("*.safetensors"))


class Runs:
    def __init__(self, trainer, root, steps, flags):
        self.root, self.steps = root, steps
        self.command = [
            trainer,
            *flags,
            "--steps",
            str(steps),
            "--checkpoint-every",
            str(steps // 10),
        ]

    def start(self, name, *flags):
        folder = self.root / name
        files = ["--metrics", folder / "metrics.jsonl", "--checkpoint-dir", folder / "checkpoints"]
        folder.mkdir(exist_ok=True)
        return folder, subprocess.Popen([*self.command, *files, *flags], stdout=subprocess.DEVNULL)

    def whole(self, name, *flags):
        folder, process = self.start(name, *flags)
        if process.wait() != 0:
            sys.exit(f"error: {name}: the trainer exited with {process.returncode}")
        return folder

    def killed(self, name):
        folder, process = self.start(name)
        while process.poll() is None and not self.is_half_way(folder):
            time.sleep(0.001)
        process.kill()
        process.wait()
        done = len((folder / "metrics.jsonl").read_text().splitlines())
        if not self.steps // 10 < done < self.steps:
            sys.exit(
                f"error: {name}: killed after {done} steps, not in the middle: choose more steps"
            )
        return folder

    def is_half_way(self, folder):
        metrics = folder / "metrics.jsonl"
        return metrics.exists() and metrics.read_bytes().count(b"\n") > self.steps * 0.45


def compare(first, second):
    one, two = losses(first), losses(second)
    if one != two:
        step = next((a[0] for a, b in zip(one, two) if a != b), min(len(one), len(two)) + 1)
        sys.exit(f"error: {second.name}: the losses differ from {first.name}'s from step {step}")
    if last_checkpoint(first).read_bytes() != last_checkpoint(second).read_bytes():
        sys.exit(f"error: {second.name}: the last checkpoint differs from {first.name}'s")


def must_differ(first, second):
    if losses(first) == losses(second):
        sys.exit("error: another seed computes the same losses, so that equality proves nothing")


def main():
    trainer, root, steps = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    runs = Runs(trainer, root, steps, sys.argv[sys.argv.index("--") + 1 :])
    first = runs.whole("first")
    if len(losses(first)) != steps:
        sys.exit(f"error: expected {steps} losses, got {len(losses(first))}")
    compare(first, runs.whole("second"))
    must_differ(first, runs.whole("seed", "--seed", "77"))
    killed = runs.killed("killed")
    runs.whole("killed", "--resume")
    compare(first, killed)
    print(f"{steps} steps: the same bits again and after SIGKILL; another seed gives others")


if __name__ == "__main__":
    main()
