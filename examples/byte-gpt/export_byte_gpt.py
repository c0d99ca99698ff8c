#!/usr/bin/env python3
"""Exports byte-gpt.onnx: a small GPT over bytes, written out plainly, by PyTorch's dynamo exporter.

Needs torch and onnxscript (scripts/python-env makes such an environment).
"""

import argparse
import pathlib

import onnx
import torch
import torch.nn.functional as F
from torch import nn

LAYERS, WIDTH, HEADS, CONTEXT, VOCABULARY = 4, 128, 4, 64, 256


class Block(nn.Module):
    """Attention and a two-layer perceptron, each behind a layer norm and beside a residual."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.fc_in = nn.Linear(width, 4 * width)
        self.fc_out = nn.Linear(4 * width, width)

    def attend(self, x):
        batch, time, width = x.shape
        heads = (batch, time, self.heads, width // self.heads)
        q, k, v = (part.reshape(heads).transpose(1, 2) for part in self.qkv(x).split(width, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # [B, heads, T, head width]
        return self.proj(y.transpose(1, 2).reshape(batch, time, width))

    def forward(self, x):  # [B, T, width] -> [B, T, width]
        x = x + self.attend(self.ln_1(x))
        return x + self.fc_out(F.gelu(self.fc_in(self.ln_2(x))))


class ByteGPT(nn.Module):
    """Pre-norm GPT with learned positions; the head is a matrix of its own (not tied)."""

    def __init__(
        self, layers=LAYERS, width=WIDTH, heads=HEADS, context=CONTEXT, vocabulary=VOCABULARY
    ):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for embedding in (self.wte, self.wpe):  # PyTorch's 1 is far above what the branches add
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, tokens):  # [B, T] int64 -> [B, T, vocabulary]
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.wte(tokens) + self.wpe(positions)
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def make_model():
    torch.manual_seed(1611)
    return ByteGPT()


def export(path):
    model = make_model()
    tokens = torch.zeros(2, CONTEXT, dtype=torch.int64)
    # Without optimize=False the exporter transposes weights (losing their names) and merges
    # initializers that are equal at the start, such as the weights of all layer norms.
    torch.onnx.export(
        model,
        (tokens,),
        path,
        dynamo=True,
        optimize=False,
        external_data=False,
        input_names=["tokens"],
        output_names=["logits"],
        dynamic_shapes={"tokens": {0: torch.export.Dim("batch")}},
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
    parser.add_argument("-o", default=pathlib.Path(__file__).with_name("byte-gpt.onnx"))
    export(parser.parse_args().o)
