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


def write(name, op, opset, inputs, outputs=1, **attributes):
    """Inputs are arrays in the operator's order; None is left out."""
    names = ["" if array is None else f"in{i}" for i, array in enumerate(inputs)]
    given = {n: array for n, array in zip(names, inputs) if n}
    results = [f"out{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    infos = [info(n, array) for n, array in given.items()]
    unknown = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in results]
    graph = helper.make_graph([node], name, infos, unknown)
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
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


if __name__ == "__main__":
    main()
