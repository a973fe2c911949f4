#!/bin/sh
# How fast a simulated sweep is: ten thousand points of a model with 70 billion
# parameters, on four devices, with the whole log written.
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
cd "$top" || exit 1
t0=$(date +%s%N)
points=$("$B/bin/fm-driver" --platform sim:H200,sim:A800,sim:H20,sim:V100 \
    --model_root examples/models --model_name Llama-3.1-70B \
    --input_sizes 64-640+64 --output_sizes 16-400+16 --batch_sizes 1-10 \
    --reps 1 | grep -c '^FMWORK SIM')
t1=$(date +%s%N)
awk -v n="$points" -v t="$((t1 - t0))" 'BEGIN {
	printf "simulated sweep: %d points in %.2f s, %.0f us a point\n", n, t / 1e9, t / 1e3 / n }'
