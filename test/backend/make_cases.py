#!/usr/bin/env python3
"""Writes the backend tests of Cases/ (needs the onnx package; its output is committed).

Forms of operators that are newer than Debian's tests, or that no test of ONNX shows, with the
results of ONNX's reference evaluator. Each case is one node.
"""

import pathlib
import shutil

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

HERE = pathlib.Path(__file__).parent / "Cases"


def random(seed, *shape, scale=1.0):
    values = np.random.default_rng(seed).standard_normal(shape) * scale
    return values.astype(np.float32)


def info(name, array):
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape)


def write(name, op, opset, inputs, outputs=1, domain="", compute=None, **attributes):
    """Inputs are arrays in the operator's order; None is left out. `compute` is what an operator
    does that ONNX does not define, from inputs and attributes to a tuple."""
    names = ["" if array is None else f"in{i}" for i, array in enumerate(inputs)]
    given = {n: array for n, array in zip(names, inputs) if n}
    results = [f"out{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, domain=domain or None, **attributes)
    infos = [info(n, array) for n, array in given.items()]
    unknown = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in results]
    graph = helper.make_graph([node], name, infos, unknown)
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1)] * bool(domain)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if compute:
        expected = compute(*inputs, **attributes)
    else:
        expected = [np.asarray(y) for y in ReferenceEvaluator(model).run(None, given)]
    del model.graph.output[:]
    model.graph.output.extend(info(n, y) for n, y in zip(results, expected))
    folder = HERE / f"test_{name}" / "test_data_set_0"
    folder.mkdir(parents=True)
    (folder.parent / "model.onnx").write_bytes(model.SerializeToString())
    for kind, arrays in (("input", given), ("output", dict(zip(results, expected)))):
        for i, (n, array) in enumerate(arrays.items()):
            tensor = numpy_helper.from_array(array, n)
            (folder / f"{kind}_{i}.pb").write_bytes(tensor.SerializeToString())


def write_sampling():
    # Every attribute that is no default; offsets that leave the image.
    write(
        "deform_conv",
        "DeformConv",
        19,
        [
            random(1, 2, 4, 7, 6),
            random(2, 6, 2, 3, 2),
            random(3, 2, 2 * 3 * 2 * 2, 4, 4),
            random(4, 6),
            random(5, 2, 2 * 3 * 2, 4, 4),
        ],
        group=2,
        offset_group=2,
        strides=[2, 2],
        dilations=[1, 2],
        pads=[1, 2, 1, 1],
    )
    boxes = np.array([[0.5, 1.2, 6.3, 5.1], [2, 2, 2.5, 9], [-3, -1, 4, 3]], np.float32)
    images = np.array([1, 0, 1], np.int64)
    for mode in ("avg", "max"):
        write(
            f"roi_align_{mode}",
            "RoiAlign",
            16,
            [random(6, 2, 3, 6, 7), boxes, images],
            mode=mode,
            output_height=2,
            output_width=3,
            sampling_ratio=2,
            spatial_scale=0.75,
        )


def write_linear_attention():
    batch, steps, heads, width, value = 2, 3, 2, 4, 3
    query = random(10, batch, steps, 2 * heads * width, scale=0.5)
    key = random(11, batch, steps, heads * width, scale=0.5)
    values = random(12, batch, steps, heads * value)
    state = random(13, batch, heads, width, value)
    decay = -np.abs(random(14, batch, steps, heads * width))
    rate = 1 / (1 + np.exp(random(15, batch, steps, 1)))
    for rule in ("linear", "gated", "delta", "gated_delta"):
        write(
            f"linear_attention_{rule}",
            "LinearAttention",
            27,
            [
                query,
                key,
                values,
                state if rule != "linear" else None,
                decay if rule.startswith("gated") else None,
                rate if rule.endswith("delta") else None,
            ],
            outputs=2,
            q_num_heads=2 * heads,
            kv_num_heads=heads,
            update_rule=rule,
        )


def write_determinants():
    singular = random(20, 5, 5)
    singular[4] = singular[0] + 2 * singular[1]
    exchanged = np.array([[0, 1, 2], [3, 0, 1], [0, 0, 4]], np.float32)
    write("det_large", "Det", 11, [random(21, 2, 6, 6)])
    write("det_exchanged", "Det", 11, [exchanged])
    write("det_singular", "Det", 11, [singular])


