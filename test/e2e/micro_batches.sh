#!/bin/sh
# micro_batches.sh FOLDER MODEL GOLDEN LOSS: a batch of 6 in one and in three micro-batches gives the
# same losses and gradients, with clipping and shuffling.
set -eu
here=$(dirname "$0")
rm -rf "$1" && mkdir -p "$1"
python3 "$here/compare.py" data "$3" -o "$1/data.npz"
for count in 1 3; do
  dsc-compile "$2" --loss "$4" --batch 6 --microbatches $count --dropout off -o "$1/$count"
  "$1/$count" --data "$1/data.npz" --threads 1 --steps 10 --clip-norm 0.5 --metrics "$1/$count.jsonl"
  "$1/$count" --data "$1/data.npz" --threads 1 --dump-tensors "$1/$count.npz"
done
python3 "$here/steps.py" losses "$1/1.jsonl" "$1/3.jsonl"
python3 "$here/steps.py" gradients "$1/1.npz" "$1/3.npz"
