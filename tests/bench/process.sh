#!/bin/sh
# fm-process beside wc, grep, mawk, datamash and python on the same log, in
# turn; what they print is thrown away. Called by hand, or by bench.sh.
#
#   $MB   size of the logs [100]
#   $GB   when set: also a log of so many gigabytes (and room for it)
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
LC_ALL=C
export PATH LC_ALL
bench=$top/tests/bench
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT
rounds=5

# make_log HOW: points of 100 repetitions, as that driver prints them. Large
# writes leave large pieces in the page cache, as reading from a disk does.
make_log() {
	awk -v how="$1" -v reps=100 -v points=$((${MB:-100} * 1000 / 7)) \
	    -v us=4000 -f "$top/tests/data/process/reps.awk" |
	    dd of="$T/$1" bs=4M iflag=fullblock status=none
}
has() { command -v "$1" >/dev/null; }
# measure NAME COMMAND...: a line "seconds, processor's seconds, KiB" in t.NAME
measure() {
	name=$1; shift
	"$B/bench/peak" "$@" 3>"$T/peak" >/dev/null 2>"$T/err"
	awk '{ print $2 / 1e9, $4 / 1e6, $3 }' "$T/peak" >>"$T/t.$name"
}
# median NAME FIELD
median() {
	sort -n -k "$2,$2" "$T/t.$1" | awk -v f="$2" '{ v[NR] = $f }
	    END { print v[int((NR + 1) / 2)] }'
}
# row NAME TEXT BYTES: of a measurement, beside `full`
row() {
	[ -f "$T/t.$1" ] || { printf '%-46s skipped: not here\n' "$2"; return; }
	echo "$(median "$1" 1) $(median "$1" 2) $(median full 2)" |
	    awk -v name="$2" -v bytes="$3" '{
		printf "%-46s %9.4f %9.4f %9.0f %8.2f\n", name, $1, $2,
		    bytes / $2 / 1e6, $2 / $3 }'
}
size() { wc -c <"$1" | tr -d ' '; }

# --- on one log ----------------------------------------------------------------

make_log embed
bytes=$(size "$T/embed")
# A shim that looks for the right Python is no part of it.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)
printf '%s MB, %s lines\n' $((bytes / 1000000)) \
    "$(wc -l <"$T/embed" | tr -d ' ')"
log=$T/embed
# Small writes leave single pages, which take the kernel longer to copy.
dd if="$log" of="$T/pages" bs=4k status=none
i=0
while [ $i -lt $rounds ]; do
	measure full fm-process --format jsonl "$log"
	measure basic fm-process --format jsonl --basic "$log"
	measure no_stats fm-process --format jsonl --no_stats "$log"
	measure csv fm-process --format csv "$log"
	measure no_stats_pages fm-process --format jsonl --no_stats "$T/pages"
	measure wc wc -l "$log"
	measure wc_pages wc -l "$T/pages"
	measure grep sh -c 'grep -c "^FMWORK RES" "$1" | cat' sh "$log"
	! has mawk || measure mawk mawk \
	    '/^FMWORK REP/ { s += $7 } END { print s }' "$log"
	! has datamash || measure datamash sh -c \
	    'grep "^FMWORK REP" "$1" | datamash -W -g 4 median 7' sh "$log"
	[ -z "$python" ] || [ $i -gt 0 ] || {
		measure median "$python" "$bench/median.py" "$log"
		measure python "$python" "$bench/records.py" "$log"
	}
	i=$((i + 1))
done
printf '%-46s %9s %9s %9s %8s\n' '' seconds 'on a CPU' MB/s "it / fm's"
row full 'fm-process, full statistics' "$bytes"
row basic 'fm-process --basic' "$bytes"
row no_stats 'fm-process --no_stats' "$bytes"
row no_stats_pages '... of a log written in 4 KiB' "$bytes"
row csv 'fm-process --format csv' "$bytes"
row wc 'wc -l' "$bytes"
row wc_pages '... of a log written in 4 KiB' "$bytes"
row grep 'grep -c RES' "$bytes"
row mawk 'mawk that only sums' "$bytes"
row datamash 'grep, datamash: median of groups' "$bytes"
row median 'python, median of each point only' "$bytes"
row python 'python, the same statistics' "$bytes"
if [ -n "$python" ]; then
	"$python" "$bench/records.py" "$log" | sed 's/.*"stats"://' >"$T/a"
	fm-process -f jsonl "$log" | sed 's/.*"stats"://' | cmp -s - "$T/a" &&
	    echo '... which are the same' || echo '... BUT THEY DIFFER'
	rm "$T/a"
fi

# --- other dialects ------------------------------------------------------------

for how in infer classic nelson; do
	make_log $how
	for _ in 1 2 3; do
		measure $how fm-process --format jsonl "$T/$how"
	done
	row $how "fm-process, a log of $how" "$(size "$T/$how")"
	rm "$T/$how"
done

# --- files at a time -----------------------------------------------------------

n=$(nproc)
set --
i=0
while [ $i -lt $((4 * n)) ]; do
	set -- "$@" "$log"
	i=$((i + 1))
done
j=1
while [ $j -le "$n" ]; do
	for _ in 1 2 3; do
		measure "j$j" fm-process --format jsonl -j $j "$@"
	done
	echo "$(median j$j 1) $(median j1 1)" | awk -v j=$j -v k=$# \
	    -v bytes="$bytes" '{ printf "%-46s %9.4f %9s %9.0f %8.2f x\n",
	    k " logs, -j " j, $1, "", k * bytes / $1 / 1e6, $2 / $1 }'
	j=$((j * 2))
done

# --- small, and many results ---------------------------------------------------

head -c 10000 "$log" >"$T/small"
for i in 1 2 3 4 5 6 7 8 9 10; do
	for _ in 1 2 3 4 5; do
		measure small fm-process "$T/small"
	done
done
printf '%-46s %9s %9s seconds\n' '10 KB, start to finish' \
    "$(median small 1)" "$(median small 2)"

awk 'BEGIN {
	for (i = 0; i < 20; i++) print "FMWORK ARG --option_" i " value-" i
	for (i = 0; i < 100000; i++)
		printf "FMWORK RES %d.000000000 %d.100000000 m C 128 1 4.000 250.0\n", i, i
}' >"$T/res"
for _ in 1 2 3; do
	measure res fm-process --format jsonl "$T/res"
done
printf '%-46s %9s seconds %7s KiB\n' '100,000 RES and 20 ARG lines' \
    "$(median res 1)" "$(median res 3)"

if [ -n "$GB" ]; then
	i=0
	while [ "$i" -lt $((GB * 1000000000 / bytes + 1)) ]; do
		cat "$log"
		i=$((i + 1))
	done >"$T/huge"
	measure huge fm-process --format jsonl "$T/huge"
	printf '%-46s %9s seconds %7s KiB\n' "$(size "$T/huge") bytes" \
	    "$(median huge 1)" "$(median huge 3)"
fi
