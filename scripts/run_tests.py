#!/usr/bin/env python3
"""Runs lit over the built tests and counts: what scripts/test does after the build.

A skip that test/expected-skips.txt does not list is a failure. With --full the work is cut into
slices; a finished slice is remembered for the state of the sources it ran on, so that a run that
was stopped goes on where it was.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
LIT = "/usr/lib/llvm-22/bin/lit"
SLICES = 8  # of a full run's shard
SECONDS_PER_TEST = {False: 600, True: 3600}  # full or not
PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="also the tests that take minutes")
    parser.add_argument("--shard", default="1/1", metavar="i/n", help="the i-th of n parts")
    args = parser.parse_args()
    try:
        args.part, args.parts = map(int, args.shard.split("/"))
    except ValueError:
        parser.error(f"--shard: expected i/n, got {args.shard}")
    if not 1 <= args.part <= args.parts:
        parser.error(f"--shard: expected 1 <= i <= n, got {args.shard}")
    return args


def run_lit(part, parts, full, result):
    """Returns {test name: code}; lit itself prints what failed, and how."""
    partial = result.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    command = [LIT, "-v", "-j", str(os.cpu_count()), "--timeout", str(SECONDS_PER_TEST[full])]
    command += ["-o", partial, "--num-shards", str(parts), "--run-shard", str(part)]
    # lit's usual order changes with each run's times, and slices of it would not fit together.
    command += ["--order", "lexical"] if parts > 1 else []
    command += ["--param", "full=1"] if full else []
    subprocess.run([*command, BUILD / "test"], check=False)
    if not partial.exists():
        sys.exit("error: lit wrote no results\n0 passed, 1 failed, 0 skipped")
    os.replace(partial, result)
    return read_codes(result)


def read_codes(result):
    tests = json.loads(result.read_text())["tests"]
    return {test["name"]: test["code"] for test in tests}


def state_of_sources():
    """A name for commit and changes; results of another state are not taken over."""
    git = lambda *words: subprocess.run(  # noqa: E731
        ["git", *words], cwd=ROOT, capture_output=True, check=False
    ).stdout
    text = git("rev-parse", "HEAD") + git("diff", "HEAD") + git("status", "--porcelain")
    return hashlib.sha256(text).hexdigest()[:16]


def run_full(args):
    """Slice by slice; a slice in which all passed is not run again."""
    folder = BUILD / "test" / "results" / state_of_sources()
    folder.mkdir(parents=True, exist_ok=True)
    codes, parts = {}, args.parts * SLICES
    for part in range((args.part - 1) * SLICES + 1, args.part * SLICES + 1):
        result = folder / f"{part}-of-{parts}.json"
        found = read_codes(result) if result.exists() else {}
        if not found or not set(found.values()) <= PASSED | SKIPPED:
            found = run_lit(part, parts, True, result)
        codes.update(found)
    if args.parts == 1:
        require_all(codes)
    return codes


def require_all(codes):
    """Slices that leave a test out must not look like a full run."""
    command = [LIT, "--show-tests", "--param", "full=1", BUILD / "test"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = {line.strip() for line in lines if " :: " in line}
    # The results name the cases of a unit test's program, not its share i/n of them.
    files = {name for name in names if not re.search(r"/\d+/\d+$", name)}
    if missing := sorted(files - codes.keys()):
        print(f"error: not run: {', '.join(missing)}", file=sys.stderr)
        sys.exit(f"0 passed, {len(missing)} failed, 0 skipped")


def expected_skips():
    lines = (ROOT / "test" / "expected-skips.txt").read_text().splitlines()
    return {line.split("#")[0].strip() for line in lines} - {""}


def needs_full(name):
    """Whether a test may be skipped because this is not a full run."""
    file = ROOT / "test" / name.split(" :: ")[-1]
    return file.is_file() and any(
        line.lstrip("/#; ").startswith("REQUIRES:") and "full" in line.split(":")[1].split()
        for line in file.read_text(errors="replace").splitlines()
    )


def summarize(codes, full):
    skipped = {name for name, code in codes.items() if code in SKIPPED}
    unexpected = {name for name in skipped - expected_skips() if full or not needs_full(name)}
    failed = {name for name, code in codes.items() if code not in PASSED | SKIPPED}
    for name in sorted(failed):
        print(f"FAILED {name} ({codes[name]})")
    for name in sorted(unexpected):
        print(f"FAILED {name} (skipped, but not listed in test/expected-skips.txt)")
    counts = collections.Counter(code in PASSED for code in codes.values())
    failures = len(failed) + len(unexpected)
    print(f"{counts[True]} passed, {failures} failed, {len(skipped) - len(unexpected)} skipped")
    return 1 if failures or not counts[True] else 0


def main():
    args = parse_arguments()
    result = BUILD / "test" / "results.json"
    codes = run_full(args) if args.full else run_lit(args.part, args.parts, False, result)
    sys.exit(summarize(codes, args.full))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
