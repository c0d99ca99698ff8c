#!/usr/bin/env python3
"""corrupt.py MODEL FOLDER COUNT -- flags: compiles the model COUNT times with some bytes changed.

Most such models must be refused, with one `error:` line and status 1 (where the change falls into a
weight or a name, the model may still be fine). Nothing may be left, and nothing may crash.
"""

import pathlib
import random
import subprocess
import sys

import fails


def corrupted(whole, seed):
    rng = random.Random(seed)
    data = bytearray(whole)
    for _ in range(rng.choice([1, 3, 20])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def main():
    whole = pathlib.Path(sys.argv[1]).read_bytes()
    folder, count = pathlib.Path(sys.argv[2]), int(sys.argv[3])
    flags = sys.argv[sys.argv.index("--") + 1 :]
    folder.mkdir()
    model, out = folder / "model.onnx", folder / "out"
    refused = 0
    for seed in range(count):
        model.write_bytes(corrupted(whole, seed))
        command = ["dsc-compile", str(model), "--emit", "train", "-o", str(out), *flags]
        if subprocess.run(command, capture_output=True, timeout=120).returncode == 0:
            out.unlink()
            continue
        refused += 1
        if found := list(fails.complaints(1, "", folder, command)):
            sys.exit(f"seed {seed}: {' '.join(command)}\n  " + "\n  ".join(found))
    if not count // 4 <= refused < count:
        sys.exit(f"{refused} of {count} were refused: the test proves little")


if __name__ == "__main__":
    main()
