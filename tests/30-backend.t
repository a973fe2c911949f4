#!/bin/sh
# The backend's end of the protocol, on the null backend, without fm-driver.
# shellcheck disable=SC2002,SC2059
. "$(dirname "$0")/lib.sh"
# An allocation that fails is no error of memory use, to the sanitizers.
export ASAN_OPTIONS="allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

null=$B/libexec/fm/fm-backend-null
# ask REQUEST...: the requests from a file; answers in $T/out
ask() { printf '%s\n' "$@" >"$T/req"; "$null" <"$T/req" >"$T/out" 2>"$T/err"; }
reps() { grep -c '^FMWORK REP ' "$T/out"; }
answers() { grep -E '^FMWORK (OK|ERR)' "$T/out"; }
E='[0-9]+\.[0-9]{9}'

# --- the watchdog takes ten seconds, in the background ---
# In a group of its own, which it leads: all of it ends.
printf '%s\n' '{"op":"open","options":{"fault":"hang"}}' '{"op":"run","reps":1}' \
    >"$T/hang"
cat >"$T/leader" <<X
sleep 60 &
echo \$! >$T/sleeper
exec "$null"
X
(cat "$T/hang" | setsid sh "$T/leader" >"$T/led" 2>/dev/null
	echo $? >"$T/led.rc") 2>/dev/null &
led=$!
# In somebody else's group: only itself.
(cat "$T/hang" | "$null" >/dev/null 2>&1; echo $? >"$T/alone.rc") 2>/dev/null &
alone=$!

# --- hello ---
ask '{"op":"hello","protocol":1}'
is 'hello: first line' "$(head -n 1 "$T/out")" 'FMWORK HELLO 1 null'
like 'hello: an option' "$T/out" '^FMWORK OPT latency_ms float 0 .+'
like 'hello: an option without default' "$T/out" '^FMWORK OPT fault str - .+'
is 'hello: last line' "$(tail -n 1 "$T/out")" 'FMWORK OK'
ask '{"op":"hello","protocol":2}'
is 'another protocol' "$(cat "$T/out")" \
    'FMWORK ERR usage 0 0 0 protocol 2 is not spoken here, only 1'

# --- requests that are none; the next one is answered ---
for req in 'nonsense' '[]' '"run"' '{"op":"profile"}' '{"op":"build"}' '{}' \
    '{"op":"run","reps":1}' '{"op":"infer"}'; do
	ask "$req" '{"op":"close"}'
	is "$req" "$(cut -d' ' -f1-3 "$T/out" | tr '\n' ';')" \
	    'FMWORK ERR usage;FMWORK OK;'
done
ask '{"op":"dance"}'
like 'it is told' "$T/out" "unknown operation 'dance'\$"
ask '{"op":"run","reps":1}'
like 'nothing is open' "$T/out" "no model is open: 'open' must come before\$"
ask '{"op":"open"}' '{"op":"infer","outdir":"/nowhere"}'
like 'no outputs' "$T/out" 'backend null has no outputs to write$'
ask '' '{"op":"close"}' ''
is 'empty lines have no answer' "$(cat "$T/out")" 'FMWORK OK'
printf '{"op":"close"}\r\n{"op":"close"}' | "$null" >"$T/out"
is 'CR LF, and a last line without its end' "$(answers | wc -l)" 2
run 0 "$null"
is 'no requests, no answers' "$(cat "$T/out")" ''
ask '{"op":"devices"}'
like 'devices' "$T/out" '^FMWORK DEV 0 nothing$'

# --- open ---
ask '{"op":"open","options":{"load_ms":30}}'
like 'SETUP is the time of open' "$T/out" '^FMWORK SETUP 0\.0[3-9][0-9]{4}$'
grep '^FMWORK SYS ' "$T/out" >"$T/sys"
for k in backend backend_version clock_cost_ns clock_resolution_ns runtime \
    device host cpu cores; do
	like "SYS has $k" "$T/sys" "\"$k\":"
done
ask '{"op":"open","options":{"latency":1}}'
is 'unknown option' "$(cat "$T/out")" "FMWORK ERR usage 0 0 0 backend null has \
no option 'latency'; it has: latency_ms, load_ms, jitter, token_us, busy, spin, fault, artifact"
ask '{"op":"open","options":{"jitter":2}}'
like 'option out of range' "$T/out" "'jitter' must be a number from 0 to 1, got '2'"
for req in explode 'hang@0' 'hang@x' 'hang@' '@2'; do
	ask "{\"op\":\"open\",\"options\":{\"fault\":\"$req\"}}"
	like "fault $req" "$T/out" "^FMWORK ERR usage .*option 'fault' must be"
