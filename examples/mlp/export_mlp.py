#!/usr/bin/env python3
"""Exports mlp.onnx: 784-256-128-10 with ReLU, the smallest whole example, by the dynamo exporter.

Needs torch and onnxscript (scripts/python-env makes such an environment).
"""

import argparse
import pathlib

import onnx
import torch
import torch.nn.functional as F
from torch import nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, 10)

    def forward(self, image):  # [B, 1, 28, 28] -> [B, 10]
        x = F.relu(self.fc1(image.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def make_model():
    torch.manual_seed(784)
    return MLP()


def export(path):
    # Without optimize=False the exporter transposes weights (losing their names) and merges
    # initializers that are equal at the start, such as the weights of all layer norms.
    torch.onnx.export(
        make_model(),
        (torch.zeros(2, 1, 28, 28),),
        path,
        dynamo=True,
        optimize=False,
        external_data=False,
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
    )
    strip_metadata(path)


def strip_metadata(path):
    """Drops the stack traces that the exporter leaves on every node."""
    model = onnx.load(path)
    for item in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
        *model.graph.initializer,
    ):
        del item.metadata_props[:]
    onnx.save(model, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", default=pathlib.Path(__file__).with_name("mlp.onnx"))
    export(parser.parse_args().o)
