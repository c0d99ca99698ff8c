"""The small models of the tests, as PyTorch modules, and how each is exported.

MODELS maps a file stem to a Spec; make_models.py exports each to STEM.onnx and
../goldens/make_goldens.py computes what a trainer compiled from it must compute.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
for example in ("byte-gpt", "fashion-cnn", "mlp"):
    sys.path.insert(0, str(ROOT / "examples" / example))
from export_byte_gpt import ByteGPT  # noqa: E402

from families import FAMILIES  # noqa: E402
from spec import Spec, both_exporters  # noqa: E402


class TinyMLP(nn.Module):
    def __init__(self, inputs=12, hidden=16, outputs=5):
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.fc3(torch.tanh(self.fc2(F.relu(self.fc1(x)))))


class LossMLP(nn.Module):
    """Computes its own loss, from an input called labels."""

    def __init__(self):
        super().__init__()
        self.mlp = TinyMLP()

    def forward(self, x, labels):
        return F.cross_entropy(self.mlp(x), labels)


class TinyCNN(nn.Module):
    """Strided and padded convolutions, batch norm, both poolings, dropout."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.bn2 = nn.BatchNorm2d(12)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(12, 5)

    def forward(self, image):  # [B, 2, 12, 12] -> [B, 5]
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(image))), 2)  # [B, 8, 6, 6]
        x = F.relu(self.bn2(self.conv2(x)))  # [B, 12, 3, 3]
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc(self.dropout(x))


class PlainCNN(nn.Module):
    """No batch norm: its trajectory can be followed over many steps."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 9, 5)

    def forward(self, image):  # [B, 2, 12, 12] -> [B, 5]
        x = F.max_pool2d(F.relu(self.conv1(image)), 2)
        x = F.avg_pool2d(F.relu(self.conv2(x)), 2)  # [B, 8, 3, 3]
        return self.fc(x.flatten(1))


class SegmentationCNN(nn.Module):
    """Scores per pixel: [B, C, H, W]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 4, 1)

    def forward(self, image):
        return self.conv2(F.relu(self.conv1(image)))


class TinyGPT(ByteGPT):
    def __init__(self, tied=False):
        super().__init__(layers=2, width=32, heads=2, context=16, vocabulary=40)
        if tied:
            self.head.weight = self.wte.weight


class Tables(nn.Module):
    """Whatever is no parameter although it is a float tensor: a position table, masks, numbers;
    beside parameters that look like none: a scalar, a norm without bias."""

    def __init__(self, mean=False):
        super().__init__()
        places, waves = torch.arange(8.0)[:, None], 0.3 ** torch.arange(8.0)
        angles = places * waves
        self.register_buffer("positions", torch.cat([angles.sin(), angles.cos()], 1))
        self.register_buffer("causal", torch.full((8, 8), -1e9).triu(1))
        self.register_buffer("window", torch.ones(8, 8).tril().triu(-3))
        self.register_buffer("mean", torch.full((6,), 0.25) if mean else None)
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.norm = nn.LayerNorm(16, bias=False)
        self.fc1 = nn.Linear(6, 16)
        self.fc2 = nn.Linear(16, 5)

    def forward(self, x):  # [B, 8, 6] -> [B, 5]
        if self.mean is not None:
            x = x - self.mean
        h = self.norm(self.fc1(x) * self.scale + self.positions)
        scores = h @ h.transpose(1, 2) * 0.25 * self.window + self.causal
        return self.fc2(torch.tanh(scores.softmax(-1) @ h).mean(1))


class TwinNorms(nn.Module):
    """Norms that begin alike, of which an optimizing exporter keeps one weight and one bias."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm1 = nn.Linear(12, 16), nn.LayerNorm(16)
        self.fc2, self.norm2 = nn.Linear(16, 16), nn.LayerNorm(16)
        self.fc3 = nn.Linear(16, 5)

    def forward(self, x):
        x = torch.tanh(self.norm1(self.fc1(x)))
        return self.fc3(torch.tanh(self.norm2(self.fc2(x))))


class ParallelBlock(nn.Module):
    """Two branches of one input, each behind a norm of its own, as in GPT-NeoX."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.left, self.right = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, x):
        return x + torch.tanh(self.left(self.norm1(x))) + torch.sigmoid(self.right(self.norm2(x)))


class MergedNorms(nn.Module):
    """Norms that compute the same at first, of which an optimizing exporter keeps one; another is
    called twice with the same."""

    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(12, 16)
        self.blocks = nn.ModuleList([ParallelBlock(), ParallelBlock()])
        self.norm, self.out, self.gate = nn.LayerNorm(16), nn.Linear(16, 5), nn.Linear(16, 5)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x)) * torch.sigmoid(self.gate(self.norm(x)))