done
ask '{"op":"open","env":{"X":1}}'
like 'env that is no text' "$T/out" "\"env\" must hold text, 'X' is something else"
ask '{"op":"open","env":{"A=B":"1"}}'
like 'env that cannot be set' "$T/out" "^FMWORK ERR usage 0 0 0 cannot set 'A=B'"
ask '{"op":"open","env":{"X":"1","HOME":null}}' '{"op":"close"}' \
    '{"op":"run","reps":1}'
is 'closed is closed' "$(answers | cut -d' ' -f2 | tr '\n' ' ')" 'OK OK ERR '

# --- run ---
O='{"op":"open"}'
ask "$O" '{"op":"run","reps":3,"warmup":2,"seed":7}'
is 'repetitions' "$(reps)" 3
like 'form of REP' "$T/out" "^FMWORK REP 3 3 $E $E $E\$"
ask "$O" '{"op":"run","first":11,"reps":2}'
is 'a run in pieces' "$(sed -n 's/^FMWORK REP \([0-9]* [0-9]*\) .*/\1/p' "$T/out" |
	tr '\n' ';')" '11 2;12 2;'
printf '%s\n' "$O" '{"op":"run","seconds":1e300}' | "$null" | head -n 9 >"$T/out"
is 'for ever' "$(reps)" 6
ask "$O" '{"op":"run","seconds":0.05}'
like 'for a time: none is planned' "$T/out" '^FMWORK REP 1 0 '
awk '$2 == "REP" { if (!n++) a = $5; b = $6 } END { t = b - a
	exit !(t > 0.0499 && t < 0.5) }' "$T/out"
is 'and it is kept' $? 0
awk '$2 == "REP" { if ($5 < last || $6 < $5) exit 1; last = $6 }' "$T/out"
is 'stamps never step back' $? 0
now=$(date +%s)
awk -v now="$now" '$2 == "REP" { exit !(now - $5 < 5 && $5 - now < 5) }' "$T/out"
is 'stamps are dates' $? 0
for req in '"reps":0' '"reps":3,"seconds":1' '"first":0,"reps":1' \
    '"warmup":-1,"reps":1' '"seconds":-1' '"reps":-1,"seconds":1' '"reps":9223372036854775807' \
    '"first":9223372036854775807,"reps":1' '"reps":1,"delay":-1' \
    '"reps":1,"delay":86401'; do
	ask "$O" "{\"op\":\"run\",\"input\":5,\"output\":6,\"batch\":7,$req}"
	like "run with $req" "$T/out" '^FMWORK ERR usage 5 6 7 '
done
I='"inputs":[{"name":"ids","type":"int64","shape":["batch","sequence"],"fill":{"tokens":[[3,50264]]}}]'
ask "{\"op\":\"open\",$I}" '{"op":"run","dims":{"batch":1},"reps":1}' \
    '{"op":"run","dims":{"batch":1000000000000,"sequence":1000},"input":1000,"batch":9,"reps":1}' \
    '{"op":"run","dims":{"batch":2,"sequence":8},"reps":1}'
like 'a dimension without size' "$T/out" \
    "^FMWORK ERR usage 0 0 0 dimension 'sequence' of input 'ids' has no size"
like 'inputs too large are a result' "$T/out" \
    '^FMWORK ERR oom 1000 0 9 cannot allocate 8000000000000000 bytes'
is 'and the next point is measured' "$(answers | tail -n 1)/$(reps)" 'FMWORK OK/1'
ask '{"op":"open","inputs":[{"name":"x","type":"float","shape":[2],"fill":{"file":"/none.npy"}}]}' \
    '{"op":"run","reps":1}'
like 'an input file that is not there' "$T/out" "^FMWORK ERR [a-z]+ 0 0 0 .*/none\.npy"

# --- latency ---
ask '{"op":"open","options":{"latency_ms":5,"jitter":"0.2"}}' \
    '{"op":"run","reps":20,"seed":1}'
awk '$2 == "REP" { n++; if ($7 < 0.004) exit 1; s += $7; q += $7 * $7 }
    END { m = s / n; exit !(n == 20 && m < 0.02 && q / n > m * m) }' "$T/out"
is 'latency and jitter' $? 0
# A REP is written at once when its call took long.
printf '%s\n' '{"op":"open","options":{"latency_ms":500}}' '{"op":"run","reps":3}' \
    >"$T/req"
timeout -s KILL 0.9 "$null" <"$T/req" >"$T/out" 2>/dev/null
like 'what was measured is out before the next call ends' "$T/out" '^FMWORK REP 1 3 '
is 'only that' "$(reps)" 1

