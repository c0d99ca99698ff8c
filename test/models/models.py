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
TOKENS = {"tokens": ((16,), 40)}


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
