#!/bin/sh
# What the harness itself costs: the time between the end of one repetition
# and the start of the next, on a backend that does nothing. Nanoseconds.
fm-driver --platform null --reps "${1:-100000}" | awk '
$1 == "FMWORK" && $2 == "REP" {
	split($5, start, ".")
	split($6, end, ".")
	# The seconds and nanoseconds apart: a double cannot hold both.
	if (n++)
		print (start[1] - s) * 1e9 + start[2] - ns
	s = end[1]
	ns = end[2]
}' | sort -n | awk '
{ v[NR] = $1 }
END {
	print "median", v[int((NR + 1) / 2)], "p99", v[int(NR * .99) + 1]
}'
