#!/bin/sh
# fm-process: a log of ten gigabytes, in the memory of a small one.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

peak=$B/bench/peak
[ -x "$peak" ] || skip_all 'build/bench is not built'

awk -v how=embed -v reps=100 -v points=14300 -v us=4000 \
    -f "$top/tests/data/process/reps.awk" >"$T/log"
repeat() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$@"; done; }
hundred() { repeat repeat cat "$T/log"; }

hundred | "$peak" fm-process -f jsonl 3>"$T/peak" | wc -l >"$T/lines"
is 'all points of ten gigabytes' "$(tr -d ' ' <"$T/lines")" 1430000
ok '... in less than 20 MB' [ "$(cut -d' ' -f3 "$T/peak")" -lt 20000 ]
cut -d' ' -f2,4 "$T/peak" | awk '{
	printf "# %.1f s, on the processor %.1f s\n", $1 / 1e9, $2 / 1e6 }'
finish
