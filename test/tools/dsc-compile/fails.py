#!/usr/bin/env python3
"""Runs a command that must fail as the contract says.

  fails.py STATUS TEXT FOLDER -- command

The command must exit with STATUS, print one line on stderr that starts with `error:` and contains
TEXT, print nothing on stdout, and leave FOLDER and the temporary folder as they were.
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def snapshot(folder):
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in pathlib.Path(folder).rglob("*")
        if not path.is_dir() or path.is_symlink()
    }


def complaints(status, text, folder, command):
    before = snapshot(folder)
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "TMPDIR": scratch}
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=environment
        )
        for left in os.listdir(scratch):
            yield f"left '{left}' in the temporary folder"
    if run.returncode != status:
        yield f"exit status {run.returncode}, expected {status}"
    lines = run.stderr.splitlines()
    if len(lines) != 1 or not lines[0].startswith("error: ") or text not in lines[0]:
        yield f"expected one `error:` line with '{text}', got:\n{run.stderr[:2000]}"
    if run.stdout:
        yield f"printed on stdout: {run.stdout[:200]}"
    after = snapshot(folder)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"'{name}' was changed, created or removed"


def main():
    status, text, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    command = sys.argv[sys.argv.index("--") + 1 :]
    found = list(complaints(status, text, folder, command))
    if found:
        sys.exit(f"{' '.join(command)}\n  " + "\n  ".join(found))


if __name__ == "__main__":
    main()
