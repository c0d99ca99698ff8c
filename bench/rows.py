"""The rows of the bench: which model, of which size, on which batch."""

import dataclasses

LEARNING_RATE = 1e-4  # of AdamW, everywhere
LOSS = "cross-entropy"
FLAGS = ("--clip", "off")  # of dsc-compile: PyTorch does not clip either


@dataclasses.dataclass
class Row:
    """A model with its batch; `sample` is the shape of one input row."""

    title: str
    module: str  # a key of models.MODULES
    batch: int
    sample: tuple
    exporter: str  # dynamo or torchscript
    input: str = "image"
    vocabulary: int = 0  # above 0: inputs are token ids
    classes: int = 10
    arguments: dict = dataclasses.field(default_factory=dict)  # of the module
    dense: bool = False  # logits are [N, classes, pixels...], not [N, ..., classes]
    time: bool = True  # False: only memory and the first steps are looked at

    @property
    def argument(self):
        """What the module's forward() calls its input."""
        return "tokens" if self.vocabulary else "image"


def gpt(title, batch, tokens, exporter, module="gpt", vocabulary=256, **arguments):
    return Row(
        title,
        module,
        batch,
        (tokens,),
        exporter,
        input="tokens",
        vocabulary=vocabulary,
        classes=vocabulary,
        arguments={"vocabulary": vocabulary, **arguments},
    )


def gpt2(title, batch, tokens, layers=12, time=True):
    row = gpt(title, batch, tokens, "dynamo", "gpt2", 50257, layers=layers)
    return dataclasses.replace(row, time=time)


ROWS = {
    "mlp": Row("mlp 784-256-128-10, batch 64", "mlp", 64, (1, 28, 28), "dynamo"),
    "cnn": Row("cnn 32-64, 3x3, 28 px, batch 128", "cnn", 128, (1, 28, 28), "torchscript"),
    "gpt-4x128": gpt("gpt 4x128, T 64, batch 12", 12, 64, "dynamo", context=64),
    "gpt-6x384": gpt(
        "gpt 6x384, T 256, batch 8",
        8,
        256,
        "torchscript",
        layers=6,
        width=384,
        heads=6,
        context=256,
    ),
    "gpt2-124M": gpt2("gpt2-124M, T 64, batch 4", 4, 64),
    "resnet18": Row(
        "resnet18, 64 px, batch 16", "resnet18", 16, (3, 64, 64), "torchscript", classes=1000
    ),
    "vit": Row("vit 6x192, 32 px, patches of 4, batch 32", "vit", 32, (3, 32, 32), "dynamo"),
    "lstm": gpt("lstm 2x256, T 64, batch 32", 32, 64, "torchscript", module="lstm"),
    "unet": Row("unet, 64 px, batch 8", "unet", 8, (3, 64, 64), "dynamo", dense=True),
    "gpt2-2-layers": gpt2("gpt2 of 2 layers, T 64, batch 4", 4, 64, layers=2, time=False),
    "gpt2-124M-T1024": gpt2("gpt2-124M, T 1024, batch 1", 1, 1024, time=False),
}
