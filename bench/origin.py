"""Of which program, and where, a result was measured."""

import datetime
import pathlib
import subprocess

import dsc

MEASURED = ("dialects", "include", "lib", "runtime", "tools")


def git(*arguments):
    return subprocess.run(
        ["git", "-C", dsc.ROOT, *arguments], capture_output=True, text=True
    ).stdout.strip()


def describe(command):
    cpu = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(line.split("\t: ", 1) for line in cpu if "\t: " in line)
    model = facts.get("model name", "?").strip()
    changed = git("status", "--porcelain", "--", *MEASURED)
    return {
        "command": command,
        "commit": git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else ""),
        "date": datetime.date.today().isoformat(),
        "cpu": f"{model}, {len([line for line in cpu if line.startswith('processor')])} processors",
    }
