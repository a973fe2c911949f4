#!/bin/sh
# The torch backend asked for a point in pieces, and for pauses.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/torch.sh
. "$top/tests/torch.sh"

torch() {
	fm-driver --backend torch "$top/tests/data/model/roberta/model" \
	    --input_sizes 8 "$@"
}
run 0 torch --reps 3 --warmup 1 --delay 0.05
awk '$2 == "REP" { split($5, a, "."); split($6, b, ".")
    if (n++ && (a[1] - s) * 1e9 + a[2] - ns < 5e7) bad = 1
    s = b[1]; ns = b[2] } END { exit !(n == 3 && !bad) }' "$T/out"
is 'pauses between repetitions' $? 0
run 0 torch --until 'n >= 20 && (steady || !steady)' --warmup 2
is 'pieces are numbered through' \
    "$(awk '$2 == "REP" { if ($3 != ++n || $4) exit 1 } END { print n }' "$T/out")" 25
is 'they are one point' "$(grep -c '^FMWORK RES' "$T/out")" 1
like 'that is observed as a whole' "$T/out" '^FMWORK OBS .*"wall_ms".*"stop":"ci"'
finish
