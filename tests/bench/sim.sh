#!/bin/sh
# How fast a model with 70 billion parameters is simulated: a point by the
# backend alone, in closed form and layer by layer, and a sweep of ten thousand
# points on four devices by fm-driver with its whole log. The least of five
# runs: what others do meanwhile only adds.
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
cd "$top" || exit 1
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT
model=examples/models/Llama-3.1-70B

row() { printf '%-46s %12s %12s %8s\n' "$@"; }
# requests N OPTIONS: opens the model and asks for N points
requests() {
	printf '{"op":"open","model":{"path":"%s"},"options":{"device":"H200"%s}}\n' \
	    "$model" "$2"
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
	    printf "{\"op\":\"run\",\"input\":%d,\"output\":%d,\"batch\":%d,\"reps\":1}\n", \
	        64 + i % 977, '"$3"', 1 + i % 8 }'
}
# point LABEL LIMIT N OUTPUT OPTIONS: microseconds of processor time for a
# point, with the request and the answer
point() {
	requests "$3" "$5" "$4" >"$T/requests"
	for _ in 1 2 3 4 5; do
		command time -f '%U %S' -o "$T/time" \
		    "$B/libexec/fm/fm-backend-sim" <"$T/requests" >"$T/out"
		awk -v n="$3" '{ printf "%.1f\n", ($1 + $2) / n * 1e6 }' "$T/time"
	done | sort -n | head -n 1 >"$T/us"
	row "$1" "$(cat "$T/us")" "$2" \
	    "$(awk -v b="$2" '{ printf "%.3f", $1 / b }' "$T/us")"
}
sweep() {
	"$B/bin/fm-driver" --platform sim:H200,sim:A800,sim:H20,sim:V100 \
	    --model_name $model --input_sizes 64-640+64 \
	    --output_sizes 16-400+16 --batch_sizes 1-10 --reps 1
}

point 'a point in closed form (microseconds)' 50 20000 '2 + i % 127' ''
point 'a pass layer by layer (microseconds)' 5000 500 1 ',"summary":true'
for _ in 1 2 3 4 5; do
	t0=$(date +%s%N)
	sweep >"$T/out" 2>&1
	echo "$((($(date +%s%N) - t0) / 1000000))"
done | sort -n | head -n 1 >"$T/ms"
row "$(grep -c '^FMWORK SIM' "$T/out") points with their log (milliseconds)" \
    "$(cat "$T/ms")" 5000 "$(awk '{ printf "%.3f", $1 / 5000 }' "$T/ms")"
