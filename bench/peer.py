"""A row of the bench in PyTorch: trains until it is stopped. Runs in the .venv.

    peer.py ROW eager|compile DATA METRICS

Forward, backward and AdamW (its fused form, the fastest on a CPU) on the arrays of the folder
DATA, in order. Writes one JSON line a step to METRICS, as a trainer does.
"""

import json
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import models
import rows


def load_arrays(row, folder):
    return [torch.tensor(np.load(folder / f"{name}.npy")) for name in (row.input, "labels")]


def batches(arrays, batch):
    count = len(arrays[0]) // batch
    step = 0
    while True:
        first = step % count * batch
        yield [array[first : first + batch] for array in arrays]
        step += 1


def make_step(model, optimizer):
    def step(inputs, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs).flatten(0, -2), labels.flatten())
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main():
    name, mode, data, metrics = sys.argv[1:]
    row = rows.ROWS[name]
    model = models.make_model(row)
    optimizer = torch.optim.AdamW(
        model.parameters(), rows.LEARNING_RATE, weight_decay=0.0, fused=True
    )
    step = make_step(torch.compile(model) if mode == "compile" else model, optimizer)
    with open(metrics, "w") as file:
        for inputs, labels in batches(load_arrays(row, pathlib.Path(data)), row.batch):
            start = time.perf_counter()
            loss = step(inputs, labels)
            seconds = time.perf_counter() - start
            file.write(json.dumps({"loss": loss, "step_ms": seconds * 1e3}) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
