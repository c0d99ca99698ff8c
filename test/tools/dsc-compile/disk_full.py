#!/usr/bin/env python3
"""disk_full.py FOLDER command: runs the command with its output on disks of many sizes.

On a disk too small it must fail as the contract says; on the largest it must succeed.
"""

import pathlib
import subprocess
import sys

import fails

KILOBYTES = [4, 64, 1024, 4096, 65536]


def main():
    folder, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(exist_ok=True)
    statuses = []
    for size in KILOBYTES:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            print("no mounts here: not tested")
            return
        try:
            whole = [*command, "-o", str(folder / "out")]
            probe = subprocess.run(whole, capture_output=True)
            statuses.append(probe.returncode)
            if probe.returncode == 0:
                continue
            if found := list(fails.complaints(1, "out", folder, whole)):
                sys.exit(f"{size} KiB: {' '.join(whole)}\n  " + "\n  ".join(found))
            if left := list(folder.iterdir()):
                sys.exit(f"{size} KiB: left {left}")
        finally:
            subprocess.run(["umount", folder], check=True)
    if statuses[0] == 0 or statuses[-1] != 0:
        sys.exit(f"exit statuses {statuses} on disks of {KILOBYTES} KiB: nothing was proved")


if __name__ == "__main__":
    main()
