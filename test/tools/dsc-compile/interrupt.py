#!/usr/bin/env python3
"""interrupt.py FOLDER command: ends the command by signals at several moments of its work.

Nothing may be left beside the output or in the temporary folder, and the exit status must name the
signal. The moments are parts of the time that the whole command takes; its end, where it links, is
tried more often.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

PARTS = [0.02, 0.2, 0.5, 0.8, 0.86, 0.9, 0.94, 0.98]
# A loaded machine may take much longer for the whole than for what follows: go round again, with
# the shorter time, until enough runs were really interrupted.
ROUNDS, ENOUGH = 6, 4


def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def main():
    root, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    interrupted = 0
    whole = 0.0
    for number, part in enumerate([2.0, *PARTS * ROUNDS]):
        if number > len(PARTS) and interrupted >= ENOUGH:
            break
        shutil.rmtree(root, ignore_errors=True)
        out, scratch = root / "out", root / "scratch"
        out.mkdir(parents=True)
        scratch.mkdir()
        kind = signal.SIGINT if number % 2 else signal.SIGTERM
        start = time.monotonic()
        process = subprocess.Popen(
            [*command, "-o", out / "trainer"],
            env={**os.environ, "TMPDIR": str(scratch)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if part > 1:
            process.wait()
            whole = time.monotonic() - start
            if process.returncode != 0 or not (out / "trainer").exists():
                sys.exit("the command fails when it is not interrupted")
            continue
        time.sleep(whole * part)
        process.send_signal(kind)
        process.wait(timeout=60)
        if process.returncode == 0:
            whole = min(whole, time.monotonic() - start)  # it was faster this time
            continue
        interrupted += 1
        if process.returncode != -kind:
            sys.exit(f"at {part}: status {process.returncode}: {process.stderr.read()[:500]}")
        if left := listing(out) + listing(scratch):
            sys.exit(f"at {part} of {whole:.2f} s: left {left}")
    if interrupted < ENOUGH:
        sys.exit(f"only {interrupted} runs were interrupted: the test proves little")


if __name__ == "__main__":
    main()
