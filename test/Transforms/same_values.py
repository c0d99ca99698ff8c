#!/usr/bin/env python3
"""Runs every function of a file before and after a pass and compares what they compute.

  same_values.py FILE.mlir PASS [BOUND]

Inputs are random: integers are in [0, 3). Results must agree to BOUND (default 1e-6) of the
largest; the interpreter works in f64. A test must show elsewhere that the pass did something.
"""

import array
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
import tensors as files  # noqa: E402

FUNCTION = re.compile(r"^func\.func @(\w+)\((.*?)\) -> ", re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r'tensor<((?:\d+x)*)(f32|i64|i1)> \{train\.name = "(\w+)"\}')


def random_array(shape, kind):
    count = math.prod(shape)
    if kind == "f32":
        return shape, array.array("f", (random.gauss(0, 1) for _ in range(count)))
    most = 2 if kind == "i64" else 1
    code = "q" if kind == "i64" else "B"
    return shape, array.array(code, (random.randint(0, most) for _ in range(count)))


def run(path, entry, data):
    result = f"{data}.out.npz"
    command = ["dsc-interpret", path, f"--entry={entry}", "--f64", "--data", data, "-o", result]
    subprocess.run(command, check=True)
    return files.read_npz(result)


def main(path, pass_flag, bound="1e-6"):
    random.seed(path.rsplit("/", 1)[-1])
    functions = FUNCTION.findall(pathlib.Path(path).read_text())
    if not functions:
        sys.exit(f"{path}: no functions")
    with tempfile.TemporaryDirectory() as folder:
        after = f"{folder}/after.mlir"
        subprocess.run(["dsc-opt", path, pass_flag, "-o", after], check=True)
        for entry, arguments in functions:
            data = f"{folder}/{entry}.npz"
            inputs = {
                name: random_array(tuple(int(d) for d in dims.split("x")[:-1]), kind)
                for dims, kind, name in ARGUMENT.findall(arguments)
            }
            files.write_npz(data, inputs)
            compare(entry, run(path, entry, data), run(after, entry, data), float(bound))


def compare(entry, before, after, bound):
    for name, (shape, values) in before.items():
        others = after[name][1]
        largest = max(abs(value) for value in values)
        worst = max(abs(a - b) for a, b in zip(values, others))
        if after[name][0] != shape or not largest > 0 or not worst <= bound * largest:
            sys.exit(f"@{entry}: {name} differs by {worst}, largest element {largest}")


if __name__ == "__main__":
    main(*sys.argv[1:])
