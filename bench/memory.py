"""Memory that was never written before.

A kernel clears each page that a process touches first, and a virtual machine may have to fetch it
from its host before that, which can be twenty times slower than memory and is nobody's fault that
the bench compares. With free page reporting a machine gives memory back to its host some seconds
after it became free, so that what was touched long ago counts as new.

    memory.py     prints two rates as JSON; a process of its own, as what it starts would inherit
                  the most memory that it ever held
"""

import json
import mmap
import pathlib
import time

CHUNK = 2 << 20


def available_bytes():
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    line = next(line for line in lines if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024


def touch(count):
    """GB/s at which one thread writes a fresh mapping of `count` bytes."""
    zeros = bytes(CHUNK)
    with mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        begin = time.monotonic()
        for at in range(0, count, CHUNK):
            memory[at : at + CHUNK] = zeros
        return count * 1e-9 / (time.monotonic() - begin)


def settle(wanted=4 << 30):
    """Touches as much as any contender holds, twice: the rates of the first time and the second.

    What starts after that finds memory that the machine has already.
    """
    count = min(wanted, available_bytes() // 2) // CHUNK * CHUNK
    return [touch(count), touch(count)]


if __name__ == "__main__":
    print(json.dumps(settle()))
