#!/bin/sh
# How often fm-report diff is wrong and right, from 1000 simulated comparisons
# of each kind: the bounds that its man page is written from.
. "$(dirname "$0")/../lib.sh"

"$B/bench/verdict" 1000 >"$T/out" || exit 1
note <"$T/out"
# within NAME RUNS COLUMN LOW HIGH WHAT: a share in percent
within() {
	got=$(awk -v r="$2" -v c="$3" -v what="$6" '
	    $1 == r && substr($0, index($0, $5) + length($5) + 2) == what {
		print $c }' "$T/out")
	ok "$1, $2 runs: $got % is $4 to $5" \
	    awk -v g="$got" -v l="$4" -v h="$5" 'BEGIN {
		exit !(g != "" && g + 0 >= l && g + 0 <= h) }'
}
for r in 3 5 7; do
	within 'false exit status 1' $r 2 0 5 'nothing changed, threshold 0'
	within 'false exit status 1' $r 2 0 5 'nothing changed, default threshold'
	within 'false exit status 1, uneven noise' $r 2 0 6 \
	    'nothing changed, noise 1:4 over the grid, threshold 0'
done
within '5 % slower, by the exit status' 5 2 90 100 'one point 5 % slower, threshold 0'
within '2 % slower, in the table' 5 4 60 100 'one point 2 % slower, threshold 0'
within '2 % slower, in the table' 7 4 75 100 'one point 2 % slower, threshold 0'
finish
