#!/bin/sh
# A device that hangs is given three times what its point should take, and
# ten seconds at least; nothing of it is left.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

s=$(date +%s)
run 1 fm-driver --platform null -i 1-4 --reps 5 --null:latency_ms 5 \
    --null:fault hang@3 --timeout 300%
took=$(($(date +%s) - s))
is 'one point is lost' \
    "$(awk '$2 == "RES" { print $(NF - 3) } $2 == "ERR" { print $3, $4 }' "$T/out" |
    paste -sd, -)" '1,2,timeout 3,4'
like 'after ten seconds' "$T/out" 'did not answer within 10 s'
[ $took -ge 10 ] && [ $took -le 60 ]
is 'it took that long' $? 0
like 'FAIL says so, too' "$T/out" '^FMWORK FAIL 3 1 1 .*"code":"timeout".*"seconds":1[0-9]\.'
ok 'no backend is left' sh -c "! pgrep -P $$ fm-backend"
finish