def write_bits():
    a = np.array([[5, -3, 127], [-128, 0, 77]], np.int8)
    b = np.array([3, 6, -1], np.int8)
    for op in ("And", "Or", "Xor"):
        write(f"bitwise_{op.lower()}_broadcast", f"Bitwise{op}", 18, [a, b])
    write("bitwise_not_i64", "BitwiseNot", 18, [np.array([0, -1, 1 << 40], np.int64)])
    x = np.array([1, 200, 1 << 62, (1 << 64) - 1], np.uint64)
    counts = np.array([0, 3, 1, 63], np.uint64)
    for direction in ("LEFT", "RIGHT"):
        name = f"bitshift_{direction.lower()}_u64"
        write(name, "BitShift", 11, [x, counts], direction=direction)


def write_scatters():
    # Several updates at one place, of integers: exact, whatever their width.
    places = np.array([[0, 2, 0], [1, 2, 2]], np.int64)
    updates = np.array([[3, -5, 7], [2, 4, -6]])
    for kind in (np.int64, np.int32, np.int8):
        data = (np.arange(12).reshape(4, 3) - 6).astype(kind)
        data[0, 0] = np.iinfo(kind).max // 4
        for reduction in ("add", "mul", "min", "max"):
            write(
                f"scatter_{reduction}_{np.dtype(kind).name}",
                "ScatterElements",
                18,
                [data, places, updates.astype(kind)],
                axis=0,
                reduction=reduction,
            )


