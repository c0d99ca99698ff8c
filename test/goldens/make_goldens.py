#!/usr/bin/env python3
"""Computes with PyTorch what trainers must compute, and writes it to .npz files beside this script.

One file per model (models of equal weights share one): `input.<name>`, `labels`, `loss`,
`output.<name>`, `grad.<name>` of the first batch in f64, and `losses` of AdamW steps in f32 over
the unshuffled order (sample i of step s is (s*B+i) mod n). Gradient names are those of the .onnx
file. Further files follow optimizers (`param_after.<name>`), losses and batch norm. `settings` is
JSON: batch and what dsc-compile and the trainer must be told to compute the same.
test/e2e/compare.py does the comparing.

Needs torch, onnx and numpy; scripts/make-goldens runs it. Names of goldens limit the work to them.
"""

import argparse
import json
import math
import pathlib
import re
import sys

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "models"))
from models import IMAGE, MODELS, TOKENS, VECTOR, Spec  # noqa: E402,F401
import export_byte_gpt  # noqa: E402
import export_fashion_cnn  # noqa: E402
import export_mlp  # noqa: E402

PICTURE = {"image": ((1, 28, 28), None)}
EXAMPLES = {
    "mlp": Spec(export_mlp.make_model, PICTURE, classes=10, seed=20),
    "fashion-cnn": Spec(export_fashion_cnn.make_model, PICTURE, classes=10, seed=21),
    "byte-gpt": Spec(
        export_byte_gpt.make_model,
        {"tokens": ((64,), 256)},
        classes=256,
        label_shape=(64,),
        seed=22,
    ),
}
ADAMW = {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.1}
# Where 50 steps at 1e-3 amplify rounding: PyTorch's own losses of fashion-cnn on a GPU are 5e-3
# from those on a CPU.
SLOWER = {"fashion-cnn": 3e-4}


# --- The model: PyTorch's module with the .onnx file's weights -----


def onnx_path(stem):
    folder = ROOT / "examples" / stem if stem in EXAMPLES else ROOT / "test" / "models"
    return folder / f"{stem}.onnx"


class Model:
    """A module, its loss, and its parameters under the names of the .onnx file."""

    def __init__(self, stem, spec, dtype, loss=None):
        self.spec, self.dtype = spec, dtype
        self.loss_of = loss or loss_function(spec.loss, {})
        self.module = spec.make().to(dtype).train()
        for module in self.module.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        self.parameters, self.buffers = {}, dict(self.module.named_buffers())
        weights = {
            i.name: onnx.numpy_helper.to_array(i)
            for i in onnx.load(onnx_path(stem)).graph.initializer
        }
        for name, parameter in self.module.named_parameters(remove_duplicate=False):
            if name in weights or spec.optimize:  # merged ones keep their values
                self.parameters[name] = parameter
            if name in weights:
                parameter.data = torch.tensor(weights[name], dtype=dtype)
        for name, buffer in self.buffers.items():
            if name in weights:
                buffer.copy_(torch.tensor(weights[name]))

    def state(self):
        return {**self.parameters, **self.buffers}

    def run(self, inputs, labels):
        """Returns loss and output of one batch."""
        arguments = [
            value.to(self.dtype) if value.is_floating_point() else value
            for value in map(torch.as_tensor, inputs.values())
        ]
        labels = torch.as_tensor(labels)
        if self.spec.loss == "model":
            loss = self.module(*arguments, labels)
            return loss, loss
        output = self.module(*arguments)
        output.retain_grad()
        if labels.is_floating_point():
            labels = labels.to(self.dtype)
        return self.loss_of(output, labels), output


def loss_function(name, options):
    """The loss as CONTRACT flags describe it, from PyTorch's functions."""

    def cross_entropy(output, labels):
        if not (output.dim() >= 4 or options.get("class_axis") == 1):
            output = output.movedim(-1, 1)
        return F.cross_entropy(
            output,
            labels,
            ignore_index=options.get("ignore_index", -100),
            label_smoothing=options.get("label_smoothing", 0.0),
        )

    return {
        "cross-entropy": cross_entropy,
        "mse": F.mse_loss,
        "l1": F.l1_loss,
        "model": None,
        "bce-with-logits": F.binary_cross_entropy_with_logits,
    }[name]


# --- Data -----