class ZeroBiases(nn.Module):
    """Biases that begin as zeros, which an optimizing exporter drops."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 6, 3, padding=1)
        self.up = nn.ConvTranspose2d(6, 4, 3, stride=2, groups=2)
        self.fc1, self.fc2 = nn.Linear(4, 16), nn.Linear(16, 5)
        for layer in (self.conv, self.up, self.fc1, self.fc2):
            nn.init.zeros_(layer.bias)

    def forward(self, image):  # [B, 2, 12, 12] -> [B, 5]
        x = torch.tanh(self.up(torch.tanh(self.conv(image)))).mean((2, 3))
        return self.fc2(torch.tanh(self.fc1(x)))


class FoldedBatchNorms(nn.Module):
    """Batch norms, which an optimizing exporter computes into the products before them, and a
    product that takes its bias first (addmm); some modules are called twice."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(2, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.norm2 = nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8, momentum=0.3)
        self.conv3, self.norm3 = nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 8)
        nn.init.zeros_(self.fc.bias)
        self.weight, self.bias = nn.Parameter(torch.randn(8, 5)), nn.Parameter(torch.zeros(5))

    def forward(self, image):  # [B, 2, 12, 12] -> [B, 5]
        x = torch.relu(self.norm1(self.conv1(image)))
        x = torch.tanh(self.norm2(self.conv2(x)))
        x = torch.tanh(self.norm3(self.conv3(torch.tanh(self.norm3(self.conv3(x)))))).mean((2, 3))
        return torch.addmm(self.bias, self.fc(torch.tanh(self.fc(x))), self.weight)


class ShiftedNorm(nn.Module):
    """Root mean square norm whose weight begins as zero."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * (1 + self.weight)


class FoldedNorms(nn.Module):
    """Norms of whose weights an optimizing exporter computes one tensor for all, and one that
    needs numbers which are another's weights."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm1 = nn.Linear(12, 8), ShiftedNorm(8)
        self.fc2, self.norm2 = nn.Linear(8, 8), ShiftedNorm(8)
        self.fc3, self.groups = nn.Linear(8, 32), nn.GroupNorm(8, 8)
        self.fc4, self.norm3 = nn.Linear(32, 8), nn.LayerNorm(8)

    def forward(self, x):
        x = torch.tanh(self.norm2(self.fc2(self.norm1(self.fc1(x)))))
        x = torch.tanh(self.groups(self.fc3(x).reshape(-1, 8, 4))).reshape(-1, 32)
        return self.norm3(self.fc4(x))[:, :5]


class TwinStops(nn.Module):
    """Two operations that compute the same, with gradients that stop at another input of each."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(8, 5)

    def forward(self, x):
        a, b = self.fc1(x), self.fc2(x)
        first, second = nn.functional.mse_loss(a, b.detach()), nn.functional.mse_loss(a.detach(), b)
        return self.fc3(torch.tanh(a + b)) * (first + 0.25 * second)


class Stopped(nn.Module):
    """Places where gradients stop: values, uses of a value, a row of a table."""

    def __init__(self, padding):
        super().__init__()
        self.embedding = nn.Embedding(12, 8, padding_idx=padding)
        self.fc1, self.gate, self.fc2 = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, tokens):  # [B, 7] -> [B, 5]
        h = torch.tanh(self.fc1(self.embedding(tokens).mean(1)))
        codes = h + (torch.sin(3 * h) - h).detach()  # as if it were h
        gate = torch.sigmoid(self.gate(h.detach()))
        return self.fc2(codes * gate + h * h.detach())


class NormCNN(nn.Module):
    """Norms whose scale of ones is no parameter, beside one whose scale is."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.instance = nn.InstanceNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.group = nn.GroupNorm(2, 8)
        self.fc = nn.Linear(8, 5)

    def forward(self, image):  # [B, 2, 12, 12] -> [B, 5]
        x = F.relu(self.instance(self.conv1(image)))
        return self.fc(F.relu(self.group(self.conv2(x))).mean((2, 3)))


class Scores(nn.Module):
    """y = x * scale + bias, of one sample's shape: an output whose gradient shows."""

    def __init__(self, *shape):
        super().__init__()
        self.scale = nn.Parameter(1 + 0.1 * torch.randn(shape))
        self.bias = nn.Parameter(0.1 * torch.randn(shape))

    def forward(self, x):
        return x * self.scale + self.bias


VECTOR = {"x": ((12,), None)}
IMAGE = {"image": ((2, 12, 12), None)}
SERIES = {"x": ((8, 6), None)}
TOKENS = {"tokens": ((16,), 40)}
WORDS = {"tokens": ((7,), 12)}


