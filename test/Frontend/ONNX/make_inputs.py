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


def tensor(name, data):
    return numpy_helper.from_array(np.asarray(data, np.float32), name)


def random(name, *shape):
    return tensor(name, np.random.default_rng(sum(map(ord, name))).standard_normal(shape))


def add_signature(model):
    """The list of the module's tensors that the dynamo exporter keeps; its value is to be set."""
    key = "pkg.torch.export.ExportedProgram.graph_signature"
    return model.graph.metadata_props.add(key=key)


def parameters(names):
    """Lines of that list."""
    return "\n".join(f"p_{n.replace('.', '_')}: PARAMETER target='{n}'" for n in names)


def record_operation(node, text, module, result):
    """What the dynamo exporter keeps of the operation that a node was made from."""
    node.metadata_props.add(key="pkg.torch.onnx.fx_node", value=text)
    scopes = ["", module, result] if module else ["", result]
    node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=str(scopes))


def write(
    name, nodes, inputs, outputs, initializers=(), opset=20, functions=(), imports=(), change=None
):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in imports)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)
    if change:
        change(model)
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

# As an exporter that folds constants writes a module's second call (m_1), a second use in one call,
# a copy of the module (n), and modules of their own that have a name like a second call's.
def called(op, name, inputs, outputs):
    return helper.make_node(op, inputs.split(), outputs.split(), name=name)


def exported_by_pytorch(model):
    model.producer_name = "pytorch"


write(
    "module-calls",
    [
        called("Identity", "Identity_0", "onnx::MatMul_1", "onnx::MatMul_2"),
        called("Identity", "Identity_1", "onnx::MatMul_1", "onnx::MatMul_3"),
        called("Identity", "Identity_2", "onnx::MatMul_1", "onnx::MatMul_4"),
        called("Identity", "Identity_3", "onnx::MatMul_1", "onnx::MatMul_5"),
        called("Identity", "Identity_4", "onnx::PRelu_6", "onnx::PRelu_7"),
        called("Identity", "Identity_5", "onnx::PRelu_6", "onnx::PRelu_8"),
        called("Identity", "Identity_6", "onnx::PRelu_6", "onnx::PRelu_9"),
        called("MatMul", "/m/MatMul", "x onnx::MatMul_1", "a"),
        called("PRelu", "/act/PRelu", "a onnx::PRelu_6", "b"),
        called("MatMul", "/m_1/MatMul", "b onnx::MatMul_2", "c"),
        called("PRelu", "/act_1/PRelu", "c onnx::PRelu_7", "d"),
        called("MatMul", "/n/MatMul", "d onnx::MatMul_3", "e"),
        called("PRelu", "/gate_1/PRelu", "e onnx::PRelu_8", "f"),
        called("MatMul", "/n_1/MatMul", "f onnx::MatMul_4", "g"),
        called("PRelu", "/gate_2/PRelu", "g onnx::PRelu_9", "h"),
        called("MatMul", "/m_3/MatMul", "h onnx::MatMul_5", "i"),
        called("Add", "/m_3/Add", "i m_3.bias", "y"),
    ],
    [value("x", ["n", 5])],
    [value("y", ["n", 5])],
    [random("onnx::MatMul_1", 5, 5), tensor("onnx::PRelu_6", [0.25]), random("m_3.bias", 5)],
    change=exported_by_pytorch,
)

