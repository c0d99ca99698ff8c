#!/usr/bin/env python3
"""dump_full.py FOLDER command: dumps the IR of the command to a disk that fills up.

It must fail as the contract says, and what it dumped before must be whole.
"""

import pathlib
import subprocess
import sys

import fails


def main():
    folder, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    disk, out = folder / "disk", folder / "out"
    for path in (disk, out):
        path.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        print("no mounts here: not tested")
        return
    try:
        whole = [*command, "--dump-ir", str(disk / "ir"), "-o", str(out / "trainer")]
        if found := list(fails.complaints(1, "No space left on device", out, whole)):
            sys.exit(f"{' '.join(whole)}\n  " + "\n  ".join(found))
        dumps = list((disk / "ir").iterdir())
        if not dumps:
            sys.exit("nothing was dumped: nothing was proved")
        for dump in dumps:
            if dump.suffix != ".mlir" or not dump.read_text().endswith("}\n\n"):
                sys.exit(f"{dump} is not whole")
    finally:
        subprocess.run(["umount", disk], check=True)


if __name__ == "__main__":
    main()
