#!/bin/sh
# fm-backend-sim in UPMEM's manner, against recorded runs of that tool: every
# total, part and operation within 1e-9, the report word by word.
. "$(dirname "$0")/lib.sh"

golden=${FM_GOLDEN:-$top/../shared/data/upmem-golden}
[ -d "$golden" ] || skip_all "no recorded runs here"
perl -MJSON::PP -e 1 2>/dev/null || skip_all "perl has no JSON::PP"
data=$top/tests/data/sim
sim=$B/libexec/fm/fm-backend-sim

for f in "$golden"/*.json; do
	name=$(basename "$f" .json)
	if perl "$data/golden.pl" "$sim" "$data" "$f" >"$T/diff" 2>&1; then
		pass "$name"
	else
		fail "$name"; head -5 "$T/diff" | note
	fi
done

# The comparison can fail: a number changed in its tenth digit is noticed.
sed 's/"sum_ns": 445.3125,/"sum_ns": 445.312501,/' \
    "$golden/nn_example_pim.json" >"$T/wrong.json"
ok "a small difference is seen" sh -c \
    "! perl '$data/golden.pl' '$sim' '$data' '$T/wrong.json' >'$T/diff' 2>&1"
like "and named" "$T/diff" '^sum_ms: got '
finish
