#!/bin/bash
# A step of a model's CUDA package on the emulator, with a sanitizer:
#   sanitized_step.sh address|thread MODEL FOLDER MODELS GOLDENS
# One host thread: oneDNN and its OpenMP are not built for ThreadSanitizer, which would take their
# threads for races.
set -euo pipefail
kind=$1 model=$2 folder=$3 models=$4 goldens=$5
compare="python3 $(dirname "$0")/compare.py"
$compare data "$goldens/$model.npz" -o "$folder/$model.npz"
flags=$($compare flags "$goldens/$model.npz" compile)
dsc-compile "$models/$model-dynamo.onnx" $flags --emit=cuda -o "$folder/$model"
make -C "$folder/$model" -j2 emulate "SANITIZE=$kind" \
  CXX="env CCACHE_NOHASHDIR=1 ccache clang++-22 -Werror"
taskset -c 0 "$folder/$model/trainer-emulated" --data "$folder/$model.npz" --steps 1