def make_data(spec, samples):
    """Numbers with few mantissa bits (small files, exact in every float type), and labels that the
    inputs partly explain, so that training has something to do."""
    random = np.random.default_rng(100 + spec.seed)
    inputs = {}
    for name, (shape, values) in spec.inputs.items():
        shape = (samples, *shape)
        if values:
            steps = random.integers(0, 4, shape).cumsum(axis=-1)
            inputs[name] = ((random.integers(0, values, (samples, 1)) + steps) % values).astype(
                np.int64
            )
        else:
            inputs[name] = (random.integers(-16, 17, shape) / 8).astype(np.float32)
    shape = (samples, *spec.label_shape)
    if spec.classes and spec.label_shape and spec.inputs.keys() == TOKENS.keys():
        return inputs, np.roll(inputs["tokens"], -1, axis=-1)
    if spec.classes:
        return inputs, random.integers(0, spec.classes, shape)
    if spec.loss == "bce-with-logits":
        return inputs, random.integers(0, 2, shape).astype(np.float32)
    return inputs, (random.integers(-16, 17, shape) / 8).astype(np.float32)


def batch_of(inputs, labels, step, batch):
    rows = (step * batch + np.arange(batch)) % len(labels)
    return {name: value[rows] for name, value in inputs.items()}, labels[rows]


# --- Training -----


def learning_rate(settings, step, steps):
    """Of step 1, 2, …: linear warm-up, then constant, linear or half cosine to lr_min."""
    lr, low, warmup = settings["lr"], settings.get("lr_min", 0.0), settings.get("warmup", 0)
    if step <= warmup:
        return lr * step / warmup
    done = (step - warmup) / max(1, steps - warmup)
    schedule = settings.get("lr_schedule", "constant")
    return {
        "constant": lr,
        "linear": lr + (low - lr) * done,
        "cosine": low + (lr - low) * 0.5 * (1 + math.cos(math.pi * done)),
    }[schedule]


def make_optimizer(settings, parameters):
    decay, kept = [], []
    pattern = settings.get("no_decay")
    for name, parameter in parameters.items():
        spared = pattern and (parameter.dim() <= 1 if pattern == "1d" else re.search(pattern, name))
        (kept if spared else decay).append(parameter)
    groups = [{"params": decay, "weight_decay": settings.get("weight_decay", 0.0)}]
    if kept:
        groups.append({"params": kept, "weight_decay": 0.0})
    lr, betas = settings["lr"], (settings.get("beta1", 0.9), settings.get("beta2", 0.999))
    eps = settings.get("eps", 1e-8)
    return {
        "sgd": lambda: torch.optim.SGD(groups, lr),
        "momentum": lambda: torch.optim.SGD(groups, lr, momentum=settings.get("momentum", 0.9)),
        "adam": lambda: torch.optim.Adam(groups, lr, betas, eps),
        "adamw": lambda: torch.optim.AdamW(groups, lr, betas, eps),
    }[settings["optimizer"]]()


