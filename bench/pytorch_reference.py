#!/usr/bin/env python3
"""Trains the two examples of scripts/quickstart in PyTorch: the figures to compare a trainer with.

The same models, data, batches, optimizer and schedule. Prints one JSON line per model: seconds of
training by the clock and of all processors (evaluation not counted), and the quality reached.
Needs torch and numpy (scripts/python-env makes such an environment) and the data that
scripts/quickstart prepares.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "examples" / name) for name in ("byte-gpt", "fashion-cnn")]
import export_byte_gpt  # noqa: E402
import export_fashion_cnn  # noqa: E402


class Clock:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def spent(self):
        return {
            "seconds": round(time.perf_counter() - self.wall, 1),
            "cpu_seconds": round(time.process_time() - self.cpu, 1),
        }


def load_images(folder):
    image = torch.tensor(np.load(folder / "image.npy").astype(np.float32) * 0.0111 - 0.81)
    return image, torch.tensor(np.load(folder / "labels.npy").astype(np.int64))


def train_cnn(data, epochs, batch=128):
    model = export_fashion_cnn.make_model()
    image, labels = load_images(data / "fashion-mnist" / "train")
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.0)
    clock = Clock()
    for _ in range(epochs):
        order = torch.randperm(len(labels))
        for first in range(0, len(labels) - batch + 1, batch):
            rows = order[first : first + batch]
            optimizer.zero_grad()
            F.cross_entropy(model(image[rows]), labels[rows]).backward()
            optimizer.step()
    spent = clock.spent()
    image, labels = load_images(data / "fashion-mnist" / "test")
    with torch.no_grad():
        right = sum(
            (model(image[i : i + 1000]).argmax(1) == labels[i : i + 1000]).sum().item()
            for i in range(0, len(labels), 1000)
        )
    return {
        "model": "fashion-cnn",
        "epochs": epochs,
        **spent,
        "accuracy": right / len(labels),
    }


def load_tokens(path):
    return torch.tensor(np.fromfile(path, np.uint16, offset=1024).astype(np.int64))


def windows(tokens, starts, context):
    rows = starts[:, None] + torch.arange(context)
    return tokens[rows], tokens[rows + 1]


def learning_rate(step, steps, peak=1e-3, warmup=100):
    if step <= warmup:
        return peak * step / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def evaluate_gpt(model, tokens, context):
    starts = torch.arange(0, len(tokens) - context - 1, context)
    total = 0.0
    with torch.no_grad():
        for part in starts.split(256):
            inputs, targets = windows(tokens, part, context)
            total += F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).item() * len(
                part
            )
    return total / len(starts)


def train_gpt(data, steps, batch=12):
    model, context = export_byte_gpt.make_model(), export_byte_gpt.CONTEXT
    tokens = load_tokens(data / "bible" / "train.bin")
    order = torch.randperm((len(tokens) - 1) // context) * context
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.1)
    clock = Clock()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        inputs, targets = windows(tokens, order[(step - 1) * batch : step * batch], context)
        optimizer.zero_grad()
        F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
    spent = clock.spent()
    loss = evaluate_gpt(model, load_tokens(data / "bible" / "heldout.bin"), context)
    return {"model": "byte-gpt", "steps": steps, **spent, "heldout_loss": loss}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "out" / "data")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, help="default: as many as PyTorch chooses")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    jobs = (lambda: train_cnn(args.data, args.epochs), lambda: train_gpt(args.data, args.steps))
    for result in (job() for job in jobs):
        print(
            json.dumps({**result, "threads": torch.get_num_threads(), "torch": torch.__version__}),
            flush=True,
        )


if __name__ == "__main__":
    main()
