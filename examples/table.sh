#!/bin/sh
# Prints records as a table, one line each: examples/table.sh FILE...
# fm-process writes one key a line, which is all that awk needs here.
printf '%-36s %6s %6s %12s %12s  %s\n' \
    model input batch 'latency (ms)' 'sequences/s' status
awk '
function value(s) { sub(/^[^:]*: /, "", s); gsub(/[",]/, "", s); return s }
/^        "model":/  { model = value($0) }
/^        "input":/  { input = value($0) }
/^        "batch":/  { batch = value($0) }
/^        "itl":/    { itl = value($0) }
/^        "thp":/    { thp = value($0) }
/^        "status":/ { status = value($0) }
/^    }/ {
	printf "%-36s %6s %6s %12s %12s  %s\n", model, input, batch, itl, thp,
	    status
	n++
}
END { exit n == 0 }' "$@"
