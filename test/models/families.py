"""Models of the families that people train, small: what a trainer must manage whole."""

from torch import nn

from spec import both_exporters


class Classifier(nn.Module):
    """Token by token through a recurrent net, both ways; classified by the mean over steps."""

    def __init__(self, kind, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.net = getattr(nn, kind)(6, 8, layers, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 5)

    def forward(self, tokens):  # [B, 7] -> [B, 5]
        steps, _ = self.net(self.embedding(tokens))
        return self.head(steps.mean(1))


SEQUENCE = {"tokens": ((7,), 20)}


def recurrent(kind, seed):
    fields = {"inputs": SEQUENCE, "classes": 5, "seed": seed}
    stem = kind.lower()
    return {
        **both_exporters(stem, module=lambda: Classifier(kind), **fields),
        **both_exporters(
            f"{stem}-static", golden=stem, module=lambda: Classifier(kind), batch=8, **fields
        ),
    }


FAMILIES = {
    **recurrent("LSTM", 30),
    **recurrent("GRU", 31),
    **recurrent("RNN", 32),
}
