#!/bin/sh
# The cache with many builds: list, report, gc and verify, warm. Prints a line
# for each: what, milliseconds, limit.
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

# best NAME LIMIT COMMAND...: the best of five
best() {
	name=$1 limit=$2
	shift 2
	for _ in 1 2 3 4 5; do
		a=$(date +%s%N)
		"$@" >/dev/null 2>&1
		b=$(date +%s%N)
		echo $(((b - a) / 1000000))
	done | sort -n | head -1 | sed "s/^/$name: /;s/\$/ ms (limit $limit ms)/"
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
