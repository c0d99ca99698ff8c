"""The bench's models as PyTorch modules, and how each becomes ONNX. Runs in the .venv.

    models.py ROW FILE.onnx     exports the row's model

Rows take their modules from the examples where there is one; others stand in networks.py, GPT-2
here. Which exporter a row uses is the row's own (rows.py), so that both are covered.
"""

import argparse
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

import rows

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("examples/byte-gpt", "examples/fashion-cnn", "examples/mlp", "test/models")
sys.path[:0] = [str(ROOT / name) for name in FOLDERS]
from export_byte_gpt import Block, ByteGPT, strip_metadata  # noqa: E402
from export_fashion_cnn import FashionCNN  # noqa: E402
from export_mlp import MLP  # noqa: E402
from networks import LanguageLSTM, ResNet18, UNet, ViT  # noqa: E402


class TanhBlock(Block):
    """GPT-2's GELU is the one by tanh."""

    def forward(self, x):
        x = x + self.attend(self.ln_1(x))
        return x + self.fc_out(F.gelu(self.fc_in(self.ln_2(x)), approximate="tanh"))


class GPT2(ByteGPT):
    """GPT-2: the head is the embedding; 12 layers of width 768 have 124 million parameters."""

    def __init__(self, layers=12, width=768, heads=12, context=1024, vocabulary=50257):
        super().__init__(layers, width, heads, context, vocabulary)
        self.blocks = nn.ModuleList(TanhBlock(width, heads) for _ in range(layers))
        self.head.weight = self.wte.weight
        for embedding in (self.wte, self.wpe):
            nn.init.normal_(embedding.weight, std=0.02)


MODULES = {
    "mlp": MLP,
    "cnn": FashionCNN,
    "gpt": ByteGPT,
    "gpt2": GPT2,
    "resnet18": ResNet18,
    "vit": ViT,
    "lstm": LanguageLSTM,
    "unet": UNet,
}


def make_model(row):
    torch.manual_seed(2024)
    return MODULES[row.module](**row.arguments)


def example_input(row):
    if row.vocabulary:
        return torch.zeros(2, *row.sample, dtype=torch.int64)
    return torch.zeros(2, *row.sample)


def export(row, path):
    """Names of parameters are kept: no constant folding, no optimizer of the exporter's."""
    names = {"input_names": [row.input], "output_names": ["logits"]}
    arguments = (make_model(row), (example_input(row),), str(path))
    if row.exporter == "dynamo":
        shapes = {row.argument: {0: torch.export.Dim("batch")}}
        torch.onnx.export(
            *arguments,
            dynamo=True,
            optimize=False,
            external_data=False,
            dynamic_shapes=shapes,
            **names,
        )
        strip_metadata(path)
    else:
        torch.onnx.export(
            *arguments,
            dynamo=False,
            training=torch.onnx.TrainingMode.TRAINING,
            do_constant_folding=False,
            dynamic_axes={row.input: {0: "batch"}, "logits": {0: "batch"}},
            **names,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("row", choices=rows.ROWS)
    parser.add_argument("output", type=pathlib.Path)
    parsed = parser.parse_args()
    export(rows.ROWS[parsed.row], parsed.output)