# What folding constants leaves of a transposed, an unsqueezed and a masked weight.
write(
    "folded-weights",
    [
        node("MatMul", "x onnx::MatMul_1", "a"),
        node("Mul", "a onnx::Mul_2", "b"),
        node("Conv", "b onnx::Conv_3", "c"),
        node("Mul", "c gain", "y"),
    ],
    [value("x", ["n", 5, 5])],
    [value("y", ["n", 5, 5])],
    [
        random("onnx::MatMul_1", 5, 5),
        random("onnx::Mul_2", 5, 1),
        random("onnx::Conv_3", 5, 5, 1),
        random("gain", 5),
    ],
    change=exported_by_pytorch,
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

# The data chooses between values of different shapes.
branches = {
    f"{name}_branch": helper.make_graph(
        [helper.make_node("Identity", [chosen], ["out"])], name, [], [value("out", None)]
    )
    for name, chosen in (("then", "total"), ("else", "h"))
}
write(
    "if-shapes",
    [
        node("MatMul", "x w", "h"),
        node("ReduceSum", "h", "total", keepdims=0),
        node("Constant", "", "zero", value=numpy_helper.from_array(np.zeros((), np.float32))),
        node("Greater", "total zero", "positive"),
        node("If", "positive", "y", **branches),
    ],
    [value("x", ["n", 3])],
    [value("y", None)],
    [weight("w", 3, 3)],
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

# What is no parameter by its values alone, and parameters that look a little like it.
steps = np.arange(6)
write(
    "tables",
    [
        node("MatMul", "x eye", "h"),
        node("Add", "h gates", "a"),
        node("Add", "a positions", "b"),
        node("Mul", "b window", "c"),
        node("Add", "c causal", "d"),
        node("Mul", "d slopes", "e"),
        node("Add", "e distances", "f"),
        node("Mul", "f ones", "g"),
        node("Mul", "g learned", "y"),
    ],
    [value("x", ["n", 6, 6])],
    [value("y", ["n", 6, 6])],
    [
        tensor("eye", np.eye(6)),
        tensor("gates", [0, 0, 1, 1, 0, 0]),
        tensor("positions", np.sin(steps[:, None] * 0.4 ** steps)),
        tensor("window", np.tril(np.ones((6, 6)))),
        tensor("causal", np.triu(np.full((6, 6), -1e9), 1)),
        tensor("slopes", 0.5**steps[:, None]),
        tensor("distances", -np.abs(steps[:, None] - steps) ** 1.5),
        tensor("ones", np.ones((6, 6))),
        random("learned", 6, 6),
    ],
)

# Weights as Constant nodes: parameters where the file has no others, numbers where it has.
constant = helper.make_node("Constant", [], ["w"], value=random("w", 6, 3))
scaled = helper.make_node("Constant", [], ["ones"], value=tensor("ones", np.ones(3)))
others = [
    helper.make_node("Constant", [], [name], value=value)
    for name, value in (
        ("b", random("b", 3)),
        ("two", tensor("two", [2.0])),
        ("causal", tensor("causal", [0, -np.inf, 0])),
    )
]
after = [
    node("MatMul", "x w", "h"),
    node("LayerNormalization", "h ones", "n"),
    node("Add", "n b", "s"),
    node("Mul", "s two", "d"),
    node("Add", "d causal", "y"),
]
for stem, nodes, initializers in (
    ("weights-as-nodes", [constant, scaled, *others, *after], []),
    ("numbers-as-nodes", [scaled, *others, *after], [random("w", 6, 3)]),
):
    write(stem, nodes, [value("x", ["n", 6])], [value("y", ["n", 3])], initializers)

# Weights stored as halves: one that is widened where it is used, one for a product of halves.
half = lambda name, *shape: numpy_helper.from_array(  # noqa: E731
    numpy_helper.to_array(random(name, *shape)).astype(np.float16), name
)
write(
    "halves",
    [
        node("Cast", "w", "wide", to=TensorProto.FLOAT),
        node("MatMul", "x wide", "h"),
        node("Cast", "h", "narrow", to=TensorProto.FLOAT16),
        node("MatMul", "narrow v", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 2], TensorProto.FLOAT16)],
    [half("w", 6, 3), half("v", 3, 2)],
)

# As x[x > 0] = 1 is exported.
write(
    "masked-indices",
    [
        node("Greater", "x zero", "mask"),
        node("NonZero", "mask", "columns"),
        node("Transpose", "columns", "places", perm=[1, 0]),
        node("GatherND", "x places", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["m"])],
    [tensor("zero", 0.0)],
)

# Class weights of a loss, which an exporter without a record stores like any parameter.
write(
    "class-weights",
    [
        node("MatMul", "x w", "scores"),
        node("SoftmaxCrossEntropyLoss", "scores labels balance", "loss"),
    ],
    [value("x", ["n", 6]), value("labels", ["n"], TensorProto.INT64)],
    [value("loss", [])],
    [random("w", 6, 3), tensor("balance", [1.0, 2.0, 0.5])],
)

# First states that an export for a batch of 2 made: of zeros, and of one row twice; beside them
# rows that differ.
for stem, table in (
    ("baked-state", [[1, 2, 3]] * 2),
    ("baked-rows", [[1, 2, 3], [3, 1, 2]]),
):
    state, rows = np.zeros((2, 3), np.float32), np.array(table, np.float32)
    write(
        stem,
        [
            helper.make_node("Constant", [], ["zeros"], value=tensor("zeros", state)),
            helper.make_node("Constant", [], ["rows"], value=tensor("rows", rows)),
            node("Shape", "x", "shape"),
            node("Expand", "zeros shape", "first"),
            node("MatMul", "x w", "h"),
            node("Mul", "first h", "a"),
            node("Add", "a h", "b"),
            node("Mul", "b rows", "y"),
        ],
        [value("x", [2, 3])],
        [value("y", [2, 3])],
        [weight("w", 3, 3)],
    )

# Two tensors become the rows of a third: a list that a scripted module stacks.
write(
    "stacked-sequence",
    [
        node("MatMul", "x w", "h"),
        node("SequenceConstruct", "x h", "list"),
        node("ConcatFromSequence", "list", "y", axis=1, new_axis=1),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 2, 3])],
    [weight("w", 3, 3)],
)

# A scalar, beside the Constant node of another: what the code's numbers are is a parameter not.
half = helper.make_node("Constant", [], ["half"], value=tensor("half", 0.5))
write(
    "scalars",
    [
        half,
        node("MatMul", "x w", "h"),
        node("Mul", "h half", "a"),
        node("Mul", "a gain", "b"),
        node("Mul", "b /Constant_1_output_0", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 3])],
    [random("w", 6, 3), tensor("gain", 0.5), tensor("/Constant_1_output_0", 0.25)],
)


# A record by the exporter, against which values do not count.
def record(model):
    signature = add_signature(model)
    lines = ("p_t: PARAMETER target='t'", "p_w: PARAMETER target='w'", "x: USER_INPUT")
    signature.value = "\n# inputs\n" + "\n".join(lines) + "\n\n# outputs\ny: USER_OUTPUT\n"
    for name, key, text in (
        ("mean", "torch.export.graph_signature.InputSpec.kind", "BUFFER"),
        ("window", "torch.export.graph_signature.InputSpec.kind", "PARAMETER"),
        ("val_0", "onnxscript.optimizer.folded_from", "['w']"),
        ("val_1", "onnxscript.optimizer.folded_from", "['mean', 'val_9']"),
    ):
        info = model.graph.value_info.add()
        info.name = name
        entry = info.metadata_props.add()
        entry.key, entry.value = "pkg." + key, text


