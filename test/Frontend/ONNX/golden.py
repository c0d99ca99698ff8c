#!/usr/bin/env python3
"""Runs an imported model in the interpreter and compares its outputs with PyTorch's.

  golden.py MODEL GOLDEN [IMPORT FLAG...]

Imports MODEL for the golden's batch, evaluates @forward in f64 on the golden's first batch, and
compares every `output.NAME`. Python's standard library only.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))
import tensors as files  # noqa: E402

BOUND = 1e-5  # relative to the largest element


def first_rows(tensor, count):
    shape, values = tensor
    return (count, *shape[1:]), values[: len(values) // shape[0] * count]


def check(name, expected, got):
    if got[0] != expected[0]:
        sys.exit(f"{name}: shape {got[0]}, expected {expected[0]}")
    largest = max(map(abs, expected[1]))
    worst = max(abs(a - b) for a, b in zip(expected[1], got[1]))
    if not largest > 0 or not worst <= BOUND * largest:
        sys.exit(f"{name}: differs by {worst}, largest element {largest}")
    print(f"{name}: equal to {worst / largest:.1e}")


def main(model, golden_path, *flags):
    golden = files.read_npz(golden_path)
    batch = json.loads(golden["settings"][1].tobytes())["batch"]
    with tempfile.TemporaryDirectory() as folder:
        module, data, result = (f"{folder}/{name}" for name in ("m.mlir", "in.npz", "out.npz"))
        command = ["dsc-import", model, f"--batch={batch}", f"--weights={data}", *flags]
        module_text = subprocess.run(command, check=True, capture_output=True).stdout
        pathlib.Path(module).write_bytes(module_text)
        arguments = files.read_npz(data)
        for name, tensor in golden.items():
            if name.startswith("input."):
                arguments[name.removeprefix("input.")] = first_rows(tensor, batch)
            if name == "labels":
                arguments[name] = first_rows(tensor, batch)
        files.write_npz(data, arguments)
        command = ["dsc-interpret", module, "--entry=forward", "--f64"]
        command += ["--data", data, "-o", result]
        subprocess.run(command, check=True)
        outputs = files.read_npz(result)
    expected = {name: t for name, t in golden.items() if name.startswith("output.")}
    if not expected:
        sys.exit(f"{golden_path} has no outputs")
    for name, tensor in expected.items():
        check(name, tensor, outputs[name.removeprefix("output.")])


if __name__ == "__main__":
    main(*sys.argv[1:])
