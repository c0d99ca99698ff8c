#!/usr/bin/env python3
"""Checks the memory that a plan predicts; the standard library only.

  memory.py classes FOLDER MODEL FLAGS...      against the placed program and the trainer's --info
  memory.py peak FOLDER MIB MODEL FLAGS...     against what a run of the trainer used at most, which
                                               may be up to MIB MiB more
"""

import json
import pathlib
import re
import subprocess
import sys

import tensors


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compile_model(folder, model, flags):
    """The trainer, and its plan's memory."""
    trainer = pathlib.Path(folder) / "model"
    run("dsc-compile", model, "-o", str(trainer), *flags)
    plan = json.loads(pathlib.Path(f"{trainer}.plan.json").read_text())
    return str(trainer), plan["predicted"]["memory"]


def require(condition, message):
    if not condition:
        sys.exit(message)


def check_classes(folder, model, *flags):
    trainer, memory = compile_model(folder, model, flags)
    require(all(memory[name] > 0 for name in memory if name not in ("state", "optimizer")), memory)
    info = run(trainer, "--info")
    shown = int(re.search(r"^memory .*\((\d+) bytes\)", info, re.M)[1])
    require(sum(memory.values()) == shown, f"{memory} is not {shown}, which --info shows")

    # The arena of the larger of the two programs, and at most what stays of workspace.
    placed = run("dsc-compile", model, "--emit", "exec", *flags)
    arenas = re.findall(r"exec.program @(train|evaluate)\(.*exec.arena_bytes = (\d+)", placed)
    require(len(arenas) == 2, f"arenas {arenas}")
    arena = max(int(size) for _, size in arenas)
    require(arena <= shown, f"{shown} bytes are less than the arena's {arena}")
    require(shown - arena < memory["workspace"], f"{shown} and an arena of {arena}: {memory}")

    # Every variable is counted once, in its class; each parameter has its gradient.
    sizes = {"parameter": 0, "frozen": 0, "slot": 0, "state": 0}
    for role, shape in re.findall(r"exec.variable \"(\w+)\" .*?: tensor<([^>]*)> =", placed):
        size = 4  # all of these models are f32
        for dim in shape.split("x")[:-1]:
            size *= int(dim)
        sizes[role] += size
    require(memory["parameters"] == sizes["parameter"] + sizes["frozen"] > 0, f"{memory}, {sizes}")
    require(memory["optimizer"] == sizes["slot"], f"{memory}, {sizes}")
    require(memory["state"] == sizes["state"], f"{memory}, {sizes}")
    require(memory["gradients"] <= sizes["parameter"], f"{memory}, {sizes}")


def write_data(path, trainer):
    """Zeros of every input's shape, twice the batch of them."""
    info = run(trainer, "--info")
    arrays = {}
    for name, kind, dims in re.findall(r"^  (\S+) (f32|i64)\[([\d, ]+)\]", info, re.M):
        shape = [int(dim) for dim in dims.split(",")]
        shape[0] *= 2
        count = 1
        for dim in shape:
            count *= dim
        code = "f" if kind == "f32" else "q"
        arrays[name] = shape, tensors.array.array(code, bytes(count * (4 if code == "f" else 8)))
    require("labels" in arrays and len(arrays) == 2, f"inputs {list(arrays)}")
    tensors.write_npz(path, arrays)


def check_peak(folder, allowance, model, *flags):
    trainer, memory = compile_model(folder, model, flags)
    data = f"{folder}/data.npz"
    write_data(data, trainer)
    out = run(trainer, "--threads", "1", "--data", data, "--steps", "3")
    found = re.search(r"process ([\d.]+) MiB, predicted for the model ([\d.]+) MiB", out)
    require(found, f"no summary of memory in:\n{out}")
    used, predicted = float(found[1]), sum(memory.values()) / 2**20
    require(abs(predicted - float(found[2])) < 0.06, f"{memory} and {found[0]}")
    require(predicted > 2 * float(allowance), f"{predicted} MiB would not show a mistake")
    require(
        predicted < used < predicted + float(allowance),
        f"{used} MiB used, {predicted} MiB predicted: {memory}",
    )
    print(f"{used} MiB used, {predicted:.1f} MiB predicted")


if __name__ == "__main__":
    {"classes": check_classes, "peak": check_peak}[sys.argv[1]](*sys.argv[2:])
