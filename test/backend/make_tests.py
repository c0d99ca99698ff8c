#!/usr/bin/env python3
"""Writes the backend tests of the onnx package that runs this as folders for dsc-onnx-backend.

  make_tests.py OUTPUT

Node tests exist as Python code only; the other sets are copied from the package. The models of
the set `light` come with their outputs alone: their inputs are what its data generator draws.
"""

import pathlib
import shutil
import sys

import numpy
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case import node as node_cases

WRITERS = {"sequence_type": numpy_helper.from_list, "optional_type": numpy_helper.from_optional}


def serialize(value, info):
    """The file of one value; whatever it is, the reader must not trip over it."""
    kind = info.type.WhichOneof("value")
    if kind == "tensor_type" and not isinstance(value, TensorProto):
        value = numpy_helper.from_array(numpy.asarray(value), info.name)
    elif kind in WRITERS:
        value = WRITERS[kind](value, info.name)
    return value.SerializeToString()


def write_case(case, folder):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for i, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{i}"
        data.mkdir()
        for name, values, infos in (
            ("input", inputs, case.model.graph.input),
            ("output", outputs, case.model.graph.output),
        ):
            for j, (value, info) in enumerate(zip(values, infos)):
                (data / f"{name}_{j}.pb").write_bytes(serialize(value, info))


def write_light(source, output):
    """One folder per model, with the input that the package's runner feeds: counted numbers."""
    for path in sorted(source.glob("*.onnx")):
        model = onnx.load(path)
        initialized = {tensor.name for tensor in model.graph.initializer}
        inputs = [info for info in model.graph.input if info.name not in initialized]
        data = output / f"test_{path.stem}" / "test_data_set_0"
        data.mkdir(parents=True)
        shutil.copy(path, data.parent / "model.onnx")
        shutil.copy(path.with_name(path.stem + "_output_0.pb"), data / "output_0.pb")
        for i, info in enumerate(inputs):
            shape = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
            size = numpy.prod(shape)
            array = (numpy.arange(size).reshape(shape) / size).astype(numpy.float32)
            tensor = numpy_helper.from_array(array, info.name)
            (data / f"input_{i}.pb").write_bytes(tensor.SerializeToString())


def main(output):
    shutil.rmtree(output, ignore_errors=True)
    for case in node_cases.collect_testcases(None):
        write_case(case, output / "node" / case.name)
    package = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
    for name in ("pytorch-converted", "pytorch-operator", "simple"):
        shutil.copytree(package / name, output / name)
    write_light(package / "light", output / "light")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
