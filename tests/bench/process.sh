#!/bin/sh
# fm-process beside wc, grep, mawk, datamash and python on the same log, in
# turn. Called by hand, or by bench.sh: prints rows of MB/s and of seconds.
#
#   $MB   size of the log [100]
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
LC_ALL=C
export PATH LC_ALL
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT
rounds=5

# Points of 100 repetitions with a little noise, as embed/tf prints them.
awk -v mb="${MB:-100}" 'BEGIN {
	print "FMWORK ARG --reps 100\nFMWORK SETUP 0.200000"
	t = 1732170000; ns = 0
	srand(1)
	for (g = 0; size < mb * 1e6; g++) {
		printf "\nRUN %d / 1\n\n", 128 + g % 4
		for (r = 1; r <= 100; r++) {
			dt = int(4000000 * (1 + 0.06 * (rand() - 0.5)) + (r == 1) * 8e7)
			a = sprintf("%d.%09d", t, ns)
			ns += dt
			if (ns >= 1e9) { t++; ns -= 1e9 }
			b = sprintf("%d.%09d", t, ns)
			if (r == 1) first = a
			line = sprintf("FMWORK REP %d 100 %s %s %d.%09d", r, a, b,
			    dt / 1e9, dt % 1e9)
			print line
			size += length(line) + 1
			ns += 30000
			if (ns >= 1e9) { t++; ns -= 1e9 }
		}
		printf "\nFMWORK RES %s %s m C %d 1 4.000 250.0\n", first, b, 128 + g % 4
	}
}' >"$T/log"
bytes=$(wc -c <"$T/log")
printf '%s MB, %s lines\n' "$((bytes / 1000000))" "$(wc -l <"$T/log" | tr -d ' ')"

cat >"$T/median.py" <<'END'
import sys
v, n = [], 0
for line in open(sys.argv[1]):
    if line.startswith('FMWORK REP'):
        v.append(float(line.split(' ')[6]))
    elif line.startswith('FMWORK RES'):
        v = sorted(v[len(v) // 5:])
        print((v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2)
        v = []
END

# now: seconds with nanoseconds
now() { date +%s.%N; }
# measure NAME COMMAND...: seconds go to $T/NAME, a line for each round
measure() {
	name=$1; shift
	a=$(now)
	"$@" "$T/log" >"$T/out" 2>/dev/null
	b=$(now)
	echo "$a $b" | awk '{ printf "%.6f\n", $2 - $1 }' >>"$T/t.$name"
}
has() { command -v "$1" >/dev/null; }

i=0
while [ $i -lt $rounds ]; do
	measure full fm-process --format jsonl
	measure basic fm-process --format jsonl --basic
	measure no_stats fm-process --format jsonl --no_stats
	measure wc wc -l
	measure grep grep -c '^FMWORK RES'
	! has mawk || measure mawk mawk '/^FMWORK REP/ { s += $7 } END { print s }'
	! has python3 || [ $i -gt 1 ] || measure python python3 "$T/median.py"
	if has datamash; then
		a=$(now)
		grep '^FMWORK REP' "$T/log" | datamash -W -g 4 median 7 >"$T/out"
		b=$(now)
		echo "$a $b" | awk '{ printf "%.6f\n", $2 - $1 }' >>"$T/t.datamash"
	fi
	i=$((i + 1))
done

printf '%-44s %10s %10s %8s\n' '' seconds MB/s 'fm / it'
median() { sort -n "$T/t.$1" | awk '{ v[NR] = $1 }
    END { print v[int((NR + 1) / 2)] }'; }
full=$(median full)
for row in 'full:fm-process, full statistics' \
    'basic:fm-process --basic' 'no_stats:fm-process --no_stats' \
    'wc:wc -l' 'grep:grep -c RES' 'mawk:mawk that only sums' \
    'datamash:datamash, median of groups' 'python:python, median of each point'; do
	name=${row%%:*}
	[ -f "$T/t.$name" ] || { printf '%-44s skipped: not here\n' "${row#*:}"
	    continue; }
	median "$name" | awk -v name="${row#*:}" -v bytes="$bytes" -v full="$full" \
	    '{ printf "%-44s %10.4f %10.0f %8.2f\n", name, $1, bytes / $1 / 1e6,
		$1 / full }'
done

head -c 10000 "$T/log" >"$T/small"
: >"$T/t.small"
i=0
while [ $i -lt 50 ]; do
	a=$(now)
	fm-process "$T/small" >"$T/out" 2>/dev/null
	b=$(now)
	echo "$a $b" | awk '{ printf "%.6f\n", $2 - $1 }' >>"$T/t.small"
	i=$((i + 1))
done
printf '%-44s %10s\n' '10 KB, start to finish (with date twice)' "$(median small)"

awk 'BEGIN {
	for (i = 0; i < 20; i++) print "FMWORK ARG --option_" i " value-" i
	for (i = 0; i < 100000; i++)
		printf "FMWORK RES %d.000000000 %d.100000000 m C 128 1 4.000 250.0\n", i, i
}' >"$T/log"
measure res fm-process --format jsonl --output "$T/res.jsonl"
peak=$( { command -v /usr/bin/time >/dev/null && /usr/bin/time -f %M \
    fm-process --format jsonl -o "$T/res.jsonl" "$T/log"; } 2>&1 | tail -n 1)
printf '%-44s %10s %10s KB\n' '100,000 RES and 20 ARG lines' "$(median res)" \
    "${peak:-?}"
