#!/usr/bin/env python3
"""Runs programs of the train pipeline by the interpreter, in f64, and compares with PyTorch's.

  losses GOLDEN MODULE       @gradients of a graph y = x + p with p = 0: the golden's loss and its
                             gradient with respect to the output
  optimizer GOLDEN MODULE    @train, step by step: losses, gradient norms, parameters at the end
  model GOLDEN MODEL.onnx    the imported model's @gradients: loss, outputs, gradients; options of
                             dsc-train-pipeline may follow

Python's standard library only.
"""

import array
import math
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import tensors as files  # noqa: E402
from compare import Golden, compare_step  # noqa: E402

BOUND = 1e-6
DEFAULTS = {"weight_decay": 0.0, "momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def interpret(module, entry, arrays):
    """The results and variables after one call."""
    with tempfile.TemporaryDirectory() as folder:
        data, out = f"{folder}/in.npz", f"{folder}/out.npz"
        files.write_npz(data, arrays)
        command = ["dsc-interpret", module, "--f64", "--entry", entry, "--data", data, "-o", out]
        subprocess.run(command, check=True)
        return files.read_npz(out)


def check(name, expected, actual):
    """Relative to the largest element; a reference of zeros would prove nothing."""
    scale = max(map(abs, expected))
    worst = max(abs(a - b) for a, b in zip(expected, actual, strict=True))
    if not (scale > 0 and worst <= BOUND * scale):
        sys.exit(f"error: {name}: largest difference {worst:.3g} at largest value {scale:.3g}")
    print(f"{name}: relative difference {worst / scale:.1e}")


def follow_loss(golden, module):
    logits = golden.tensors["output.logits"]
    zeros = (logits[0], array.array("d", [0.0] * len(logits[1])))
    found = interpret(
        module, "gradients", {"x": logits, "labels": golden.tensors["labels"], "p": zeros}
    )
    loss = found["loss_sum"][1][0] / found["count"][1][0]
    check("loss", golden.values("loss"), [loss])
    check("gradient", golden.values("grad_output.logits"), found["grad.p"][1])


def is_decayed(name, shape, rule):
    return not (len(shape) == 1 if rule == "1d" else rule and re.search(rule, name))


def scalars(settings, parameters, rate, step):
    """What the trainer sets before a step."""
    values = {key: settings.get(key, default) for key, default in DEFAULTS.items()}
    values |= {"lr": rate, "clip_norm": settings.get("clip_norm", math.inf)}
    values |= {"first_update": float(step == 1)}
    values |= {f"correction{i}": 1 - values[f"beta{i}"] ** step for i in (1, 2)}
    decay = values.pop("weight_decay")
    for name, (shape, _) in parameters.items():
        decayed = is_decayed(name, shape, settings.get("no_decay"))
        values[f"weight_decay.{name}"] = decay if decayed else 0.0
    return {f"scalar.{key}": ((), array.array("d", [value])) for key, value in values.items()}


def batch(golden, step):
    """Sample i of step s (from 1) is ((s - 1) B + i) mod n."""
    rows = golden.settings["batch"]
    taken = {}
    for name, (shape, values) in golden.data(step).items():
        size = len(values) // shape[0]
        taken[name] = ((rows, *shape[1:]), values[: rows * size])
    return taken


def follow_optimizer(golden, module):
    settings, variables = golden.settings["train"], golden.group("param_before")
    losses, norms = [], []
    for step, rate in enumerate(golden.values("lrs"), 1):
        numbers = scalars(settings, golden.group("param_before"), rate, step)
        found = interpret(module, "train", {**batch(golden, step), **variables, **numbers})
        losses.append(found["loss_sum"][1][0] / found["count"][1][0])
        norms.append(found["grad_norm"][1][0])
        variables = {
            name.removeprefix("variable."): tensor
            for name, tensor in found.items()
            if name.startswith("variable.")
        }
    check("losses", golden.values("losses"), losses)
    check("gradient norms", golden.values("grad_norms"), norms)
    for name, (_, values) in golden.group("param_after").items():
        check(name, values, variables[name][1])


def loss_options(settings):
    if settings["loss"] == "model":
        return [f"loss-output={settings['output']}"]
    return [f"loss={settings['loss']}"]


def follow_model(golden, model, *options):
    rows = golden.settings["batch"]
    for option in options:
        if option.startswith("microbatches="):
            rows //= int(option.removeprefix("microbatches="))
    with tempfile.TemporaryDirectory() as folder:
        weights, module, programs = (f"{folder}/{x}" for x in ("w.npz", "m.mlir", "p.mlir"))
        command = ["dsc-import", model, f"--batch={rows}", "--dropout=false"]
        text = subprocess.run([*command, f"--weights={weights}"], check=True, capture_output=True)
        pathlib.Path(module).write_bytes(text.stdout)
        pipeline = " ".join([*loss_options(golden.settings), *options])
        command = ["dsc-opt", module, f"--dsc-train-pipeline={pipeline}", "-o", programs]
        subprocess.run(command, check=True)
        found = interpret(programs, "gradients", {**files.read_npz(weights), **batch(golden, 1)})
    loss = found["loss_sum"][1][0] / found["count"][1][0]
    dump = {**found, "loss": ((), array.array("d", [loss]))}
    print("\n".join(compare_step(golden, dump)))


if __name__ == "__main__":
    follow = {"losses": follow_loss, "optimizer": follow_optimizer, "model": follow_model}
    follow[sys.argv[1]](Golden(sys.argv[2]), *sys.argv[3:])
