#!/usr/bin/env python3
"""Compares what a trainer computed with a golden of test/goldens, by the rules of "equal".

  data GOLDEN [STEP] -o X.npz   the golden's inputs and labels, as --data takes them; with STEP,
                                rotated so that this step's batch comes first
  flags GOLDEN compile          the flags that make dsc-compile compile the golden's training
  flags GOLDEN train [STEPS]    and those that make the trainer follow it
  init GOLDEN STEP -o X.safetensors   the state before that step (goldens of batch norm)
  step GOLDEN DUMP.npz          loss, outputs and gradients of a --dump-tensors file
  losses GOLDEN METRICS         losses (and rates and gradient norms) of a --metrics file
  loss-at GOLDEN STEP METRICS   the loss of one step that was restarted from the golden's state
  state GOLDEN CHECKPOINT       parameters and running statistics after the golden's last step;
                                CHECKPOINT is a .safetensors file or a folder of checkpoints
  self-test                     shows that each comparison can fail

Python's standard library only. Exit status 0: equal; 1: not, and the worst tensor is named.
"""

import argparse
import array
import json
import math
import pathlib
import sys
import tempfile

import tensors as files

TENSOR_BOUND = 1e-4  # of max|difference| to max(max|g|, 0.01 G)
WHOLE_BOUND = 1e-5  # of the relative L2 error of all tensors together
LOSS_BOUNDS = ((10, 1e-5), (50, 1e-3))  # up to that step, relative
NORM_BOUND = 1e-4
UPDATE_BOUND = 1e-3  # of max|difference| to the largest change of the tensor over the steps


class Unequal(Exception):
    """What differs, or why the comparison would prove nothing."""


def require(condition, message):
    if not condition:
        raise Unequal(message)


# --- Goldens -----


class Golden:
    def __init__(self, path):
        self.tensors = files.read_npz(path)
        self.settings = json.loads(self.tensors["settings"][1].tobytes())

    def group(self, prefix):
        """Tensors called prefix.<name>, by name."""
        return {
            name.removeprefix(prefix + "."): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix + ".")
        }

    def values(self, name):
        require(name in self.tensors, f"the golden has no {name}")
        return self.tensors[name][1]

    def data(self, step):
        arrays = {**self.group("input"), "labels": self.tensors["labels"]}
        samples = self.tensors["labels"][0][0]
        first = (step - 1) * self.settings["batch"] % samples
        return {name: rotated(tensor, first) for name, tensor in arrays.items()}

    def compile_flags(self):
        settings, options = self.settings, self.settings.get("loss_options", {})
        loss = (
            ["--loss-output", settings["output"]]
            if settings["loss"] == "model"
            else ["--loss", settings["loss"]]
        )
        flags = [
            *loss,
            "--batch",
            settings["batch"],
            "--optimizer",
            settings["train"]["optimizer"],
            "--dropout",
            "off",
        ]
        return flags + as_flags(options)

    def train_flags(self, steps=None):
        settings = {
            key: value for key, value in self.settings["train"].items() if key != "optimizer"
        }
        steps = (
            steps
            or self.settings.get("steps")
            or (len(self.values("losses")) if "losses" in self.tensors else 1)
        )
        return ["--no-shuffle", "--steps", steps, *as_flags(settings)]


