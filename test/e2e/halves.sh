#!/bin/sh
# halves.sh TYPE FOLDER MODEL.mlir: the model with TYPE in place of f16, trained by the CPU and by
# emulated CUDA; FOLDER gets TYPE-{cpu,cuda}.npz (gradients) and .jsonl (losses).
set -eu
here=$2/$1
sed "s/xf16/x$1/g" "$3" > "$here.mlir"
compile="dsc-compile $here.mlir --loss cross-entropy --batch 8"
$compile --cpu generic -o "$here-cpu"
$compile --emit=cuda -o "$here-package"
make -C "$here-package" -j2 emulate CXX="ccache clang++-22 -Werror"
follow() {
  flags="--data $2 --threads 1 --no-shuffle"
  "$1" $flags --dump-tensors "$3.npz"
  "$1" $flags --steps 10 --lr 0.01 --metrics "$3.jsonl"
}
follow "$here-cpu" "$2/data.npz" "$here-cpu"
follow "$here-package/trainer-emulated" "$2/data.npz" "$here-cuda"
