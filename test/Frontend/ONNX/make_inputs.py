"""Writes the small models of Inputs/ (needs the onnx package; its output is committed)."""

import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = pathlib.Path(__file__).parent / "Inputs"


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def weight(name, *shape):
    count = int(np.prod(shape))
    data = (np.arange(count, dtype=np.float32) - count / 2).reshape(shape) / count
    return numpy_helper.from_array(data, name)


def write(name, nodes, inputs, outputs, initializers=(), opset=20, functions=(), imports=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in imports)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)
    save(model, HERE / f"{name}.onnx")


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=f"the_{op}", **attributes)


# Operators nobody has, and one that has an error, in one model.
write(
    "unsupported",
    [
        node("NonMaxSuppression", "x x", "a"),
        node("Relu", "x", "b"),
        node("Fantasy", "b", "c", domain="my.domain"),
        node("Gemm", "b w", "y"),
    ],
    [value("x", ["n", 4])],
    [value("y", ["n", 3])],
    [weight("w", 5, 3)],
    imports=["my.domain"],
)

# Weights that the file does not hold.
write(
    "generated-weights",
    [
        node("RandomNormal", "", "w", shape=[4, 3], mean=0.0, scale=0.5, seed=7.0),
        node("RandomUniform", "", "v", shape=[3, 2], low=-0.25, high=0.25),
        node("Constant", "", "shape", value_ints=[3]),
        node("ConstantOfShape", "shape", "b"),
        node("MatMul", "x w", "h"),
        node("Add", "h b", "k"),
        node("MatMul", "k v", "y"),
    ],
    [value("x", ["n", 4])],
    [value("y", ["n", 2])],
)

# The same initial value twice: exporters write an Identity for the second.
write(
    "identity-copy",
    [
        node("Identity", "w", "w2"),
        node("MatMul", "x w", "h"),
        node("MatMul", "h w2", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 3])],
    [weight("w", 3, 3)],
)

# Constants of all kinds beside one parameter.
mask = np.where(np.tril(np.ones((3, 3), bool)), 0, -np.inf).astype(np.float32)
write(
    "constants",
    [
        node("MatMul", "x w", "h"),
        node("Add", "h mask", "m"),
        node("Mul", "m scale", "s"),
        node("Gather", "s order", "g", axis=1),
        node("Greater", "g threshold", "p"),
        node("Where", "p g small", "y"),
    ],
    [value("x", [3, 3])],
    [value("y", [3, 3])],
    [
        weight("w", 3, 3),
        numpy_helper.from_array(mask, "mask"),
        numpy_helper.from_array(np.float32(2), "scale"),
        numpy_helper.from_array(np.array([2, 0, -2]), "order"),
        weight("threshold", 1, 3),
        weight("small", 1),
        weight("unused", 7),
    ],
)

# A function with an attribute, called twice, and a branch decided at import.
function = helper.make_function(
    "my.domain",
    "Scaled",
    ["a", "w"],
    ["r"],
    [
        helper.make_node("Gemm", ["a", "w"], ["p"]),
        helper.make_node("LeakyRelu", ["p"], ["r"]),
    ],
    [helper.make_opsetid("", 20)],
    ["alpha"],
)
reference = function.node[1].attribute.add()
reference.name, reference.ref_attr_name, reference.type = "alpha", "alpha", 1
branches = {
    f"{name}_branch": helper.make_graph(
        [helper.make_node(op, ["h"], ["out"])], name, [], [value("out", None)]
    )
    for name, op in (("then", "Tanh"), ("else", "Sigmoid"))
}
write(
    "function-and-branch",
    [
        node("Scaled", "x w", "g", domain="my.domain", alpha=0.25),
        node("Scaled", "g w", "h", domain="my.domain", alpha=0.5),
        node("Constant", "", "yes", value=numpy_helper.from_array(np.array(True))),
        node("If", "yes", "y", **branches),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 3])],
    [weight("w", 3, 3)],
    functions=[function],
    imports=["my.domain"],
)

# A batch that no constant follows: a row per sample is added as a constant of the old batch.
write(
    "blocked-batch",
    [node("Concat", "x extra", "c", axis=1), node("MatMul", "c w", "y")],
    [value("x", [2, 3])],
    [value("y", [2, 2])],
    [numpy_helper.from_array(np.ones((2, 1), np.float32), "extra"), weight("w", 4, 2)],
)

# Several symbols.
write(
    "symbols",
    [node("Add", "a b", "y")],
    [value("a", ["n", "length", 3]), value("b", ["n", "length", 3])],
    [value("y", ["n", "length", 3])],
)

# Loops. Each body's first inputs are the step's number and the condition.
STEP = [value("i", [], TensorProto.INT64), value("going", [], TensorProto.BOOL)]


def loop(name, body_nodes, carried, goes_on="going", bound="bound", outputs="y", rows=()):
    body = helper.make_graph(
        body_nodes,
        "body",
        [*STEP, value("h", carried)],
        [value(goes_on, [], TensorProto.BOOL), value("next", carried), *rows],
    )
    bounds = [numpy_helper.from_array(np.array(9, dtype=np.int64), "bound")]
    inputs = [bound, "", "x"]
    node = helper.make_node("Loop", inputs, outputs.split(), name="the_Loop", body=body)
    nodes = [helper.make_node("MatMul", ["x0", "w"], ["x"], name="the_MatMul"), node]
    results = [value(output, None) for output in outputs.split()]
    write(name, nodes, [value("x0", ["n", 3])], results, [*bounds, weight("w", 3, 3)])


ROWS = [value("next", ["n", 3])]
loop("loop-counted", [node("Tanh", "h", "next")], ["n", 3], outputs="y rows", rows=ROWS)
STOPS = [
    node("Tanh", "h", "next"),
    node("ReduceSum", "next", "sum", keepdims=0),
    node("Less", "sum sum", "again"),
]
loop("loop-stops", STOPS, ["n", 3], goes_on="again")
loop("loop-stops-rows", STOPS, ["n", 3], goes_on="again", outputs="y rows", rows=ROWS)
loop("loop-unbounded", STOPS, ["n", 3], goes_on="again", bound="")
loop("loop-grows", [node("Concat", "h h", "next", axis=0)], [None, 3])
loop("loop-random", [node("RandomNormalLike", "h", "next")], ["n", 3])