def train(model, inputs, labels, batch, steps, settings, before_step=lambda step: None):
    """Returns the three series that the trainer's --metrics shows."""
    optimizer = make_optimizer(settings, model.parameters)
    losses, rates, norms = [], [], []
    for step in range(1, steps + 1):
        before_step(step)
        rate = learning_rate(settings, step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss, _ = model.run(*batch_of(inputs, labels, step - 1, batch))
        loss.backward()
        bound = settings.get("clip_norm", math.inf)
        norms.append(torch.nn.utils.clip_grad_norm_(list(model.parameters.values()), bound).item())
        optimizer.step()
        losses.append(loss.item())
        rates.append(rate)
    return {"losses": np.array(losses), "lrs": np.array(rates), "grad_norms": np.array(norms)}


# --- Goldens -----


def first_step(model, inputs, labels, batch):
    loss, output = model.run(*batch_of(inputs, labels, 0, batch))
    loss.backward()
    arrays = {"loss": np.array(loss.item()), f"output.{model.spec.output}": numpy(output)}
    for name, parameter in model.parameters.items():
        arrays[f"grad.{name}"] = numpy(parameter.grad)
    return arrays, output


def numpy(tensor):
    return tensor.detach().double().numpy().copy()


def data_arrays(inputs, labels):
    return {**{f"input.{name}": value for name, value in inputs.items()}, "labels": labels}


def save(name, arrays, settings):
    """Large f64 arrays are stored as f32: rounding (6e-8) is far below the bound (1e-4)."""
    arrays = {
        key: value.astype(np.float32) if value.dtype == np.float64 and value.size > 4096 else value
        for key, value in arrays.items()
    }
    arrays["settings"] = np.frombuffer(json.dumps(settings).encode(), np.uint8)
    path = pathlib.Path(__file__).with_name(f"{name}.npz")
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def check_followable(name, single, double, count, bound):
    """f32 and f64 must agree well within the bound, or the golden would test nothing but luck."""
    error = np.abs(single[:count] / double[:count] - 1).max()
    if not error < bound / 3:
        raise SystemExit(
            f"error: {name}: PyTorch's own f32 differs by {error:.1e} after {count} steps"
        )


def shared(name):
    """The stems of the models whose golden is `name`; their weights must be the same."""
    stems = [stem for stem, spec in {**MODELS, **EXAMPLES}.items() if (spec.golden or stem) == name]
    weights = [
        Model(stem, {**MODELS, **EXAMPLES}[stem], torch.float32).state() for stem in stems
    ]
    for stem, other in zip(stems, weights):
        if other.keys() != weights[0].keys() or not all(
            torch.equal(other[key], weights[0][key]) for key in other
        ):
            raise SystemExit(f"error: {name}: {stem} has other weights than {stems[0]}")
    return stems


def golden_model(name):
    stem = shared(name)[0]
    spec = {**MODELS, **EXAMPLES}[stem]
    batch, samples = spec.batch or 8, 37
    inputs, labels = make_data(spec, samples)
    arrays, _ = first_step(Model(stem, spec, torch.float64), inputs, labels, batch)
    adamw = {**ADAMW, "lr": SLOWER.get(name, ADAMW["lr"])}
    settings = {"batch": batch, "loss": spec.loss, "output": spec.output, "train": adamw}
    if "bn" not in name:  # trajectories through batch norm are chaotic
        single = train(Model(stem, spec, torch.float32), inputs, labels, batch, 50, adamw)
        double = train(Model(stem, spec, torch.float64), inputs, labels, batch, 50, adamw)
        check_followable(name, single["losses"], double["losses"], 10, 1e-5)
        check_followable(name, single["losses"], double["losses"], 50, 1e-3)
        arrays["losses"] = single["losses"]
    save(name, {**data_arrays(inputs, labels), **arrays}, settings)


SCHEDULE = {
    "weight_decay": 0.1,
    "clip_norm": 0.5,
    "warmup": 3,
    "lr_schedule": "cosine",
    "lr_min": 1e-4,
}
OPTIMIZERS = {
    **{
        f"optimizer-{name}": {"optimizer": name, "lr": rate}
        for name, rate in (("sgd", 0.1), ("momentum", 0.05), ("adam", 0.01), ("adamw", 0.01))
    },
    **{
        f"optimizer-{name}-schedule": {"optimizer": name, "lr": rate, **SCHEDULE}
        for name, rate in (("sgd", 0.5), ("momentum", 0.1), ("adam", 0.01), ("adamw", 0.01))
    },
    "optimizer-adamw-no-decay": {
        "optimizer": "adamw",
        "lr": 0.01,
        "weight_decay": 0.5,
        "no_decay": "1d",
        "lr_schedule": "linear",
        "beta1": 0.8,
        "beta2": 0.95,
        "eps": 1e-6,
    },
    "optimizer-momentum-no-decay": {
        "optimizer": "momentum",
        "lr": 0.05,
        "weight_decay": 0.5,
        "no_decay": "^fc1",
        "momentum": 0.7,
    },
}


def golden_optimizer(name):
    stem, batch, steps, settings = "mlp-tiny-dynamo", 8, 10, OPTIMIZERS[name]
    spec = MODELS[stem]
    inputs, labels = make_data(spec, 37)
    model, single = Model(stem, spec, torch.float64), Model(stem, spec, torch.float32)
    arrays = {f"param_before.{key}": numpy(value) for key, value in model.parameters.items()}
    arrays.update(train(model, inputs, labels, batch, steps, settings))
    series = train(single, inputs, labels, batch, steps, settings)
    check_followable(name, series["losses"], arrays["losses"], steps, 1e-5)
    if "clip_norm" in settings and not min(arrays["grad_norms"]) > settings["clip_norm"] / 4:
        raise SystemExit(f"error: {name}: clipping does nothing")
    for key, value in model.parameters.items():
        arrays[f"param_after.{key}"] = numpy(value)
    save(
        name,
        {**data_arrays(inputs, labels), **arrays},
        {
            "batch": batch,
            "loss": "cross-entropy",
            "output": "logits",
            "steps": steps,
            "train": settings,
        },
    )


LOSSES = {
    "loss-nc": ("scores-nc", "cross-entropy", {}),
    "loss-nc-ignore": ("scores-nc", "cross-entropy", {"ignore_index": -100}),
    "loss-nc-ignore-class": ("scores-nc", "cross-entropy", {"ignore_index": 2}),
    "loss-nc-smooth": ("scores-nc", "cross-entropy", {"label_smoothing": 0.1}),
    "loss-nc-smooth-ignore": (
        "scores-nc",
        "cross-entropy",
        {"label_smoothing": 0.2, "ignore_index": -1},
    ),
    "loss-ntc": ("scores-ntc", "cross-entropy", {}),
    "loss-ntc-smooth-ignore": (
        "scores-ntc",
        "cross-entropy",
        {"label_smoothing": 0.1, "ignore_index": 0},
    ),
    "loss-ncd": ("scores-ncd", "cross-entropy", {"class_axis": 1}),
    "loss-ncd-smooth-ignore": (
        "scores-ncd",
        "cross-entropy",
        {"class_axis": 1, "label_smoothing": 0.1, "ignore_index": 3},
    ),
    "loss-mse": ("scores-ntc", "mse", {}),
    "loss-l1": ("scores-ntc", "l1", {}),
    "loss-bce": ("scores-ntc", "bce-with-logits", {}),
}


def loss_labels(loss, options, spec, inputs):
    random = np.random.default_rng(7)
    if loss != "cross-entropy":
        shape = inputs["x"].shape
        return (
            random.integers(0, 2, shape)
            if loss == "bce-with-logits"
            else random.integers(-8, 9, shape) / 8
        ).astype(np.float32)
    labels = random.integers(0, spec.classes, (len(inputs["x"]), *spec.label_shape))
    if "ignore_index" in options:  # a third of the targets
        labels[random.random(labels.shape) < 0.33] = options["ignore_index"]
    return labels


def golden_loss(name):
    """Value and gradient (`grad_output.<name>`) of one loss, at an output that is also given."""
    stem, loss, options = LOSSES[name]
    spec, batch = MODELS[stem], 6
    inputs, _ = make_data(spec, batch)
    inputs["x"] *= 3  # scores far enough apart that a softmax without its maximum taken off shows
    labels = loss_labels(loss, options, spec, inputs)
    model = Model(stem, spec, torch.float64, loss_function(loss, options))
    arrays, output = first_step(model, inputs, labels, batch)
    arrays[f"grad_output.{spec.output}"] = numpy(output.grad)
    save(
        name,
        {**data_arrays(inputs, labels), **arrays},
        {
            "batch": batch,
            "loss": loss,
            "output": spec.output,
            "loss_options": options,
            "train": {"optimizer": "sgd", "lr": 0.1},
        },
    )


def golden_batch_norm(name):
    """Three SGD steps: the state before each (`state<k>.<name>`, for restarts), its loss, and the
    parameters and running statistics after the last. With decay, so that the bias before a batch
    norm moves too."""
    stem = shared(name)[0]
    spec, batch, steps, settings = (
        MODELS[stem],
        8,
        3,
        {"optimizer": "sgd", "lr": 0.05, "weight_decay": 0.1},
    )
    inputs, labels = make_data(spec, 37)
    model, arrays = Model(stem, spec, torch.float32), {}
    names = [i.name for i in onnx.load(onnx_path(stem)).graph.initializer]

    def state():
        return {
            key: value.detach().numpy().copy()
            for key, value in {**model.parameters, **model.buffers}.items()
            if key in names
        }

    def remember(step):
        arrays.update({f"state{step}.{key}": value for key, value in state().items()})

    arrays.update(train(model, inputs, labels, batch, steps, settings, remember))
    for key, value in state().items():
        arrays[f"param_before.{key}"] = arrays[f"state1.{key}"]
        arrays[f"param_after.{key}"] = value
    save(
        name + "-steps",
        {**data_arrays(inputs, labels), **arrays},
        {
            "batch": batch,
            "loss": spec.loss,
            "output": spec.output,
            "steps": steps,
            "train": settings,
        },
    )


def makers():
    models = {
        spec.golden or stem
        for stem, spec in {**MODELS, **EXAMPLES}.items()
        if spec.golden != "" and not stem.startswith("scores")
    }
    jobs = {name: lambda name=name: golden_model(name) for name in sorted(models)}
    jobs |= {name: lambda name=name: golden_optimizer(name) for name in OPTIMIZERS}
    jobs |= {name: lambda name=name: golden_loss(name) for name in LOSSES}
    jobs |= {
        f"{name}-steps": lambda name=name: golden_batch_norm(name)
        for name in models
        if "bn" in name
    }
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("goldens", nargs="*")
    jobs = makers()
    for name in parser.parse_args().goldens or jobs:
        jobs[name]()


if __name__ == "__main__":
    main()
