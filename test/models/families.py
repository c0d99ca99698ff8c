"""Models of the families that people train, small: what a trainer must manage whole."""

import torch
import torch.nn.functional as F
from torch import nn

from spec import Spec, both_exporters


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


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class LlamaBlock(nn.Module):
    """Grouped-query attention with rotary positions, then SwiGLU; RMS norm before each."""

    def __init__(self, width, heads, groups, length):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, groups * self.size, bias=False)
        self.v = nn.Linear(width, groups * self.size, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 2 * width, bias=False)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)
        frequency = 1.0 / 100.0 ** (torch.arange(0, self.size, 2) / self.size)
        angles = torch.outer(torch.arange(length).float(), frequency).repeat(1, 2)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())

    def rotate(self, x):
        first, second = x.chunk(2, -1)
        return x * self.cosine + torch.cat((-second, first), -1) * self.sine

    def attention(self, x):  # [B, T, W]
        batch, length, width = x.shape
        split = lambda y, n: y.view(batch, length, n, self.size).transpose(1, 2)  # noqa: E731
        q = self.rotate(split(self.q(x), self.heads))
        k = self.rotate(split(self.k(x), self.groups))
        v = split(self.v(x), self.groups)
        repeats = self.heads // self.groups
        k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(y.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, vocabulary=30, width=16, length=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(LlamaBlock(width, 4, 2, length) for _ in range(2))
        self.norm = RMSNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Bert(nn.Module):
    """Token 0 is padding: it is attended to by nobody, and left out of the mean."""

    def __init__(self, vocabulary=20, width=16, heads=2, length=8):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.norm = nn.LayerNorm(width)
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, 3)

    def forward(self, tokens):  # [B, T] -> [B, 3]
        batch, length = tokens.shape
        keep = (tokens != 0).unsqueeze(1).unsqueeze(2)  # [B, 1, 1, T]
        positions = torch.arange(length, device=tokens.device).unsqueeze(0)
        x = self.norm(self.words(tokens) + self.positions(positions))
        q, k, v = (
            y.view(batch, length, self.heads, -1).transpose(1, 2)
            for y in self.qkv(x).chunk(3, -1)
        )
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        scores = scores.masked_fill(~keep, -1e4)
        y = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        x = self.norm1(x + self.out(y))
        x = self.norm2(x + self.down(F.gelu(self.up(x))))
        weight = keep[:, 0, 0].unsqueeze(-1).to(x.dtype)
        return self.head((x * weight).sum(1) / weight.sum(1).clamp(min=1))


class ViT(nn.Module):
    """Patches by convolution, a class token in front, PyTorch's own encoder layer."""

    def __init__(self, width=16, image=8, patch=4):
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, width))
        self.layer = nn.TransformerEncoderLayer(
            width, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 5)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), 1) + self.position
        return self.head(self.norm(self.layer(x))[:, 0])


