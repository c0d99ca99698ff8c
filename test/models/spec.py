"""How a test model is made, exported and trained."""

import dataclasses
from typing import Callable

import torch
from torch import nn


@dataclasses.dataclass
class Spec:
    module: Callable[[], nn.Module]
    inputs: dict  # name -> (shape of one sample, number of integer values or None)
    output: str = "logits"
    exporter: str = "dynamo"  # or "torchscript"
    opset: int | None = None  # None: the exporter's default
    batch: int | None = None  # a fixed batch in the export; None: symbolic
    classes: int | None = None  # labels are class indices
    label_shape: tuple = ()  # of one sample
    loss: str = "cross-entropy"
    seed: int = 0
    record: bool = False  # the file keeps the exporter's record of what is a parameter
    optimize: bool = False  # the dynamo exporter merges and folds initializers
    golden: str | None = None  # models of equal weights share one; None: the stem; "": none

    def make(self):
        torch.manual_seed(1000 + self.seed)
        return self.module()


def both_exporters(stem, golden=None, **fields):
    return {
        f"{stem}-{exporter}": Spec(exporter=exporter, golden=golden or stem, **fields)
        for exporter in ("dynamo", "torchscript")
    }
