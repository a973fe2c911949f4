#!/bin/sh
# fm-report: the speed of its tables, plots and page, beside the limits that
# are wanted; and the simulated error rates of its verdicts.
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
T=$(mktemp -d "${TMPDIR:-/tmp}/fm-bench.XXXXXX") || exit 3
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT

row() { printf '%-46s %12s %12s\n' "$@"; }
# seconds COMMAND...: the best of three
seconds() {
	for _ in 1 2 3; do
		command time -f %e "$@" 2>&1 >/dev/null | tail -n 1
	done | sort -n | head -n 1
}
record() { cat "$top/tests/data/report/base.jsonl"; }

# A million records: 32,768 times 30, and the rest.
record >"$T/all"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	cat "$T/all" "$T/all" >"$T/twice" && mv "$T/twice" "$T/all"
done
row "fm-report: $(wc -l <"$T/all") records, $(wc -c <"$T/all") bytes" seconds limit
row 'table --by input,batch' \
    "$(seconds fm-report table --by input,batch "$T/all")" 3
row 'kilobytes of memory' \
    "$(command time -f %M fm-report table --by input,batch "$T/all" 2>&1 \
	>/dev/null | tail -n 1)" 200000
row 'wc -l' "$(seconds wc -l "$T/all")" -
if command -v jq >/dev/null; then
	head -n 100000 "$T/all" >"$T/tenth"
	row 'a tenth of them: table' \
	    "$(seconds fm-report table --by input,batch "$T/tenth")" -
	row 'a tenth of them: jq .itl' "$(seconds jq .itl "$T/tenth")" -
fi
rm -f "$T/all" "$T/tenth"

# Ten thousand points: sizes made of the record's number.
record | head -n 1 | awk '{ for (i = 0; i < 10000; i++) {
	s = $0; sub(/"input":[0-9]*/, "\"input\":" 1 + int(i / 100), s)
	sub(/"batch":[0-9]*/, "\"batch\":" 1 + i % 100, s); print s } }' >"$T/ten"
for k in latency pareto heatmap; do
	command -v gnuplot >/dev/null || break
	row "plot $k, 10000 points" \
	    "$(seconds fm-report plot $k -o "$T/p.svg" "$T/ten")" 1
done
fm-report html -o "$T/page.html" "$T/ten" &&
    row 'page of 10000 points, bytes' "$(wc -c <"$T/page.html")" 5000000

printf '\n'
"$B/bench/verdict" 1000