write(
    "recorded",
    [
        node("Sub", "x mean", "a"),
        node("MatMul", "a val_0", "b"),
        node("Mul", "b t", "c"),
        node("Mul", "c window", "d"),
        node("Mul", "d other", "e"),
        node("Add", "e val_1", "f"),
        node("Identity", "t", "t2"),
        node("Mul", "f t2", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 16])],
    [
        random("mean", 6),
        random("val_0", 6, 16),
        tensor("t", 0.5),
        tensor("window", np.arange(16) % 2),
        random("other", 16),
        random("val_1", 16),
    ],
    change=record,
)


# What an exporter's optimizer folded beyond recognition: a norm into the weights before it, and a
# function of a parameter into a number per column.
def fold(model):
    signature = add_signature(model)
    names = ("w", "norm.weight", "norm.bias", "decay")
    signature.value = "\n# inputs\n" + parameters(names) + "\n\n# outputs\ny: USER_OUTPUT\n"
    origin = model.graph.node[0].metadata_props.add()
    origin.key = "pkg.torch.onnx.fx_node"
    origin.value = "%norm : [num_users=1] = call_function[target=norm](args = (%mm, "
    origin.value += "%p_norm_weight, %p_norm_bias), kwargs = {})"
    info = model.graph.value_info.add()
    info.name = "neg"
    entry = info.metadata_props.add()
    entry.key, entry.value = "pkg.onnxscript.optimizer.folded_from", "['decay', 'exp']"


write(
    "left-out",
    [node("MatMul", "x w", "h"), node("Mul", "h neg", "y")],
    [value("x", ["n", 6])],
    [value("y", ["n", 3])],
    [random("w", 6, 3), random("neg", 3)],
    change=fold,
)

# The batch of the example as a number, in a node and in a constant.
write(
    "baked-expand",
    [
        node("Expand", "cls sizes", "rows"),
        node("Tanh", "rows", "first"),
        node("Concat", "first x", "y", axis=1),
    ],
    [value("x", ["n", 3, 4])],
    [value("y", ["n", 4, 4])],
    [random("cls", 1, 1, 4), numpy_helper.from_array(np.array([2, 1, 4]), "sizes")],
)
write(
    "baked-reshape",
    [node("MatMul", "x w", "h"), node("Reshape", "h sizes", "y")],
    [value("x", ["n", 3, 4])],
    [value("y", None)],
    [random("w", 4, 4), numpy_helper.from_array(np.array([2, 12]), "sizes")],
)
write(
    "baked-constant",
    [node("MatMul", "x w", "h"), node("Add", "h mask", "y")],
    [value("x", ["n", 4])],
    [value("y", None)],
    [random("w", 4, 4), tensor("mask", [[0, -np.inf, 0, 0]] * 2)],
)

# Updates within each row of the batch, and from row to row.
ROWWISE = [value("x", ["n", 5]), value("i", ["n", 2], TensorProto.INT64), value("u", ["n", 2])]
for name, axis in (("scatter-rows", 1), ("scatter-across", 0)):
    write(
        name,
        [
            node("ScatterElements", "x i u", "s", axis=axis),
            node("MatMul", "s w", "y"),
        ],
        ROWWISE,
        [value("y", ["n", 3])],
        [random("w", 5, 3)],
    )

# What is left of detach() behind the exporter's optimizer: the names in the operations' texts.
def came_from(*origins):
    def change(model):
        signature = add_signature(model)
        signature.value = "".join(
            f"p_{i.name}: PARAMETER target='{i.name}'\n" for i in model.graph.initializer
        )
        for made, origin in zip(model.graph.node, origins):
            made.metadata_props.add(key="pkg.torch.onnx.fx_node", value=origin)

    return change


def operation(target, arguments):
    call = f"call_function[target=torch.ops.{target}]"
    return f"%op : [num_users=1] = {call}(args = ({arguments}), kwargs = {{}})"


write(
    "detached",
    [
        node("Tanh", "x", "h"),
        node("MatMul", "h w", "product"),
        node("Add", "product bias", "linear"),
        node("Where", "mask linear h", "choice"),
        node("Mul", "scale choice", "y"),
    ],
    [value("x", ["n", 6]), value("mask", ["n", 6], TensorProto.BOOL)],
    [value("y", ["n", 6])],
    [random("w", 6, 6), random("bias", 6), random("scale", 6)],
    change=came_from(
        operation("aten.tanh.default", "%x,"),
        operation("aten.linear.default", "%detach, %p_w, %p_bias"),
        operation("aten.linear.default", "%detach, %p_w, %p_bias"),
        operation("aten.where.self", "%mask, %linear, %detach_1"),
        operation("aten.mul.Tensor", "%detach_2, %lost"),
    ),
)

