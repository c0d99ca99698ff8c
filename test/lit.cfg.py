# How lit finds and runs the tests: `lit build/test` after a build.
import os

import lit.formats

config.name = "dsc"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["models", "goldens", "Inputs"]
config.test_source_root = os.path.join(config.source_root, "test")
config.test_exec_root = os.path.join(config.build_root, "test")

bin_dir = os.path.join(config.build_root, "bin")
# Tests run side by side: threads that wait must not spin.
config.environment["OMP_WAIT_POLICY"] = "passive"
config.environment["PATH"] = os.pathsep.join([bin_dir, config.llvm_tools, os.environ["PATH"]])
config.substitutions += [
    ("%{bin}", bin_dir),
    ("%{source}", config.source_root),
    ("%{models}", os.path.join(config.source_root, "test", "models")),
    ("%{goldens}", os.path.join(config.source_root, "test", "goldens")),
    ("%{examples}", os.path.join(config.source_root, "examples")),
    ("%{onnx-data}", "/usr/share/libonnx-testdata/data"),
    ("%{python-env}", os.path.join(config.source_root, ".venv", "bin", "python")),
]

# Tests that take minutes say "REQUIRES: full"; scripts/test --full runs them.
if lit_config.params.get("full"):
    config.available_features.add("full")
# PyTorch and ONNX from PyPI: scripts/python-env makes it.
if os.path.exists(os.path.join(config.source_root, ".venv", "complete")):
    config.available_features.add("python-env")