def rotated(tensor, rows):
    shape, values = tensor
    cut = rows * (len(values) // shape[0])
    return shape, values[cut:] + values[:cut]


def as_flags(options):
    return [
        part for key, value in options.items() for part in ("--" + key.replace("_", "-"), value)
    ]


# --- Comparisons -----


def difference(expected, actual, name):
    """max|expected|, max|difference|, and the sums of their squares."""
    (shape, reference), (found_shape, found) = expected, actual
    require(shape == found_shape, f"{name}: expected shape {list(shape)}, got {list(found_shape)}")
    require(all(map(math.isfinite, found)), f"{name}: not finite")
    gaps = [a - b for a, b in zip(reference, found)]
    return (
        max(map(abs, reference)),
        max(map(abs, gaps)),
        sum(a * a for a in reference),
        sum(a * a for a in gaps),
    )


def compare_tensors(kind, expected, actual):
    """The rule for gradients; returns a line about the worst tensor."""
    require(expected, f"the golden has no {kind}")
    require(
        expected.keys() == actual.keys(),
        f"{kind}: only in the golden: "
        f"{sorted(expected.keys() - actual.keys())}, only in the dump: "
        f"{sorted(actual.keys() - expected.keys())}",
    )
    for name, (shape, values) in expected.items():
        # A scalar has one value by its nature; that it is not zero is asked of it below.
        require(
            len(values) >= 2 or not shape, f"{kind}.{name}: the reference has fewer than 2 values"
        )
        require(
            any(values), f"{kind}.{name}: the reference is zero everywhere, which proves nothing"
        )
    rows = {name: difference(expected[name], actual[name], f"{kind}.{name}") for name in expected}
    largest = max(row[0] for row in rows.values())
    ratio, worst = max((row[1] / max(row[0], 0.01 * largest), name) for name, row in rows.items())
    whole = math.sqrt(sum(row[3] for row in rows.values()) / sum(row[2] for row in rows.values()))
    line = (
        f"{kind}: {len(rows)} tensors, worst {worst} at {ratio:.1e}, whole relative L2 {whole:.1e}"
    )
    require(ratio <= TENSOR_BOUND, f"{line}; bound per tensor {TENSOR_BOUND:.0e}")
    require(whole <= WHOLE_BOUND, f"{line}; bound of the whole {WHOLE_BOUND:.0e}")
    return line


def scalar(tensor):
    require(len(tensor[1]) == 1, f"expected one value, got {len(tensor[1])}")
    return tensor[1][0]


def compare_step(golden, dump):
    require(golden.settings["batch"] >= 2, "a batch of one proves nothing")
    require("loss" in dump, "the dump has no loss")
    lines = [
        compare_series("loss", golden.values("loss"), [scalar(dump["loss"])], lambda step: 1e-5)
    ]
    found = {
        kind: {
            name.removeprefix(kind + "."): tensor
            for name, tensor in dump.items()
            if name.startswith(kind + ".")
        }
        for kind in ("output", "grad")
    }
    if golden.settings["loss"] == "model":  # there the only output is the loss
        [(_, expected)], [(_, actual)] = golden.group("output").values(), found["output"].values()
        lines.append(compare_series("output", expected, actual, lambda step: 1e-5))
    else:
        lines.append(compare_tensors("output", golden.group("output"), found["output"]))
    lines.append(compare_tensors("grad", golden.group("grad"), found["grad"]))
    return lines


def compare_series(name, expected, actual, bound_at):
    require(
        len(expected) == len(actual), f"{name}: expected {len(expected)} values, got {len(actual)}"
    )
    require(any(expected), f"{name}: the reference is zero everywhere, which proves nothing")
    scale = max(map(abs, expected))
    worst = (-1.0, 0)
    for step, (reference, found) in enumerate(zip(expected, actual), 1):
        # Zero itself (a schedule's end) is compared on the scale of the series.
        error = abs(found - reference) / (abs(reference) or scale)
        require(
            error <= bound_at(step),
            f"{name}: step {step}: expected {reference:.8g}, got {found:.8g} "
            f"(relative error {error:.1e}, bound {bound_at(step):.0e})",
        )
        worst = max(worst, (error, step))
    return f"{name}: {len(expected)} values, worst relative error {worst[0]:.1e} at step {worst[1]}"


def loss_bound(step):
    return next(bound for last, bound in LOSS_BOUNDS if step <= last)


def read_metrics(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    require(
        [line["step"] for line in steps] == list(range(1, len(steps) + 1)),
        f"{path}: steps are not 1, 2, …: {[line['step'] for line in steps][:5]}",
    )
    return steps


def compare_losses(golden, metrics):
    lines = [
        compare_series("loss", golden.values("losses"), [m["loss"] for m in metrics], loss_bound)
    ]
    if len(golden.values("losses")) > 1:
        require(len(set(golden.values("losses"))) > 1, "the reference's losses never change")
    for key, series, bound in (("lr", "lrs", 1e-6), ("grad_norm", "grad_norms", NORM_BOUND)):
        if series in golden.tensors:
            lines.append(
                compare_series(
                    key, golden.values(series), [m[key] for m in metrics], lambda step: bound
                )
            )
    return lines


def compare_loss_at(golden, step, metrics):
    require(1 <= step <= len(golden.values("losses")), f"the golden has no step {step}")
    return [
        compare_series(
            f"loss of step {step}",
            [golden.values("losses")[step - 1]],
            [metrics[0]["loss"]] if metrics else [],
            lambda _: 1e-5,
        )
    ]


def newest_checkpoint(path):
    path = pathlib.Path(path)
    if path.is_file():
        return path
    found = sorted(path.rglob("*.safetensors"), key=lambda file: file.stat().st_mtime_ns)
    require(found, f"{path}: no .safetensors file")
    return found[-1]


def compare_state(golden, state):
    """Measured against how far the tensor moved: parameters that were never updated would fail."""
    before, after = golden.group("param_before"), golden.group("param_after")
    require(after, "the golden has no param_after")
    worst = (-1.0, "")
    for name, expected in after.items():
        require(name in state, f"{name}: not in the checkpoint")
        moved = difference(expected, before[name], name)[1]
        require(
            moved > 0 and len(expected[1]) >= 2,
            f"{name}: the reference never moved, which proves nothing",
        )
        scale = max(moved, 1e-3 * difference(expected, expected, name)[0])
        error = difference(expected, state[name], name)[1] / scale
        require(
            error <= UPDATE_BOUND,
            f"{name}: differs by {error:.1e} of its change (bound {UPDATE_BOUND:.0e})",
        )
        worst = max(worst, (error, name))
    return [f"state: {len(after)} tensors, worst {worst[1]} at {worst[0]:.1e} of its change"]


# --- The self-test: each comparison accepts equal data and refuses a wrong one -----


def sample_golden():
    def tensor(values):
        return (len(values),), array.array("d", values)

    golden = Golden.__new__(Golden)
    golden.settings = {
        "batch": 4,
        "loss": "cross-entropy",
        "output": "y",
        "train": {"optimizer": "sgd"},
    }
    golden.tensors = {
        "loss": ((), array.array("d", [1.5])),
        "output.y": tensor([1.0, -2.0, 3.0]),
        "grad.a": tensor([0.5, 0.25]),
        "grad.b": tensor([1e-6, -1e-6]),
        "losses": tensor([1.5, 1.2]),
        "lrs": tensor([0.1, 0.1]),
        "grad_norms": tensor([2.0, 1.0]),
        "param_before.a": tensor([1.0, 1.0]),
        "param_after.a": tensor([1.01, 0.99]),
    }
    return golden


def changed(tensors, name, index, factor):
    shape, values = tensors[name]
    values = array.array("d", values)
    values[index] *= factor
    return {**tensors, name: (shape, values)}


def refused(check, *arguments):
    try:
        check(*arguments)
    except Unequal:
        return True
    return False


def self_test_step(golden):
    dump = {
        name: tensor
        for name, tensor in golden.tensors.items()
        if name.split(".")[0] in ("loss", "output", "grad")
    }
    compare_step(golden, dump)
    compare_step(golden, changed(dump, "grad.b", 0, 1.2))  # far below 0.01 G: noise
    yield "loss", refused(compare_step, golden, changed(dump, "loss", 0, 1 + 2e-5))
    yield "output", refused(compare_step, golden, changed(dump, "output.y", 1, 1 + 2e-4))
    yield "gradient", refused(compare_step, golden, changed(dump, "grad.a", 0, 1 + 2e-4))
    yield "whole gradient", refused(compare_step, golden, changed(dump, "grad.a", 0, 1 + 5e-5))
    yield "sign", refused(compare_step, golden, changed(dump, "grad.a", 1, -1))
    yield "not a number", refused(compare_step, golden, changed(dump, "grad.a", 0, math.nan))
    yield "missing tensor", refused(
        compare_step, golden, {n: t for n, t in dump.items() if n != "grad.b"}
    )
    yield "additional tensor", refused(compare_step, golden, {**dump, "grad.c": dump["grad.a"]})
    yield "shape", refused(compare_step, golden, {**dump, "grad.a": ((1, 2), dump["grad.a"][1])})
    zero = sample_golden()
    zero.tensors["grad.a"] = (2,), array.array("d", [0, 0])
    yield "zero reference", refused(compare_step, zero, {**dump, "grad.a": zero.tensors["grad.a"]})
    small = sample_golden()
    small.tensors["grad.a"] = (1,), array.array("d", [1])
    yield "one value", refused(compare_step, small, {**dump, "grad.a": small.tensors["grad.a"]})
    small.settings["batch"] = 1
    yield "batch of one", refused(compare_step, small, dump)


def self_test_series(golden):
    metrics = [
        {
            "step": s + 1,
            "loss": golden.values("losses")[s],
            "lr": 0.1,
            "grad_norm": golden.values("grad_norms")[s],
        }
        for s in range(2)
    ]
    compare_losses(golden, metrics)
    compare_loss_at(golden, 2, metrics[1:])
    for key, factor in (("loss", 1 + 2e-5), ("loss", math.nan), ("lr", 1.01), ("grad_norm", 1.01)):
        yield f"{key} * {factor}", refused(
            compare_losses, golden, [metrics[0], {**metrics[1], key: metrics[1][key] * factor}]
        )
    yield "too few steps", refused(compare_losses, golden, metrics[:1])
    yield "no steps", refused(compare_losses, golden, [])
    yield "loss of one step", refused(compare_loss_at, golden, 2, metrics[:1])
    state = {"a": golden.tensors["param_after.a"]}
    compare_state(golden, state)
    yield "state", refused(compare_state, golden, changed(state, "a", 0, 1 + 2e-5))
    yield "never updated", refused(compare_state, golden, {"a": golden.tensors["param_before.a"]})
    yield "state without a tensor", refused(compare_state, golden, {})


def self_test_files():
    with tempfile.TemporaryDirectory() as folder:
        expected = {"x": ((2, 3), array.array("f", range(6))), "n": ((), array.array("q", [-7]))}
        for write, read in (
            (files.write_npz, files.read_npz),
            (files.write_safetensors, files.read_safetensors),
        ):
            write(f"{folder}/t", expected)
            yield f"{read.__name__} round trip", read(f"{folder}/t") == expected


def self_test():
    golden = sample_golden()
    results = [*self_test_step(golden), *self_test_series(golden), *self_test_files()]
    missed = [name for name, held in results if not held]
    require(not missed, f"self-test: accepted a wrong {', '.join(missed)}")
    return [f"self-test: {len(results)} checks hold"]


# --- Command line -----


def write_state(golden, step, path):
    state = golden.group(f"state{step}")
    require(state, f"the golden has no state before step {step}")
    files.write_safetensors(path, state)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "command",
        choices=("data", "flags", "init", "step", "losses", "loss-at", "state", "self-test"),
    )
    parser.add_argument("golden", nargs="?")
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("-o")
    return parser.parse_args()


def run(args):
    if args.command == "self-test":
        return self_test()
    golden, rest = Golden(args.golden), args.arguments
    if args.command == "data":
        files.write_npz(args.o, golden.data(int(rest[0]) if rest else 1))
    elif args.command == "flags":
        return [" ".join(map(str, getattr(golden, f"{rest[0]}_flags")(*rest[1:])))]
    elif args.command == "init":
        write_state(golden, int(rest[0]), args.o)
    elif args.command == "step":
        return compare_step(golden, files.read_npz(rest[0]))
    elif args.command == "losses":
        return compare_losses(golden, read_metrics(rest[0]))
    elif args.command == "loss-at":
        return compare_loss_at(golden, int(rest[0]), read_metrics(rest[1]))
    elif args.command == "state":
        return compare_state(golden, files.read_safetensors(newest_checkpoint(rest[0])))
    return []


def main():
    args = parse_arguments()
    try:
        for line in run(args):
            print(line)
    except (Unequal, OSError, ValueError) as error:
        sys.exit(f"error: {args.golden or ''}: {error}")


if __name__ == "__main__":
    main()