# --- faults ---
F='{"op":"open","options":{"fault":"%s"}}\n'
R='{"op":"run","reps":2}'
fault() { f=$1; shift; ask "$(printf "$F" "$f")" "$@"; }
fault oom "$R" "$R"
is 'oom, then goes on' "$(answers | tail -n 2)" \
    "FMWORK ERR oom 0 0 0 cannot allocate 12884901888 bytes
FMWORK OK"
fault oom@2 "$R" '{"op":"run","first":3,"reps":2}' "$R" "$R"
is 'at the second point; a piece is no point' \
    "$(answers | cut -d' ' -f2 | tr '\n' ' ')" 'OK OK OK ERR OK '
fault noise "$R"
is 'noise does not reach the answer' "$(grep -cv '^FMWORK \(SYS\|SETUP\|REP [12]\|OBS\|OK\)' "$T/out")" 0
is 'the answer is whole' "$(reps)/$(answers | wc -l)" 2/2
like 'noise goes to stderr' "$T/err" '^FMWORK REP 9 9 '
fault garbage "$R"
like 'garbage does' "$T/out" '^FMWORK REP x y z$'
fault die@2 "$R" "$R"
is 'die' "$?" 137
is 'what was before is out' "$(reps)" 2

# --- ends ---
# The answer to a request in a pipe that is closed already is given.
printf '%s\n' '{"op":"open","options":{"latency_ms":1}}' '{"op":"run","reps":100}' |
    "$null" >"$T/out"
is 'a pipe may be closed after the request' "$(reps)/$(tail -n 1 "$T/out")" \
    '100/FMWORK OK'
printf '%s\n' "$O" '{"op":"run","seconds":20,"input":1}' | "$null" >"$T/out"
is 'hang-up ends a run between repetitions' "$?" 0
like 'it says so' "$T/out" \
    '^FMWORK ERR preempted 1 0 0 the other end has gone: stopped after repetition [0-9]+$'
is 'no line is torn' "$(grep -Ecv "^FMWORK (REP [0-9]+ 0 $E $E $E|SYS .*|SETUP .*|OK|ERR .*)\$" "$T/out")" 0
ask "$O" '{"op":"run","seconds":1.3}'
is 'a file never hangs up' "$(tail -n 1 "$T/out")" 'FMWORK OK'
printf '%s\n' "$O" '{"op":"run","seconds":60}' >"$T/req"
{ "$null" <"$T/req"; echo $? >"$T/rc"; } 2>/dev/null | head -n 3 >/dev/null
is 'nobody listens' "$(cat "$T/rc")" 3
if [ -c /dev/full ]; then
	"$null" <"$T/req" >/dev/full
	is 'full disk' $? 3
else
	skip 'full disk' 'no /dev/full'
fi
"$null" <"$T/req" >&- &
pid=$!
sleep 0.2
kill $pid
wait $pid 2>/dev/null
is 'closed stdout is no other descriptor' $? 143

# --- the backend of the examples, in another language ---
if command -v python3 >/dev/null; then
	sorter=$top/examples/fm-backend-sorter
	printf '%s\n' '{"op":"hello","protocol":1}' "{\"op\":\"open\",$I}" \
	    '{"op":"run","dims":{"batch":1,"sequence":128},"input":128,"output":1,"batch":1,"warmup":1,"reps":2,"seed":7}' \
	    '{"op":"run","reps":1}' '{"op":"nothing"}' 'nonsense' \
	    '{"op":"open","options":{"upwards":1}}' '{"op":"close"}' >"$T/req"
	"$sorter" <"$T/req" >"$T/out" 2>"$T/err"
	is 'example: status' $? 0
	is 'example: repetitions' "$(reps)" 2
	like 'example: the same inputs as in C' "$T/out" \
	    '^FMWORK OBS 128 1 1 \{"checksum": 3614682\}$'
	is 'example: every answer is ended once' \
	    "$(answers | cut -d' ' -f2,3 | tr '\n' ';')" \
	    'OK;OK;OK;ERR internal;ERR usage;ERR usage;ERR usage;OK;'
	FM_BACKEND_PATH=$top/examples fm-driver --backend sorter --reps 3 \
	    >"$T/out" 2>"$T/err"
	is 'example: under fm-driver' "$?/$(reps)" 0/3
else
	skip 'example' 'no python3'
fi

# --- the watchdog, by now ---
wait $led $alone 2>/dev/null
is 'a backend that hangs is killed' "$(cat "$T/led.rc")" 137
state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' \
    "/proc/$(cat "$T/sleeper")/status" 2>/dev/null)
is 'and its process group' "${state:-Z}" Z
is 'in a group of others only itself' "$(cat "$T/alone.rc")" 137
finish