class Residual(nn.Module):
    def __init__(self, inner, outer, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.short = nn.Sequential()
        if stride != 1 or inner != outer:
            self.short = nn.Sequential(
                nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.short(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 1, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.blocks = nn.Sequential(Residual(8, 8, 1), Residual(8, 12, 2))
        self.head = nn.Linear(12, 5)

    def forward(self, image):
        return self.head(F.adaptive_avg_pool2d(self.blocks(self.stem(image)), 1).flatten(1))


class UNet(nn.Module):
    """Down by pooling, up by transposed convolution, joined by concatenation."""

    def __init__(self):
        super().__init__()
        conv = lambda i, o: nn.Conv2d(i, o, 3, padding=1)  # noqa: E731
        self.first, self.middle, self.last = conv(2, 6), conv(6, 10), conv(12, 6)
        self.up = nn.ConvTranspose2d(10, 6, 2, 2)
        self.norm = nn.GroupNorm(2, 10)
        self.head = nn.Conv2d(6, 4, 1)

    def forward(self, image):
        x = F.relu(self.first(image))
        y = F.silu(self.norm(self.middle(F.max_pool2d(x, 2))))
        y = F.relu(self.last(torch.cat((self.up(y), x), 1)))
        return self.head(y)


class Mixer(nn.Module):
    def __init__(self, patches=4, width=12):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tokens = nn.Sequential(nn.Linear(patches, 8), nn.GELU(), nn.Linear(8, patches))
        self.channels = nn.Sequential(nn.Linear(width, 24), nn.GELU(), nn.Linear(24, width))
        self.head = nn.Linear(width, 5)

    def forward(self, image):
        x = self.stem(image).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.mean(1))


class Conformer(nn.Module):
    """Attention beside a gated depthwise convolution over time."""

    def __init__(self, width=12, length=10):
        super().__init__()
        self.inner = nn.Linear(6, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.point1 = nn.Conv1d(width, 2 * width, 1)
        self.depth = nn.Conv1d(width, width, 3, padding=1, groups=width)
        self.point2 = nn.Conv1d(width, width, 1)
        self.head = nn.Linear(width, 5)

    def forward(self, x):  # [B, T, 6] -> [B, 5]
        x = self.inner(x)
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        y = F.glu(self.point1(self.norm2(x).transpose(1, 2)), 1)
        x = x + self.point2(F.silu(self.depth(y))).transpose(1, 2)
        return self.head(x.mean(1))


class Looped(nn.Module):
    """A cell of one's own in a loop, and a branch that the data decides: for TorchScript."""

    def __init__(self):
        super().__init__()
        self.inner, self.state = nn.Linear(4, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x):  # [B, 9, 4] -> [B, 5]
        h = torch.zeros(x.shape[0], 8, dtype=x.dtype)
        for t in range(x.shape[1]):
            h = torch.tanh(self.inner(x[:, t]) + self.state(h))
        for _ in range(x.shape[1]):  # twice on the golden's first batch
            if bool(h.abs().mean() > 0.4):
                break
            h = h * 1.5
        if bool(h.sum() > 0):
            h = h * 2
        else:
            h = h * h
        return self.head(h)


class Mamba(nn.Module):
    """A selective state space: each step decays the state by what the step's input says."""

    def __init__(self, width=8, states=4, rank=3):
        super().__init__()
        self.sizes = (rank, states, states)
        self.inner = nn.Linear(5, 2 * width, bias=False)
        self.conv = nn.Conv1d(width, width, 3, padding=2, groups=width)
        self.select = nn.Linear(width, sum(self.sizes), bias=False)
        self.step = nn.Linear(rank, width)
        self.decay = nn.Parameter(torch.log(torch.arange(1.0, states + 1)).repeat(width, 1))
        self.skip = nn.Parameter(torch.ones(width))
        self.head = nn.Linear(width, 5, bias=False)

    def scan(self, x):  # [B, T, W] -> [B, T, W]
        step, enter, leave = self.select(x).split(self.sizes, -1)
        step = F.softplus(self.step(step))
        decay = torch.exp(torch.einsum("btw,wn->btwn", step, -torch.exp(self.decay)))
        drive = torch.einsum("btw,btn,btw->btwn", step, enter, x)
        state, outputs = torch.zeros_like(drive[:, 0]), []
        for t in range(x.shape[1]):
            state = decay[:, t] * state + drive[:, t]
            outputs.append(torch.einsum("bwn,bn->bw", state, leave[:, t]))
        return torch.stack(outputs, 1) + x * self.skip

    def forward(self, x):  # [B, T, 5] -> [B, 5]
        length = x.shape[1]
        x, gate = self.inner(x).chunk(2, -1)
        x = F.silu(self.conv(x.transpose(1, 2))[..., :length].transpose(1, 2))
        return self.head((self.scan(x) * F.silu(gate)).mean(1))


class Swin(nn.Module):
    """Attention in windows that are rolled over the picture, with a table of relative biases."""

    def __init__(self, width=8, heads=2, window=4, size=8):
        super().__init__()
        self.heads, self.window = heads, window
        self.patch = nn.Conv2d(3, width, 1)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(4 * width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads))
        self.merge = nn.Linear(4 * width, width, bias=False)
        self.head = nn.Linear(width, 5)
        axis = torch.arange(window)
        places = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).flatten(1)
        apart = places[:, :, None] - places[:, None] + window - 1
        self.register_buffer("index", (apart[0] * (2 * window - 1) + apart[1]).flatten())
        third = (torch.arange(size) >= size - window).long() + (torch.arange(size) >= size - 2)
        regions = self.windows((third[:, None] * 3 + third)[None, :, :, None])[..., 0]
        apart = regions[:, None, :] != regions[:, :, None]
        self.register_buffer("mask", apart.float() * -100)

    def windows(self, x):  # [B, H, W, C] -> [B * windows, window * window, C]
        batch, height, width, channels = x.shape
        n = self.window
        x = x.view(batch, height // n, n, width // n, n, channels)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, n * n, channels)

    def attention(self, x):  # [windows, N, C]
        count, places, width = x.shape
        qkv = self.qkv(x).reshape(count, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        bias = self.table[self.index].view(places, places, -1).permute(2, 0, 1)
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5 + bias.unsqueeze(0)
        scores = scores.view(-1, len(self.mask), self.heads, places, places)
        scores = (scores + self.mask[None, :, None]).view(count, self.heads, places, places)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))

    def forward(self, image):  # [B, 3, 8, 8] -> [B, 5]
        x = self.patch(image).permute(0, 2, 3, 1)
        batch, height, width, channels = x.shape
        n, half = self.window, self.window // 2
        y = self.attention(self.windows(torch.roll(self.norm1(x), (-half, -half), (1, 2))))
        y = y.view(batch, height // n, width // n, n, n, channels).permute(0, 1, 3, 2, 4, 5)
        x = x + torch.roll(y.reshape(x.shape), (half, half), (1, 2))
        quarters = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.head(self.merge(self.norm2(torch.cat(quarters, -1))).mean((1, 2)))


class Router(nn.Module):
    """Each sample goes to its two best experts; the best one's result counts twice. Results are
    looked up and written back row by row."""

    def __init__(self, experts=4, width=6):
        super().__init__()
        self.gate, self.experts = nn.Linear(7, experts), nn.Linear(7, experts * width)
        self.head = nn.Linear(width, 5)

    def forward(self, x):  # [B, 7] -> [B, 5]
        scores, chosen = self.gate(x).topk(2, -1)
        weights = x.new_zeros(x.shape[0], self.gate.out_features)
        weights = weights.scatter(-1, chosen, scores.softmax(-1))
        results = torch.tanh(self.experts(x)).unflatten(-1, (self.gate.out_features, -1))
        place = torch.arange(x.shape[0]), chosen[:, 0]
        results = results.index_put(place, 2 * results[place])
        return self.head((weights[..., None] * results).sum(1))


class Translator(nn.Module):
    """A sequence read both ways; a decoder that attends to it as far as its length."""

    def __init__(self, vocabulary=20, width=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.reader = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * width, width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(2 * width, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.cell = nn.GRUCell(3 * width, width)
        self.head = nn.Linear(3 * width, vocabulary)

    def forward(self, source, length, target):  # [B, 6], [B, 1], [B, 5] -> [B, 5, V]
        read, last = self.reader(self.embedding(source))
        state = torch.tanh(self.bridge(torch.cat((last[0], last[1]), -1)))
        behind = torch.arange(source.shape[1]) >= length + 2
        keys, outputs = self.key(read), []
        for t in range(target.shape[1]):
            scores = self.score(torch.tanh(self.query(state)[:, None] + keys))[..., 0]
            weights = scores.masked_fill(behind, float("-inf")).softmax(-1)
            context = (weights[..., None] * read).sum(1)
            word = self.embedding(target[:, t])
            state = self.cell(torch.cat((word, context), -1), state)
            outputs.append(self.head(torch.cat((state, context), -1)))
        return torch.stack(outputs, 1)


class Bags(nn.Module):
    """Tables of categories, several of each in a sample, that meet what is measured."""

    def __init__(self, width=6):
        super().__init__()
        self.words = nn.EmbeddingBag(20, width, mode="sum")
        self.places = nn.EmbeddingBag(9, width, mode="mean")
        self.measured = nn.Linear(4, width)
        self.head = nn.Linear(9, 5)

    def forward(self, words, places, x):  # [B, 5], [B, 3], [B, 4] -> [B, 5]
        parts = torch.stack((self.words(words), self.places(places), F.relu(self.measured(x))), 1)
        parts = torch.tanh(parts)
        return self.head((parts @ parts.transpose(1, 2)).flatten(1))


SEQUENCE = {"tokens": ((7,), 20)}


PICTURE = {"image": ((3, 8, 8), None)}


def family(stem, **fields):
    """Both exporters, symbolic and fixed batch; the fixed one differs from the golden's."""
    return {
        **both_exporters(stem, **fields),
        **both_exporters(f"{stem}-static", golden=stem, batch=4, **fields),
    }


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
    **family(
        "llama",
        module=Llama,
        inputs={"tokens": ((8,), 30)},
        classes=30,
        label_shape=(8,),
        seed=33,
    ),
    **family("bert", module=Bert, inputs={"tokens": ((8,), 20)}, classes=3, seed=34),
    **family("vit", module=ViT, inputs=PICTURE, classes=5, seed=35),
    **family("resnet", module=ResNet, inputs=PICTURE, classes=5, seed=36),
    **family(
        "unet",
        module=UNet,
        inputs={"image": ((2, 8, 8), None)},
        classes=4,
        label_shape=(8, 8),
        seed=37,
    ),
    **family("mixer", module=Mixer, inputs=PICTURE, classes=5, seed=38),
    **family("conformer", module=Conformer, inputs={"x": ((10, 6), None)}, classes=5, seed=39),
    **family("mamba", module=Mamba, inputs={"x": ((6, 5), None)}, classes=5, seed=42),
    **family("swin", module=Swin, inputs=PICTURE, classes=5, seed=43),
    **both_exporters("router", module=Router, inputs={"x": ((7,), None)}, classes=5, seed=45),
    "router-static": Spec(
        module=Router, inputs={"x": ((7,), None)}, classes=5, seed=45, batch=4, golden="router"
    ),
    **family(
        "translator",
        module=Translator,
        inputs={"source": ((6,), 20), "length": ((1,), 5), "target": ((5,), 20)},
        classes=20,
        label_shape=(5,),
        seed=44,
    ),
    **both_exporters(
        "bags",
        module=Bags,
        inputs={"words": ((5,), 20), "places": ((3,), 9), "x": ((4,), None)},
        classes=5,
        seed=46,
    ),
    "looped": Spec(
        module=lambda: torch.jit.script(Looped()),
        inputs={"x": ((9, 4), None)},
        classes=5,
        exporter="torchscript",
        seed=41,
    ),
}
