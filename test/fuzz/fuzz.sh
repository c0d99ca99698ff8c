#!/bin/bash
# fuzz.sh SECONDS FOLDER HARNESS [-max_len=N] SEEDS...: fuzzes for so long; new inputs and findings
# go to FOLDER. The seed is fixed, so that a test that passed goes the same way again; -seed=0 before
# the SEEDS draws another. A small input that takes more memory or time than these is a finding like
# any other.
set -euo pipefail
seconds=$1 folder=$2 harness=$3
shift 3
mkdir -p "$folder/inputs"
if ! "$harness" -max_len=4096 "-max_total_time=$seconds" -seed=1 -timeout=10 -rss_limit_mb=1024 \
  -malloc_limit_mb=128 -verbosity=0 -print_funcs=0 -print_final_stats=1 \
  "-artifact_prefix=$folder/" "$folder/inputs" "$@" >"$folder/log" 2>&1; then
  cat "$folder/log"
  exit 1
fi
grep '^stat::number_of_executed_units: *[0-9]\{4\}' "$folder/log" # or it hardly ran
