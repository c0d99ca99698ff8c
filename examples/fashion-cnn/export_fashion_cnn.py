#!/usr/bin/env python3
"""Exports fashion-cnn.onnx: a plain CNN for 28x28 images, by PyTorch's TorchScript exporter.

Needs torch and onnx (scripts/python-env makes such an environment).
"""

import argparse
import pathlib

import torch
import torch.nn.functional as F
from torch import nn


class FashionCNN(nn.Module):
    """Two convolutions, each followed by a max pool, then a hidden layer and the classes."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.fc1 = nn.Linear(64 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, image):  # [B, 1, 28, 28] -> [B, 10]
        x = F.max_pool2d(F.relu(self.conv1(image)), 2)  # [B, 32, 14, 14]
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # [B, 64, 7, 7]
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def make_model():
    torch.manual_seed(28)
    return FashionCNN()


def export(path):
    # The training mode and no constant folding keep the parameters' names.
    torch.onnx.export(
        make_model(),
        (torch.zeros(2, 1, 28, 28),),
        path,
        dynamo=False,
        training=torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", default=pathlib.Path(__file__).with_name("fashion-cnn.onnx"))
    export(str(parser.parse_args().o))