MODELS = {
    **both_exporters("mlp-tiny", module=TinyMLP, inputs=VECTOR, classes=5),
    **both_exporters("cnn-tiny", module=PlainCNN, inputs=IMAGE, classes=5, seed=1),
    **both_exporters("cnn-bn-dropout", module=TinyCNN, inputs=IMAGE, classes=5, seed=2),
    **both_exporters(
        "gpt-tiny", module=TinyGPT, inputs=TOKENS, classes=40, label_shape=(16,), seed=3
    ),
    **both_exporters(
        "gpt-tiny-static",
        module=TinyGPT,
        inputs=TOKENS,
        classes=40,
        label_shape=(16,),
        batch=8,
        seed=3,
        golden="gpt-tiny",
    ),
    # Before opsets 17 and 20 the exporter writes layer norm and gelu in their parts.
    "gpt-tiny-opset14": Spec(
        module=TinyGPT,
        inputs=TOKENS,
        classes=40,
        label_shape=(16,),
        exporter="torchscript",
        opset=14,
        seed=3,
        golden="gpt-tiny",
    ),
    "gpt-tiny-tied": Spec(
        module=lambda: TinyGPT(tied=True), inputs=TOKENS, classes=40, label_shape=(16,), seed=4
    ),
    **both_exporters("tables", module=Tables, inputs=SERIES, classes=5, seed=12),
    "tables-recorded": Spec(
        module=lambda: Tables(mean=True), inputs=SERIES, classes=5, seed=13, record=True
    ),
    "stopped": Spec(
        module=lambda: Stopped(0), inputs=WORDS, classes=5, seed=17, record=True
    ),
    "stopped-optimized": Spec(
        module=lambda: Stopped(0),
        inputs=WORDS,
        classes=5,
        seed=17,
        record=True,
        optimize=True,
        golden="stopped",
    ),
    "twin-stops": Spec(module=TwinStops, inputs=VECTOR, classes=5, seed=49, record=True),
    "twin-stops-optimized": Spec(
        module=TwinStops,
        inputs=VECTOR,
        classes=5,
        seed=49,
        record=True,
        optimize=True,
        golden="twin-stops",
    ),
    # Of the padding row nothing is in such a file.
    "stopped-torchscript": Spec(
        module=lambda: Stopped(None), inputs=WORDS, classes=5, seed=18, exporter="torchscript"
    ),
    "twin-norms": Spec(
        module=TwinNorms, inputs=VECTOR, classes=5, seed=15, record=True, optimize=True
    ),
    "merged-norms": Spec(
        module=MergedNorms, inputs=VECTOR, classes=5, seed=61, record=True, optimize=True
    ),
    "zero-biases": Spec(
        module=ZeroBiases, inputs=IMAGE, classes=5, seed=16, record=True, optimize=True
    ),
    "folded-batch-norms": Spec(
        module=FoldedBatchNorms, inputs=IMAGE, classes=5, seed=47, record=True, optimize=True
    ),
    "folded-norms": Spec(
        module=FoldedNorms,
        inputs=VECTOR,
        classes=5,
        seed=48,
        record=True,
        optimize=True,
        golden="",  # weights that begin as 1 + weight decay to another place
    ),
    "norms": Spec(module=NormCNN, inputs=IMAGE, classes=5, seed=14, exporter="torchscript"),
    "loss-inside": Spec(
        module=LossMLP, inputs=VECTOR, output="loss", classes=5, loss="model", seed=5
    ),
    "regression": Spec(
        module=lambda: TinyMLP(outputs=2),
        inputs=VECTOR,
        output="y",
        loss="mse",
        label_shape=(2,),
        seed=6,
    ),
    "multi-label": Spec(
        module=lambda: TinyMLP(outputs=6),
        inputs=VECTOR,
        loss="bce-with-logits",
        label_shape=(6,),
        seed=7,
    ),
    "segmentation": Spec(
        module=SegmentationCNN,
        inputs={"image": ((2, 6, 5), None)},
        classes=4,
        label_shape=(6, 5),
        seed=8,
    ),
    "scores-nc": Spec(module=lambda: Scores(7), inputs={"x": ((7,), None)}, classes=7, seed=9),
    "scores-ntc": Spec(
        module=lambda: Scores(3, 7),
        inputs={"x": ((3, 7), None)},
        classes=7,
        label_shape=(3,),
        seed=10,
    ),
    "scores-ncd": Spec(
        module=lambda: Scores(7, 3),
        inputs={"x": ((7, 3), None)},
        classes=7,
        label_shape=(3,),
        seed=11,
    ),
    **FAMILIES,
}
