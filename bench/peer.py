"""A row of the bench in PyTorch: trains as long as it is told to. Runs in the .venv.

    peer.py ROW eager|compile DATA [cpu|cuda]

Forward, loss, backward and AdamW on the arrays of the folder DATA, in order. "compile" compiles
the model with its loss. AdamW is the fused one, which a compiled update does not surpass. Reads
lines "SECONDS STEPS", trains so long and at least so many steps, and answers each by a JSON line:
the first step's loss and the time of every step. All in fp32: on a GPU, tensor cores would round
to TF32.
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


def in_fp32():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def batches(arrays, batch):
    count = len(arrays[0]) // batch
    step = 0
    while True:
        first = step % count * batch
        yield [array[first : first + batch] for array in arrays]
        step += 1


def loss_of(row, logits, labels):
    if row.dense:
        return F.cross_entropy(logits, labels)
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


def make_step(row, mode, device):
    """A function of a batch that trains one step and returns its loss."""
    model = models.make_model(row).to(*device)
    optimizer = torch.optim.AdamW(
        model.parameters(), rows.LEARNING_RATE, weight_decay=0.0, fused=True
    )

    def forward(inputs, labels):
        return loss_of(row, model(inputs), labels)

    if mode == "compile":
        forward = torch.compile(forward)

    def step(inputs, labels):
        optimizer.zero_grad()
        loss = forward(inputs, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def run_steps(step, batches, seconds, least):
    losses, times = [], []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        inputs, labels = next(batches)
        start = time.perf_counter()
        losses.append(step(inputs, labels))
        times.append((time.perf_counter() - start) * 1e3)
    return {"loss": losses[0], "step_ms": times}


def main():
    name, mode, data, *device = sys.argv[1:]
    in_fp32()
    row = rows.ROWS[name]
    step = make_step(row, mode, device)
    arrays = [array.to(*device) for array in load_arrays(row, pathlib.Path(data))]
    data = batches(arrays, row.batch)
    for line in sys.stdin:
        seconds, least = line.split()
        print(json.dumps(run_steps(step, data, float(seconds), int(least))), flush=True)


if __name__ == "__main__":
    main()
