#!/usr/bin/env python3
"""Exports the small test models (models.py) to .onnx files beside this script, or to -o DIR.

Needs torch and onnxscript; scripts/make-goldens runs it. Names of models limit the work to them.
"""

import argparse
import pathlib
import warnings

import onnx
import onnx.numpy_helper
import torch

from models import MODELS


def example_inputs(spec, batch):
    inputs = {}
    for name, (shape, values) in spec.inputs.items():
        shape = (batch, *shape)
        inputs[name] = torch.randint(values, shape) if values else torch.randn(shape)
    if spec.loss == "model":
        inputs["labels"] = torch.randint(spec.classes, (batch, *spec.label_shape))
    return inputs


def export_dynamo(spec, model, inputs, path):
    dynamic = None
    if spec.batch is None:
        dynamic = tuple({0: torch.export.Dim("batch")} for _ in inputs)
    torch.onnx.export(
        model,
        tuple(inputs.values()),
        path,
        dynamo=True,
        optimize=spec.optimize,
        verbose=False,
        external_data=False,
        opset_version=spec.opset,
        input_names=list(inputs),
        output_names=[spec.output],
        dynamic_shapes=dynamic,
    )


def export_torchscript(spec, model, inputs, path):
    dynamic = {}
    if spec.batch is None:
        dynamic = {name: {0: "batch"} for name in (*inputs, spec.output)}
    torch.onnx.export(
        model,
        tuple(inputs.values()),
        path,
        dynamo=False,
        opset_version=spec.opset,
        training=torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
        input_names=list(inputs),
        output_names=[spec.output],
        dynamic_axes=dynamic,
    )


RECORD = ("InputSpec.kind", "graph_signature", "folded_from", "fx_node", "name_scopes")


def strip_metadata(path, record):
    """Drops the stack traces that an exporter leaves on every node, and unless the model is to
    keep it, the record of what its initializers are: most files have none."""
    model = onnx.load(path)
    for item in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
        *model.graph.initializer,
    ):
        kept = [entry for entry in item.metadata_props if record and entry.key.endswith(RECORD)]
        del item.metadata_props[:]
        item.metadata_props.extend(kept)
        item.doc_string = ""
    onnx.save(model, path)


def restore_buffers(buffers, path):
    """Tracing in training mode moves running statistics; the file shall start as the model does."""
    model = onnx.load(path)
    for initializer in model.graph.initializer:
        if initializer.name in buffers:
            value = onnx.numpy_helper.from_array(buffers[initializer.name], initializer.name)
            initializer.CopyFrom(value)
    onnx.save(model, path)


def check_names(model, path):
    initializers = {i.name: tuple(i.dims) for i in onnx.load(path).graph.initializer}
    names = {}  # tied parameters have several, of which the exporter keeps one
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    for parameter, aliases in names.items():
        if not any(initializers.get(name) == tuple(parameter.shape) for name in aliases):
            raise SystemExit(f"error: {path}: no initializer for parameter {aliases[0]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    args.o.mkdir(parents=True, exist_ok=True)
    for stem in args.models:
        spec = MODELS[stem]
        model = spec.make().train()
        buffers = {name: value.numpy().copy() for name, value in model.named_buffers()}
        path = str(args.o / f"{stem}.onnx")
        export = export_dynamo if spec.exporter == "dynamo" else export_torchscript
        export(spec, model, example_inputs(spec, spec.batch or 2), path)
        strip_metadata(path, spec.record)
        restore_buffers(buffers, path)
        if not spec.optimize:
            check_names(model, path)
        print(path)


if __name__ == "__main__":
    main()