def write_numeric():
    ends = np.array([-1, -0.999, -0.5, 0, 1e-3, 0.7, 1], np.float32)
    write("acos_ends", "Acos", 7, [ends])
    write("asin_ends", "Asin", 7, [ends])
    write("atan_far", "Atan", 7, [np.array([-1e6, -3, -0.1, 0, 2, 1e30], np.float32)])
    for length in (6, 7):
        spectrum = random(30, 2, length // 2 + 1, 2)
        spectrum[:, 0, 1] = 0
        if length % 2 == 0:
            spectrum[:, -1, 1] = 0
        write(
            f"dft_inverse_of_real_{length}",
            "DFT",
            20,
            [spectrum, np.array(length, np.int64), np.array(1, np.int64)],
            inverse=1,
            onesided=1,
        )


def write_integers():
    bases, exponents = np.array([4, 9, 2, 7], np.int32), np.array([0.5, 0.5, 3, 1.5], np.float32)
    write("pow_of_integers", "Pow", 15, [bases, exponents])
    write("sign_uint8", "Sign", 13, [np.array([0, 1, 2, 255], np.uint8)])
    lowest = np.iinfo(np.int32).min
    rows = np.array([[3, lowest, 5], [lowest, 7, -2]], np.int32)
    write("argmin_int32", "ArgMin", 13, [rows], axis=1)


def write_norms():
    # A group norm behind a linear layer has no spatial dimensions.
    write(
        "group_normalization_rank_2",
        "GroupNormalization",
        21,
        [random(40, 3, 6), random(41, 6), random(42, 6)],
        num_groups=2,
    )


def attend(q, k, v, heads, hidden, scale):
    """Softmax attention, head by head; `hidden` [B, heads, T, S] is added to the scores."""
    results = []
    for q_, k_, v_ in zip(*(np.split(x, heads, -1) for x in (q, k, v))):
        scores = q_ @ k_.swapaxes(1, 2) * (scale or q_.shape[-1] ** -0.5) + hidden[:, len(results)]
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        results.append(weights / weights.sum(-1, keepdims=True) @ v_)
    return np.concatenate(results, -1)


def hide(mask, bias, shape, causal, value):
    """What is added to scores of `shape` [B, heads, T, S]."""
    batch, _, queries, keys = shape
    hidden = np.zeros(shape) + (0 if bias is None else bias)
    if mask is not None and mask.ndim == 1:
        mask = np.arange(keys) < mask.reshape(batch, 1)
    if mask is not None:
        mask = np.broadcast_to(mask.reshape(batch, -1, keys), (batch, queries, keys))
        hidden = hidden + np.where(mask, 0, value)[:, None]
    if causal:
        hidden = hidden + np.where(np.tri(queries, keys, dtype=bool), 0, -np.inf)
    return hidden


def fused_attention(
    x, w, b=None, mask=None, past=None, extra=None, num_heads=1, scale=None, unidirectional=0,
    qkv_hidden_sizes=None,
):  # fmt: skip
    sizes = qkv_hidden_sizes or [w.shape[1] // 3] * 3
    q, k, v = np.split(x @ w + (0 if b is None else b), np.cumsum(sizes[:2]), -1)
    shape = (len(x), num_heads, x.shape[1], x.shape[1])
    hidden = hide(mask, extra, shape, unidirectional, -10000.0)
    return (attend(q, k, v, num_heads, hidden, scale).astype(x.dtype),)


def multi_head_attention(
    q, k, v, b=None, mask=None, extra=None, num_heads=1, mask_filter_value=-10000.0
):
    if b is not None:
        widths = np.cumsum([q.shape[-1], k.shape[-1]])
        q, k, v = (x + part for x, part in zip((q, k, v), np.split(b, widths)))
    shape = (len(q), num_heads, q.shape[1], k.shape[1])
    hidden = hide(mask, extra, shape, False, mask_filter_value)
    return (attend(q, k, v, num_heads, hidden, None).astype(q.dtype),)


def embed(ids, segments, words, places, types, gamma, beta, mask, epsilon):
    x = words[ids] + places[: ids.shape[1]] + types[segments]
    y = x - x.mean(-1, keepdims=True)
    y = y / np.sqrt((y * y).mean(-1, keepdims=True) + epsilon) * gamma + beta
    return y.astype(np.float32), mask.sum(1).astype(np.int32)


def write_microsoft():
    def case(name, op, compute, inputs, outputs=1, **attributes):
        name = f"microsoft_{name}"
        write(name, op, 20, inputs, outputs, "com.microsoft", compute, **attributes)

    def attention(name, *inputs, **attributes):
        case(f"attention{name}", "Attention", fused_attention, inputs, **attributes)

    def multi_head(name, *inputs, **attributes):
        case(
            f"multi_head{name}", "MultiHeadAttention", multi_head_attention, inputs, **attributes
        )

    x, w, b = random(50, 2, 5, 6), random(51, 6, 24, scale=0.5), random(52, 24)
    lengths, valid = np.array([3, 5], np.int32), np.array([[1, 1, 1, 0, 1]] * 2, np.int32)
    seen = (random(53, 2, 5, 5) > -0.5).astype(np.int32)
    extra = random(54, 1, 2, 5, 5)
    attention("", x, w, b, num_heads=2)
    attention("_lengths", x, w, b, lengths, num_heads=2, scale=0.3)
    attention("_mask", x, w, b, valid, num_heads=4, unidirectional=1)
    attention("_pairs", x, w, None, seen, num_heads=2)
    widths = [8, 8, 4]
    narrow = random(55, 6, 20), random(56, 20)
    attention("_widths", x, *narrow, None, None, extra, num_heads=2, qkv_hidden_sizes=widths)
    q, k, v = random(57, 2, 4, 8), random(58, 2, 5, 8), random(59, 2, 5, 6)
    multi_head("", q, k, v, random(60, 22), num_heads=2)
    extra = random(61, 1, 2, 4, 5)
    multi_head("_mask", q, k, v, None, valid, extra, num_heads=2, mask_filter_value=-3.0)
    ids, segments = np.array([[1, 5, 2], [0, 3, 3]], np.int32), np.array([[0, 1, 1]] * 2, np.int32)
    tables = [random(seed, rows, 4) for seed, rows in ((62, 7), (63, 6), (64, 2))]
    mask = np.array([[1, 1, 0], [1, 1, 1]], np.int32)
    inputs = [ids, segments, *tables, random(65, 4), random(66, 4), mask]
    case("embedding", "EmbedLayerNormalization", embed, inputs, outputs=2, epsilon=1e-5)


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    write_sampling()
    write_linear_attention()
    write_determinants()
    write_bits()
    write_scatters()
    write_numeric()
    write_integers()
    write_norms()
    write_microsoft()


if __name__ == "__main__":
    main()
