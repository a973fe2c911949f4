#!/bin/sh
# Compares fm-backend-ort with a bare loop over the same session: batches of
# calls of the one and the other in turn, in fresh processes, then the medians
# of all calls but each batch's first fifth.
#
#   ort-loop.sh NAME ROUNDS CALLS MODEL WEIGHTS THREADS INPUT=TYPE:DIMS:LO:HI ...
#
# The arguments after CALLS are ort-loop's. Prints
#   NAME <backend us> <loop us> <ratio>
# shellcheck disable=SC2012
name=$1 rounds=$2 calls=$3 model=$4 weights=$5 threads=$6
shift 6
B=${B:-build}
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT

inputs=$(for i; do
	echo "$i" | awk -F '[=:]' '{ printf "{\"name\":\"%s\",\"type\":\"%s\"," \
	    "\"shape\":[%s],\"fill\":{\"tokens\":[[%s,%s]]}}\n", \
	    $1, $2, $3, $4, $5 }'
done | paste -sd, -)
folder=
[ "$weights" = - ] || folder=",\"weights\":\"$weights\""
cat >"$T/requests" <<X
{"op":"open","model":{"path":"$model"$folder},"inputs":[$inputs],"options":{"intra_op_num_threads":$threads}}
{"op":"run","reps":$calls,"seed":1}
X
round=0
while [ "$round" -lt "$rounds" ]; do
	"$B/libexec/fm/fm-backend-ort" <"$T/requests" |
	    awk -v skip=$((calls / 5)) '$2 == "REP" && $3 > skip {
		print $7 * 1e9 }' >>"$T/backend"
	library=$(ls "$B"/libexec/fm/libonnxruntime.so* 2>/dev/null | tail -1)
	"$B/bench/ort-loop" "${library:--}" "$model" "$weights" "$threads" \
	    "$calls" "$@" | tail -n +$((calls / 5 + 1)) >>"$T/loop"
	round=$((round + 1))
done
median() {
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2000 }'
}
if [ ! -s "$T/backend" ] || [ ! -s "$T/loop" ]; then
	echo "$name: nothing measured" >&2
	exit 1
fi
echo "$name $(median "$T/backend") $(median "$T/loop")" |
    awk '{ printf "%s %.3f %.3f %.4f\n", $1, $2, $3, $2 / $3 }'
