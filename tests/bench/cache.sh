#!/bin/sh
# The cache with many builds: list, report, gc and verify, warm, each as the
# best of five; how soon a hit measures, beside a bare loop that loads the same
# optimised graph; and MLAgility's commands on a cache of as many builds, when
# $BENCHIT names its program and $BENCHIT_CACHE a cache in which it has built
# something. Prints a line for each: what, milliseconds, limit.
# usage: cache.sh [BUILDS]
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
n=${1:-10000}
T=$(mktemp -d) || exit 3
trap 'rm -rf "$T"' EXIT
FM_CACHE_DIR=$T/cache
export FM_CACHE_DIR

ours=$top/tests/data/cache/ours
k1=0123456789abcdef0123456789abcdef
"$B/bench/cache-fill" "$T/cache" "$ours/obj/$k1" "$ours/results/$k1.jsonl" "$n" ||
    exit 1

# ms COMMAND...: how long it takes, in milliseconds
ms() {
	a=$(date +%s%N)
	"$@" >/dev/null 2>&1
	echo $((($(date +%s%N) - a) / 1000000))
}
# best NAME LIMIT COMMAND...: the best of five
best() {
	name=$1 limit=$2
	shift 2
	for _ in 1 2 3 4 5; do ms "$@"; done | sort -n | head -1 |
	    sed "s/^/$name: /;s/\$/ ms (limit $limit ms)/"
}
best "list of $n builds" 50 fm-cache list
best "report of $n builds" 1000 fm-cache report -r "$T/rep"
best "gc --dry_run of $n builds" 200 fm-cache gc --max_size 1k --dry_run

FM_CACHE_DIR=$T/big
fm-driver --build_only --load_format dummy \
    "$top/examples/models/granite-embedding-125m-english" >/dev/null 2>&1
best "verify of a 500 MB build" 500 fm-cache verify
best "a hit of it" 1000 fm-driver --build_only --load_format dummy \
    "$top/examples/models/granite-embedding-125m-english"

# Both begin with a process and end where the first call begins.
model=$top/examples/models/granite-embedding-125m-english
hit() {
	fm-driver --load_format dummy --optimize all --build_name hit --threads 1 \
	    --reps 1 --input_sizes 128 "$model" 2>/dev/null |
	    sed -n 's/^FMWORK REP 1 1 \([0-9]*\)\.\([0-9]*\) .*/\1\2/p'
}
direct() {
	graph=$T/big/hit
	{
		"$B/bench/ort-loop" "$library" "$graph/optimized.onnx" \
		    "$graph/" 1 1 input_ids=int64:1,128:4:50261 \
		    attention_mask=int64:1,128:1:2 \
		    token_type_ids=int64:1,128:0:1 >/dev/null
	} 2>&1
}
# lapse COMMAND: milliseconds up to the moment that it prints
lapse() {
	begun=$(date +%s%N)
	began=$("$1")
	echo "$begun ${began:-$begun}" | awk '{ printf "%.1f\n", ($2 - $1) / 1e6 }'
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# shellcheck disable=SC2012
library=$(ls "$B"/libexec/fm/libonnxruntime.so* 2>/dev/null | tail -1)
library=${library:--}
if [ -n "$(hit)" ]; then
	for _ in 1 2 3 4 5 6 7 8 9; do
		lapse hit >>"$T/hit"
		lapse direct >>"$T/direct"
	done
	echo "a hit to its first repetition: $(median "$T/hit") ms, a bare loop" \
	    "$(median "$T/direct") ms: $(paste "$T/hit" "$T/direct" |
	    awk '{ print $1 - $2 }' >"$T/more"; median "$T/more") ms more" \
	    "(limit 20 ms)"
else
	echo "a hit to its first repetition: no ONNX Runtime" >&2
fi

# MLAgility's own cache, and its commands: copies of the build that it has made.
[ -n "$BENCHIT" ] && [ -n "$BENCHIT_CACHE" ] || exit 0
cp -r "$BENCHIT_CACHE" "$T/theirs"
build=$(fm-cache list -d "$T/theirs" | head -1)
rm -rf "$T/theirs/$build/onnx"
i=0
while [ "$i" -lt "$n" ]; do
	i=$((i + 1))
	cp -r "$T/theirs/$build" "$T/theirs/copy_$i"
	sed "s/^build_name: .*/build_name: copy_$i/" \
	    "$T/theirs/$build/${build}_state.yaml" \
	    >"$T/theirs/copy_$i/copy_${i}_state.yaml"
	rm "$T/theirs/copy_$i/${build}_state.yaml"
done
for what in list report; do
	set -- "$what" -d "$T/theirs"
	[ $what = list ] || set -- "$@" -r "$T/rep"
	echo "$what of $n builds of MLAgility's: $(ms fm-cache "$@") ms," \
	    "benchit $(ms "$BENCHIT" cache "$@") ms"
done