# Quantized and back: a pair that only rounds.
write(
    "quantized",
    [
        node("QuantizeLinear", "x scale zero", "q"),
        node("DequantizeLinear", "q scale zero", "r"),
        node("MatMul", "r w", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 3])],
    [
        random("w", 6, 3),
        tensor("scale", 0.125),
        numpy_helper.from_array(np.array(3, np.int8), "zero"),
    ],
)

# A name that two initializers have.
write(
    "defined-twice",
    [node("MatMul", "x w", "y")],
    [value("x", ["n", 6])],
    [value("y", ["n", 3])],
    [random("w", 6, 3), random("w", 6, 3)],
)

# Initializers that stand among the inputs, as IR version 3 wants them.
write(
    "ir3",
    [node("MatMul", "x w", "y")],
    [value("x", ["n", 6]), value("w", [6, 3])],
    [value("y", ["n", 3])],
    [random("w", 6, 3)],
    opset=8,
    change=lambda model: setattr(model, "ir_version", 3),
)

# A function's names are its own: its `w` is another tensor than the graph's.
inner = helper.make_function(
    "my.domain",
    "Twice",
    ["w", "v"],
    ["r"],
    [helper.make_node("MatMul", ["w", "v"], ["p"]), helper.make_node("Mul", ["p", "p"], ["r"])],
    [helper.make_opsetid("", 20)],
)
write(
    "uses",
    [
        node("Twice", "x v", "a", domain="my.domain"),
        node("Transpose", "w", "wt"),
        node("MatMul", "a wt", "b"),
        node("Mul", "w w", "c"),
        node("Gather", "c i", "d"),
        node("Add", "b d", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 6])],
    [random("v", 6, 6), tensor("w", np.eye(6)), numpy_helper.from_array(np.array(1), "i")],
    functions=[inner],
    imports=["my.domain"],
)

# Statistics that an exporter merged with the scale and bias that hold the same values.
write(
    "shared-statistics",
    [node("BatchNormalization", "x scale bias bias scale", "y")],
    [value("x", ["n", 3, 4, 4])],
    [value("y", ["n", 3, 4, 4])],
    [tensor("scale", np.ones(3)), tensor("bias", np.zeros(3))],
)

# One module called twice: the second call goes on from the statistics of the first.
write(
    "batch-norm-twice",
    [
        node("BatchNormalization", "x scale bias mean var", "a am av", training_mode=1),
        node("BatchNormalization", "z scale bias mean var", "b bm bv", training_mode=1),
        node("Add", "a b", "y"),
    ],
    [value("x", ["n", 3]), value("z", ["n", 3])],
    [value("y", ["n", 3])],
    [
        tensor("scale", np.ones(3)),
        tensor("bias", np.zeros(3)),
        tensor("mean", np.zeros(3)),
        tensor("var", np.ones(3)),
    ],
)

# An attribute of the wrong type, and a dimension that has no equal parts.
write(
    "wrong-type",
    [node("Softmax", "x", "y", axis="last")],
    [value("x", ["n", 6])],
    [value("y", ["n", 6])],
)
write(
    "uneven-split",
    [node("Split", "x", "y z", axis=1)],
    [value("x", ["n", 5])],
    [value("y", ["n", 3]), value("z", ["n", 2])],
    opset=17,
)

# Synonyms that ONNX Runtime's optimizer writes.
write(
    "microsoft",
    [
        node("FusedMatMul", "x w", "a", domain="com.microsoft", transB=1, alpha=0.5),
        node("FastGelu", "a b", "c", domain="com.microsoft"),
        node("SkipLayerNormalization", "c a g b", "d", domain="com.microsoft", epsilon=1e-5),
        node("SkipSimplifiedLayerNormalization", "d a g", "e", domain="com.microsoft"),
        node("Gelu", "e", "y", domain="com.microsoft"),
    ],
    [value("x", ["n", 4])],
    [value("y", ["n", 3])],
    [weight("w", 3, 4), weight("b", 3), weight("g", 3)],
    imports=["com.microsoft"],
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


# "while k < 12: k += 2", as TensorFlow writes a recurrent layer: a counter of its own, which the
# condition asks for, and a weight in the body.
def counted_while(name, bound, start=-10):
    body_nodes = [
        node("MatMul", "h inner", "moved"),
        node("Tanh", "moved", "next"),
        node("Add", "k two", "after"),
        node("Less", "after twelve", "below"),
        node("Less", "i many", "few"),
        node("And", "below few", "again"),
    ]
    body = helper.make_graph(
        body_nodes,
        "body",
        [*STEP, value("h", ["n", 3]), value("k", [], TensorProto.INT64)],
        [
            value("again", [], TensorProto.BOOL),
            value("next", ["n", 3]),
            value("after", [], TensorProto.INT64),
            value("next", ["n", 3]),
        ],
        [
            weight("inner", 3, 3),
            *(
                numpy_helper.from_array(np.array(number), name)
                for name, number in (("two", 2), ("twelve", 12), ("many", 100))
            ),
        ],
    )
    inputs = [bound, "", "x", "start"]
    loop_node = helper.make_node("Loop", inputs, ["y", "", "rows"], name="the_Loop", body=body)
    write(
        name,
        [loop_node],
        [value("x", ["n", 3])],
        [value("y", None), value("rows", None)],
        [
            numpy_helper.from_array(np.array(9, dtype=np.int64), "bound"),
            numpy_helper.from_array(np.array(start), "start"),
        ],
    )


counted_while("loop-while", "bound")
counted_while("loop-while-unbounded", "")
counted_while("loop-while-short", "bound", start=6)
RANDOM = [node("RandomNormalLike", "h", "next"), *STOPS[1:]]
loop("loop-random", RANDOM, ["n", 3], goes_on="again")

# A weight in a Constant node of which only an operator of another domain says that it is one.
bias = helper.make_node("Constant", [], ["b"], value=random("b", 6))
write(
    "weights-of-another-domain",
    [bias, node("BiasGelu", "x b", "y", domain="com.microsoft")],
    [value("x", ["n", 6])],
    [value("y", ["n", 6])],
    imports=["com.microsoft"],
)

# A maximum looks at every update of each place.
write(
    "many-updates",
    [node("ScatterElements", "x places updates", "y", axis=1, reduction="max")],
    [
        value("x", ["n", 10000]),
        value("places", ["n", 10000], TensorProto.INT64),
        value("updates", ["n", 10000]),
    ],
    [value("y", ["n", 10000])],
)


def twice(level):
    """Function F<level> calls the one below it twice: 2^level nodes in all."""
    calls = [
        helper.make_node(f"F{level - 1}", ["a"], ["t"], domain="f"),
        helper.make_node(f"F{level - 1}", ["t"], ["b"], domain="f"),
    ]
    body = calls if level else [helper.make_node("Tanh", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("f", 1)]
    return helper.make_function("f", f"F{level}", ["a"], ["b"], body, opsets)


# A small file that asks for 2^40 nodes, and one that asks for a tensor of 100 dimensions.
write(
    "functions-multiply",
    [node("F40", "x", "y", domain="f")],
    [value("x", ["n", 3])],
    [value("y", ["n", 3])],
    functions=[twice(level) for level in range(41)],
    imports=["f"],
)
write(
    "many-dimensions",
    [node("Unsqueeze", "x axes", "y")],
    [value("x", ["n", 3])],
    [value("y", None)],
    [numpy_helper.from_array(np.arange(1, 99), "axes")],
)

# A heads-first reshape that takes the rows from the input's shape and the positions, 3, from the
# example.
write(
    "baked-positions",
    [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n"),
        node("Mul", "n heads", "rows"),
        node("Concat", "three rows two", "sizes", axis=0),
        node("Transpose", "x", "positions_first", perm=[1, 0, 2]),
        node("Reshape", "positions_first sizes", "heads_first"),
        node("ReduceMean", "heads_first", "y"),
    ],
    [value("x", ["n", "t", 4])],
    [value("y", None)],
    [
        numpy_helper.from_array(np.array([size]), name)
        for name, size in (("zero", 0), ("heads", 2), ("three", 3), ("two", 2))
    ],
)

# Two scales that start at one, merged by their values, and a tied weight, which starts as no other.
write(
    "merged-ones",
    [
        node("Mul", "x ones", "a"),
        helper.make_node("MatMul", ["a", "w"], ["b"], "first"),
        helper.make_node("MatMul", ["b", "w"], ["c"], "second"),
        helper.make_node("Mul", ["c", "ones"], ["y"], "the_other_Mul"),
    ],
    [value("x", ["n", 3])],
    [value("y", None)],
    [weight("w", 3, 3), tensor("ones", [1, 1, 1])],
)

# A window over more channels than there are, and a sequence of more parts than a program holds.
write(
    "window-of-exabytes",
    [node("LRN", "x", "h", size=1 << 62), node("MatMul", "h w", "y")],
    [value("x", ["n", 3, 2, 2])],
    [value("y", None)],
    [weight("w", 2, 2)],
)
write(
    "many-parts",
    [
        node("ConstantOfShape", "size", "c"),
        node("SplitToSequence", "c", "parts"),
        node("SequenceAt", "parts first", "part"),
        node("Add", "x part", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", None)],
    [
        numpy_helper.from_array(np.array([1 << 40]), "size"),
        numpy_helper.from_array(np.array(0), "first"),
    ],
)

# The ops that a node makes may be larger than its result, beyond what 64 bits count.
write(
    "product-of-exabytes",
    [
        node("ConstantOfShape", "size", "c"),
        node("Einsum", "c c", "outer", equation="i,j->ij"),
        node("ReduceSum", "outer", "sum", keepdims=0),
        node("Add", "x sum", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", None)],
    [numpy_helper.from_array(np.array([1 << 33]), "size")],
)

# A constant of 4 TiB that no kernel makes on its way.
write(
    "constant-of-terabytes",
    [
        node("ConstantOfShape", "size", "c"),
        node("ReduceSum", "c", "sum", keepdims=0),
        node("MatMul", "x w", "h"),
        node("Add", "h sum", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 2])],
    [weight("w", 3, 2), numpy_helper.from_array(np.array([1 << 40]), "size")],
)


# A weight that an exporter keeps twice, the second time transposed: with a record that says so, and
# without, where the name is not one of the module's. Zeros are no evidence.
def keep_twice(model):
    signature = add_signature(model)
    signature.value = "\n# inputs\np_e: PARAMETER target='e.weight'\n\n# outputs\ny: USER_OUTPUT\n"
    info = model.graph.value_info.add()
    info.name = "val_7"
    entry = info.metadata_props.add()
    entry.key, entry.value = "pkg.onnxscript.optimizer.folded_from", "['e.weight']"


# A parameter that is used in two shapes, each of which the exporter made of it.
def make_parts(model):
    signature = add_signature(model)
    signature.value = "\n# inputs\np_t: PARAMETER target='t'\n\n# outputs\ny: USER_OUTPUT\n"
    for name in ("view", "unsqueeze"):
        info = model.graph.value_info.add(name=name)
        info.metadata_props.add(key="pkg.onnxscript.optimizer.folded_from", value="['t']")


write(
    "parts-of-one",
    [node("MatMul", "x view", "h"), node("Add", "h unsqueeze", "y")],
    [value("x", ["n", 2, 3])],
    [value("y", None)],
    [random("view", 3, 2), random("unsqueeze", 1, 1, 2)],
    change=make_parts,
)

for name, copy, change in (
    ("tied-recorded", "val_7", keep_twice),
    ("tied-unrecorded", "onnx::MatMul_7", None),
):
    table = np.random.default_rng(7).standard_normal((9, 4))
    write(
        name,
        [
            node("Gather", "e.weight x", "h"),
            node("MatMul", f"h {copy}", "y0"),
            helper.make_node("MatMul", ["h", "onnx::MatMul_9"], ["z"], name="zeros"),
            node("ReduceSum", "z", "s", keepdims=0),
            node("Add", "y0 s", "y"),
        ],
        [value("x", ["n", 3], TensorProto.INT64)],
        [value("y", ["n", 3, 9])],
        [
            tensor("e.weight", table),
            tensor(copy, table.T),
            tensor("zeros.weight", np.zeros((9, 4))),
            tensor("onnx::MatMul_9", np.zeros((4, 9))),
        ],
        change=change,
    )


# x[mask] = v: one value where elements say so, a row where rows do; and updates that are neither.
find_true = node("NonZero", "mask", "places")


def assign(name, value_shape, target=(), rows=False, find=find_true, **more):
    nodes = [
        node("MatMul", "x w", "h"),
        node("Unsqueeze", "mask last", "column"),
        node("Expand", "column shape", "wide"),
        node("NonZero", "wide", "places") if rows else find,
        helper.make_node("Transpose", ["places"], ["indices"], perm=more.pop("order", [1, 0])),
        node("Cast", "mask", "ones", to=TensorProto.INT64),
        node("ReduceSum", "ones", "count", keepdims=0),
        node("Reshape", "count last", "count1"),
        helper.make_node("Concat", ["count1", *target], ["size"], axis=0),
        node("Expand", "v size", "updates0"),
        node("Reshape", "updates0 last", "updates"),
        node("ScatterND", "h indices updates", "y"),
    ]
    write(
        name,
        nodes,
        [value("x", ["n", 3]), value("mask", ["n"] if rows else ["n", 4], TensorProto.BOOL)],
        [value("y", ["n", 4])],
        [
            random("w", 3, 4),
            random("v", *value_shape),
            numpy_helper.from_array(np.array([-1]), "last"),
            numpy_helper.from_array(np.array([4]), "width"),
            numpy_helper.from_array(np.array([1, 4]), "shape"),
        ],
        **more,
    )


assign("assign-value", [1])
assign("assign-row", [4], ["width"], rows=True)
assign("assign-elements", [4], ["width"])
assign("assign-order", [1], order=[0, 1])
assign("assign-nothing", [1], find=helper.make_node("NonZero", [""], ["places"], name="of_nothing"))

# Places that functions find, whose names are not those of the graph: `mask` is another there.
find_places = helper.make_function(
    "local",
    "Places",
    ["x"],
    ["y"],
    [node("Not", "x", "mask"), node("NonZero", "mask", "y")],
    [helper.make_opsetid("", 20)],
)
assign(
    "assign-function",
    [1],
    find=node("Places", "mask", "places", domain="local"),
    functions=[find_places],
    imports=["local"],
)


# One bias for three modules that each had one of its own, of zeros: the exporter's optimizer merged
# them, then what split them, and wrote no record of the splitting.
def split_for_modules(model):
    signature = add_signature(model)
    names = ("a.bias", "b.bias", "c.bias", "w", "unused.bias", "idle.bias")
    signature.value = parameters(names)
    for made, module, arguments in (
        (0, "a", "%x, %p_a_bias"),
        (1, "", "%add, %p_w"),
        (3, "b", "%mm, %getitem"),
        (4, "c", "%add_1, %getitem_1"),
        (5, "a", "%add_2, %getitem"),
    ):
        text = operation(f"aten.{made}", arguments)
        record_operation(model.graph.node[made], text, module, f"op_{made}")


write(
    "merged-split",
    [
        node("Add", "x a.bias", "add"),
        node("MatMul", "add w", "mm"),
        node("Split", "a.bias sizes", "low high"),
        node("Add", "mm low", "add_1"),
        node("Add", "add_1 high", "add_2"),
        node("Add", "add_2 low", "y"),
    ],
    [value("x", ["n", 6])],
    [value("y", ["n", 3])],
    [
        tensor("a.bias", np.zeros(6)),
        random("w", 6, 3),
        tensor("idle.bias", np.zeros(3)),
        numpy_helper.from_array(np.array([3, 3]), "sizes"),
    ],
    change=split_for_modules,
)


# Norms of one input whose parameters began alike, where the exporter's optimizer kept the first
# norm: the records of two products have the names of others. "merged-modules" can be one answer
# only: a is used once and b is gone. In "merged-modules-unclear" c is gone, too; in
# "merged-modules-called" b was called twice, and in "merged-modules-dropped" a user of a's norm is
# gone, so that it may have been what the record names, and in "merged-modules-further" a use names
# what was computed of b's norm.
def merge_modules(names, users, missing):
    def change(model):
        signature = add_signature(model)
        signature.value = parameters(names)
        for made, module, result, count, arguments in (
            (0, "a", "norm", users, "%x, [6], %p_a_weight, %p_a_bias"),
            (1, "l.0", "linear", 1, "%norm, %p_l_0_weight"),
            (2, "l.1", "linear_1", 1, f"%{missing[0]}, %p_l_1_weight"),
            (3, "l.2", "linear_2", 1, f"%{missing[1]}, %p_l_2_weight"),
            (4, "", "add", 1, "%linear, %linear_1"),
            (5, "", "add_1", 1, "%add, %linear_2"),
        ):
            text = f"%{result} : [num_users={count}] = call_function[target=torch.ops.aten.op]"
            text += f"(args = ({arguments}), kwargs = {{}})"
            record_operation(model.graph.node[made], text, module, result)

    return change


ab = [f"{m}.{kind}" for m in "ab" for kind in ("weight", "bias")]
for name, names, users, missing in (
    ("merged-modules", ab, 1, ("norm_1", "norm_1")),
    ("merged-modules-unclear", [*ab, "c.weight", "c.bias"], 1, ("norm_1", "norm_1")),
    ("merged-modules-called", ab, 1, ("norm_1", "norm_2")),
    ("merged-modules-dropped", ab, 2, ("norm_1", "norm_1")),
    ("merged-modules-further", ab, 1, ("norm_1", "to")),
):
    write(
        name,
        [
            node("LayerNormalization", "x a.weight a.bias", "norm"),
            node("MatMul", "norm l.0.weight", "linear"),
            node("MatMul", "norm l.1.weight", "linear_1"),
            node("MatMul", "norm l.2.weight", "linear_2"),
            node("Add", "linear linear_1", "add"),
            node("Add", "add linear_2", "add_1"),
        ],
        [value("x", ["n", 6])],
        [value("add_1", ["n", 3])],
        [
            tensor("a.weight", np.ones(6)),
            tensor("a.bias", np.zeros(6)),
            *(random(f"l.{i}.weight", 6, 3) for i in range(3)),
        ],
        change=merge_modules([*names, *(f"l.{i}.weight" for i in range(3))], users, missing),
    )


# A static export with its constants folded: cls, repeated for the two rows of its batch, and one
# transposed weight for two modules that are copies of each other, as are those of two more, the
# zeros of whose biases are dropped.
def fold_static(model):
    signature = add_signature(model)
    names = ["cls"] + [f"{m}.{kind}" for m in "abcd" for kind in ("weight", "bias")]
    signature.value = parameters(names)
    for name, sources in (("expand", "['cls', 'val_0']"), ("val_1", "['a.weight']")):
        info = model.graph.value_info.add(name=name)
        info.metadata_props.add(key="pkg.onnxscript.optimizer.folded_from", value=sources)
    for made, module in zip(model.graph.node, " aabb cd"):
        if module != " ":
            text = operation("aten.linear.default", f"%h, %p_{module}_weight, %p_{module}_bias")
            made.metadata_props.add(key="pkg.torch.onnx.fx_node", value=text)


write(
    "folded-static",
    [
        node("Concat", "expand x", "cat", axis=1),
        node("MatMul", "cat val_1", "mm"),
        node("Add", "mm a.bias", "linear"),
        node("MatMul", "linear val_1", "mm_1"),
        node("Add", "mm_1 b.bias", "linear_1"),
        node("ReduceMean", "linear_1 one", "mean", keepdims=0),
        node("Gemm", "mean c.weight", "linear_2", transB=1),
        node("Gemm", "linear_2 c.weight", "y", transB=1),
    ],
    [value("x", [2, 4, 6])],
    [value("y", [2, 6])],
    [
        tensor("expand", np.tile(np.arange(6) / 8, (2, 1, 1))),
        random("val_1", 6, 6),
        random("a.bias", 6),
        random("b.bias", 6),
        random("c.weight", 6, 6),
        numpy_helper.from_array(np.array([1]), "one"),
    ],
    change=fold_static,
)


# x[arange(n), i] and x[arange(n), i, j], as TorchScript writes them: indices into x flattened.
for name, table, scaled in (
    ("gather-rows", [-1, 3], "i"),
    ("gather-rows-columns", [-1], "i3"),
):
    write(
        name,
        [
            node("MatMul", "x w", "h"),
            node("Shape", "h", "shape"),
            node("Gather", "shape zero", "n"),
            node("Range", "zero n one", "rows"),
            node("Mul", "rows size", "starts"),
            node("Mul", "i three", "i3"),
            node("Add", f"{scaled} starts", "places0"),
            node("Add", "places0 j", "places1"),
            node("Reshape", "h table", "flat"),
            node("Gather", f"flat {'places0' if scaled == 'i' else 'places1'}", "y0"),
            node("Unsqueeze", "y0 ends", "y"),
        ],
        [
            value("x", ["n", 5, 2]),
            value("i", ["n"], TensorProto.INT64),
            value("j", ["n"], TensorProto.INT64),
        ],
        [value("y", None)],
        [
            random("w", 2, 3),
            numpy_helper.from_array(np.array(table), "table"),
            numpy_helper.from_array(np.array(5 if scaled == "i" else 15), "size"),
            *(numpy_helper.from_array(np.array(v), n) for n, v in (("zero", 0), ("one", 1))),
            numpy_helper.from_array(np.array(3), "three"),
            numpy_helper.from_array(np.array([-1]), "ends"),
        ],
    )

# Numbers taken out of a table one by one, as a solver takes its times; and of a stack of weights.
number = [numpy_helper.from_array(np.array(i)) for i in (2, 1)]
write(
    "taken-by-number",
    [
        helper.make_node("Constant", [], ["two"], value=number[0]),
        helper.make_node("Constant", [], ["second"], value=number[1]),
        node("Gather", "times two", "t"),
        node("Mul", "x t", "a"),
        node("Gather", "stack second", "w"),
        node("MatMul", "a w", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 4])],
    [tensor("times", np.linspace(0, 1, 9)), random("stack", 2, 3, 4)],
)

# Loops of whose carried values or scanned inputs one is left out.
carries = helper.make_graph(
    [node("Identity", "h", "next"), node("Identity", "going", "on")],
    "body",
    [*STEP, value("h", ["n", 3])],
    [value("on", [], TensorProto.BOOL), value("next", ["n", 3])],
)
scans = helper.make_graph(
    [node("Add", "h s", "next")], "body", [value("h", [3]), value("s", [3])], [value("next", [3])]
)
bound = numpy_helper.from_array(np.array(3), "bound")
for name, made in (
    ("loop-hole", [helper.make_node("Loop", ["bound", "", ""], ["y"], "the_Loop", body=carries)]),
    (
        "scan-hole",
        [helper.make_node("Scan", ["x", ""], ["y"], "the_Scan", body=scans, num_scan_inputs=1)],
    ),
):
    write(name, made, [value("x", ["n", 3])], [value("y", None)], [bound])

# Twelve steps, each of which sums two rows of its own: given as rows, appended to a sequence, and
# appended as long as the data wants.
SUMS = [
    node("Mul", "i two", "start"),
    node("Add", "start two", "stop"),
    node("Slice", "rows start stop zero", "slice"),
    node("ReduceSum", "slice zero", "sum", keepdims=0),
]
APPENDS = [*SUMS, node("Unsqueeze", "sum zero", "row"), node("SequenceInsert", "h row", "next")]
MORE = [*APPENDS, node("ReduceSum", "sum", "all", keepdims=0), node("Less", "all all", "again")]
GOING = value("going", [], TensorProto.BOOL)
AGAIN = value("again", [], TensorProto.BOOL)
LIST = helper.make_tensor_sequence_value_info("h", TensorProto.FLOAT, None)
NEXT = helper.make_tensor_sequence_value_info("next", TensorProto.FLOAT, None)
for name, steps, carried, results in (
    ("loop-slices", SUMS, [], [GOING, value("sum", [None])]),
    ("loop-sequence", APPENDS, [LIST], [GOING, NEXT]),
    ("loop-sequence-stops", MORE, [LIST], [AGAIN, NEXT]),
):
    body = helper.make_graph(steps, "body", [*STEP, *carried], results)
    inputs = ["twelve", "", *(["empty"] if carried else [])]
    joined = [
        node("SequenceEmpty", "", "empty"),
        helper.make_node("Loop", inputs, ["list"], "the_Loop", body=body),
        node("ConcatFromSequence", "list", "sums", axis=0),
    ]
    plain = [helper.make_node("Loop", inputs, ["sums"], "the_Loop", body=body)]
    write(
        name,
        [
            node("Transpose", "x", "rows"),
            *(joined if carried else plain),
            node("Transpose", "sums", "y"),
        ],
        [value("x", ["n", 24])],
        [value("y", None)],
        [
            numpy_helper.from_array(np.array(12), "twelve"),
            numpy_helper.from_array(np.array([0]), "zero"),
            numpy_helper.from_array(np.array([2]), "two"),
        ],
    )


# A buffer that the module moves and uses; and one of which no node says how it changes.
def record_change(model):
    signature = add_signature(model)
    lines = ("p_w: PARAMETER target='w'", "b_c: BUFFER target='c' persistent=True", "x: USER_INPUT")
    changes = ("moved: BUFFER_MUTATION target='c'", "add: BUFFER_MUTATION target='keep'")
    signature.value = "\n# inputs\n" + "\n".join(lines) + "\n\n# outputs\n"
    signature.value += "\n".join((*changes, "y: USER_OUTPUT")) + "\n"


write(
    "buffer-changes",
    [
        node("MatMul", "x w", "h"),
        node("Mul", "c keep", "kept"),
        node("ReduceMean", "h zero", "mean", keepdims=0),
        node("Add", "kept mean", "moved"),
        node("Sub", "h moved", "y"),
    ],
    [value("x", ["n", 3])],
    [value("y", ["n", 4])],
    [
        random("w", 3, 4),
        random("c", 4),
        tensor("keep", 0.5),
        numpy_helper.from_array(np.array([0]), "zero"),
    ],
    change=record_change,
)
