#!/bin/sh
# What happens at one point of a sweep: limits, attempts, rules that leave
# points out, rows of failures, and who is told how far it is.
. "$(dirname "$0")/lib.sh"

null() { fm-driver --platform null "$@"; }
# rows FILE: RES and ERR as "RES 8 1", "ERR oom 8 1"
rows() {
	awk '$2 == "RES" { print "RES", $(NF - 3), $(NF - 2) }
	    $2 == "ERR" { print "ERR", $3, $4, $6 }' "$1" | paste -sd, -
}
obs() { sed -n 's/^FMWORK OBS [0-9]* [0-9]* [0-9]* //p' "$1"; }
fail_of() { sed -n 's/^FMWORK FAIL [0-9]* [0-9]* [0-9]* //p' "$1"; }

# A backend that does what its name in $DO says, the first time it is asked.
mkdir "$T/bin"
cat >"$T/bin/fm-backend-flaky" <<'X'
#!/bin/sh
while IFS= read -r line; do
	case $line in
	*'"hello"'*) printf 'FMWORK HELLO 1 flaky\nFMWORK OK\n' ;;
	*'"open"'*) printf 'FMWORK SYS {}\nFMWORK SETUP 0.250000\nFMWORK OK\n' ;;
	*'"run"'*)
		echo "$line" >>"$LOG"
		rep='1.000000000 1.001000000 0.001000000'
		if mkdir "$LOG.once" 2>/dev/null; then
			echo 'FMWORK REP 1 2 9.000000000 9.001000000 0.001000000'
			case $DO in
			hang) read -r line; exit 1 ;;
			io) echo 'FMWORK ERR io 1 1 1 cannot read the device'
			    continue ;;
			internal) echo 'FMWORK ERR internal 1 1 1 a fault'
			    continue ;;
			words)
				for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
					printf 'word %s\n' $i >&2
				done
				printf 'bad \377 byte\n' >&2
				exit 7 ;;
			esac
		fi
		printf 'FMWORK REP 1 2 %s\nFMWORK REP 2 2 %s\nFMWORK OK\n' \
		    "$rep" "$rep" ;;
	*) echo 'FMWORK OK' ;;
	esac
done
X
chmod +x "$T/bin/fm-backend-flaky"
# flaky STATUS WHAT ARGS...
flaky() {
	want=$1 DO=$2 LOG=$T/asked FM_BACKEND_PATH=$T/bin
	shift 2
	rm -rf "$T/asked" "$T/asked.once"
	export DO LOG FM_BACKEND_PATH
	run "$want" fm-driver --backend flaky --reps 2 -i 1 "$@"
	unset FM_BACKEND_PATH
}

# --- how long a point may take

while IFS='|' read -r arg text; do
	run 2 null --timeout "$arg"
	like "--timeout '$arg'" "$T/err" "$text"
done <<'X'
x|--timeout: 'x' must be seconds from 0 to
99%|from 100% up
10,|must be seconds
-1|must be seconds
300%x|must be seconds
X
flaky 4 hang --timeout 0.7
like '--timeout in seconds' "$T/out" \
    "^FMWORK ERR timeout 1 1 1 backend 'flaky' did not answer within 0.7 s"

# limits FILE: the expected and the greatest seconds of each point
limits() { sed -n 's/.*expected \(.*\) s, at most \(.*\) s$/\1 \2/p' "$1"; }
FM_DEBUG=1 null -i 1,2 --reps 2 --timeout 300%,60 >/dev/null 2>"$T/err"
is 'a part of what is not known: the seconds beside it' \
    "$(limits "$T/err" | head -n 1)" '-0.000 60.000'
is 'a part of next to nothing: ten seconds' \
    "$(limits "$T/err" | tail -n 1 | cut -d' ' -f2)" 10.000
FM_DEBUG=1 null -i 1,2,1 --reps 2 --timeout 300%,7 >/dev/null 2>"$T/err"
is 'never more than the seconds' \
    "$(limits "$T/err" | tail -n 1 | cut -d' ' -f2)" 7.000
FM_DEBUG=1 null -i 1,1000,500,2000 --reps 20 --null:latency_ms 5 \
    --timeout 200% >/dev/null 2>"$T/err"
limits "$T/err" | awk 'NR == 2 { ok = $1 > 99 && $2 > 2 * $1 - .01 && $2 < 2 * $1 + .01 }
    NR == 3 { ok = ok && $1 > 49 }
    NR == 4 { ok = ok && $1 > .19 && $2 == 10 }
    END { exit !(NR == 4 && ok) }'
is 'scaled by the work, from the largest that is not larger' $? 0
FM_DEBUG=1 null -i 1,2 --reps 4 --null:latency_ms 1 --delay 0.05 \
    --timeout 300% >/dev/null 2>"$T/err"
limits "$T/err" | awk 'NR == 2 { ok = $1 > .28 } END { exit !ok }'
is 'the pauses between repetitions take time, too' $? 0

# --- again

flaky 0 io --retries 1
is 'io may pass' "$(rows "$T/out")" 'RES 1 1'
is 'the attempt that failed has left no repetition' \
    "$(grep -c '^FMWORK REP' "$T/out")" 2
is 'but a note' "$(obs "$T/out")" \
    '{"attempts":2,"retried":[{"code":"io","text":"cannot read the device"}]}'
like 'and a person is told' "$T/err" 'cannot read the device: trying again in 0.1 s'
fm-process --format jsonl "$T/out" >"$T/records"
like 'the note is in the record' "$T/records" '"noise": ?\{"attempts": ?2,'
flaky 1 io
is 'once is enough without --retries' "$(wc -l <"$T/asked")" 1
flaky 1 internal --retries 3
is 'a fault does not pass' "$(wc -l <"$T/asked")" 1
flaky 0 hang --timeout 1.5 --retries 1
is 'a limit may pass: with a fresh backend' "$(rows "$T/out")" 'RES 1 1'
like 'which says how long it took to open' "$T/out" '^FMWORK OBS .*"setup_s":0.25'
run 1 null -i 1,2 --reps 1 --null:fault busy@2
is 'busy is a row' "$(rows "$T/out")" 'RES 1 1,ERR busy 2 1'
run 0 null -i 1,2 --reps 1 --retries 2 --null:fault busy@2
is 'busy may pass' "$(rows "$T/out")" 'RES 1 1,RES 2 1'
cat >"$T/bin/fm-backend-never" <<'X'
#!/bin/sh
while IFS= read -r line; do
	case $line in
	*'"hello"'*) printf 'FMWORK HELLO 1 never\nFMWORK OK\n' ;;
	*'"run"'*) printf 'FMWORK ERR busy 1 1 1 taken\n' ;;
	*) echo 'FMWORK OK' ;;
	esac
done
X
chmod +x "$T/bin/fm-backend-never"
FM_BACKEND_PATH=$T/bin run 1 fm-driver --backend never -i 1 --retries 2
like 'a row knows how often it was tried' "$T/out" '^FMWORK FAIL .*"attempts":3'
is 'longer and longer between' "$(sed -n 's/.*again in //p' "$T/err" | paste -sd, -)" \
    '0.1 s,0.2 s'
run 2 null --retries -1
run 2 null --delay -1
like '--delay' "$T/err" '--delay'

# --- between repetitions

null --reps 4 --warmup 1 --delay 0.03 >"$T/out"
gaps() { # milliseconds between the end of a repetition and the next begin
	awk '$2 == "REP" { split($5, a, "."); split($6, b, ".")
	    if (n++) print ((a[1] - s) * 1e9 + a[2] - ns) / 1e6
	    s = b[1]; ns = b[2] }' "$1"
}
is 'a delay between repetitions' "$(gaps "$T/out" | awk '$1 >= 30' | wc -l)" 3
is 'that is not in their times' \
    "$(awk '$2 == "REP" && $7 > 0.02' "$T/out")" ''

# --- rules that leave points out

# A device of exactly 8 ms a token.
cat >"$T/bin/fm-backend-even" <<'X'
#!/bin/sh
while IFS= read -r line; do
	case $line in
	*'"hello"'*) printf 'FMWORK HELLO 1 even\nFMWORK OK\n' ;;
	*'"open"'*) printf 'FMWORK SYS {}\nFMWORK SETUP 0.1\nFMWORK OK\n' ;;
	*'"run"'*)
		in=${line##*'"input":'} batch=${line##*'"batch":'}
		us=$((8000 * ${in%%[!0-9]*} * ${batch%%[!0-9]*}))
		printf 'FMWORK REP 1 1 1.000000000 1.%06d000 0.%06d000\n' $us $us
		echo 'FMWORK OK' ;;
	*) echo 'FMWORK OK' ;;
	esac
done
X
chmod +x "$T/bin/fm-backend-even"
even() { FM_BACKEND_PATH=$T/bin fm-driver --backend even --reps 1 "$@"; }
run 0 even -i 1-4 -b 1,2 --stop 'latency>20ms'
is '--stop' "$(rows "$T/out")" \
    'RES 1 1,RES 2 1,RES 3 1,ERR skipped 4 1,RES 1 2,RES 2 2,ERR skipped 3 2,ERR skipped 4 2'
like 'says why' "$T/out" \
    "^FMWORK ERR skipped 4 1 1 not tried because 3 x 1 met the rule 'latency>20ms'"
is 'a point that is skipped has a key' "$(grep -c '^FMWORK KEY' "$T/out")" 8
for rule in 'latency > 20000us' 'latency>0.02s' 'latency>20' 'latency>200e2us' \
    'throughput<50 && input>=3' 'input % 3 == 0' 'latency==24ms' \
    '100 * 5% < latency - 15ms && input==3'; do
	even -i 1-4 --stop "$rule" >"$T/out" 2>/dev/null
	is "$rule" "$(rows "$T/out")" 'RES 1 1,RES 2 1,RES 3 1,ERR skipped 4 1'
done
run 0 null -i 1,2 --reps 30 --null:latency_ms 0.05 --stop 'ci>5000%' --stop 'batch>1'
is 'a rule that is never true' "$(rows "$T/out")" 'RES 1 1,RES 2 1'
while IFS='|' read -r rule text; do
	run 2 null --stop "$rule"
	like "--stop '$rule'" "$T/err" "$text"
done <<'X'
latancy>5|--stop 'latancy>5': 'latancy' is not known: there are latency, throughput
latency>5xs|--stop: .*number is wanted
|--stop: '': a value is wanted
X

run 1 null -i 1,2,3 -b 1,2 --reps 1 --null:fault oom@2
is 'out of memory: nothing as large in every size' "$(rows "$T/out")" \
    'RES 1 1,ERR oom 2 1,ERR skipped 3 1,RES 1 2,ERR skipped 2 2,ERR skipped 3 2'
like '... says why' "$T/out" \
    '^FMWORK ERR skipped 3 1 1 not tried because 2 x 1 ran out of memory'
run 1 null -i 1,2,3 --reps 1 --null:fault oom@2 --no_prune
is '--no_prune' "$(rows "$T/out")" 'RES 1 1,ERR oom 2 1,RES 3 1'
run 0 null -i 1 --reps 1 --prune
log=$T/resume
null -i 1 --reps 5 --null:fault oom@1 --log "$log" 2>/dev/null
run 1 null -i 1-3 --reps 5 --null:fault oom@1 --log "$log" --resume
is 'an earlier log tells, too' "$(rows "$log")" \
    'ERR oom 1 1,ERR skipped 2 1,ERR skipped 3 1'
run 1 null -i 1-3 --reps 5 --null:fault oom@1 --log "$log" --resume
is 'what was skipped stays so' "$(rows "$log" | tr , '\n' | wc -l)" 3
run 1 null -i 1-3 --reps 5 --null:fault oom@1 --log "$log" --resume_failed
is '... unless failures are tried again' "$(rows "$log" | cut -d, -f4-)" \
    'ERR oom 1 1,ERR skipped 2 1,ERR skipped 3 1'
even -i 1-3 --stop 'input>1' --log "$log.2" 2>/dev/null
run 0 even -i 1-3 --stop 'input>1' --log "$log.2" --resume
is 'a rule that was true then is no failure now' "$(rows "$log.2")" \
    'RES 1 1,RES 2 1,ERR skipped 3 1'

# --- a process for every point

run 0 null -i 1-3 --reps 1 --isolate --null:fault die@2
is '--isolate: every point is the first' "$(rows "$T/out")" 'RES 1 1,RES 2 1,RES 3 1'
is 'SETUP is told once, later ones in OBS' \
    "$(grep -c '^FMWORK SETUP' "$T/out") $(obs "$T/out" | grep -c setup_s)" '1 2'

# --- rows of failures

flaky 4 words --retries 2
grep FAIL "$T/out" >"$T/fail"
like 'exit status and last words' "$T/fail" '^FMWORK FAIL 1 1 1 .*"code":"died","exit":7,"signal":null,"peak_bytes":[0-9]{6,},"seconds":[0-9.e-]+,"stderr":\["word 4",.*"word 12","bad .+ byte"\]\}$'
is 'directly before ERR' "$(grep -A1 '^FMWORK FAIL' "$T/out" | cut -d' ' -f1-3)" \
    'FMWORK FAIL 1
FMWORK ERR died'
fm-process --format jsonl "$T/out" >"$T/records"
like 'fm-process hands it on' "$T/records" '"failure": ?\{"code": ?"died", ?"exit": ?7,'
like 'and what was measured before' "$T/records" '"stats": ?\{"n": ?1,'
run 4 null --null:fault die
like 'a signal' "$T/out" '^FMWORK FAIL .*"exit":null,"signal":9,'
run 1 null -i 1,2 --reps 1 --null:fault oom
like 'of a backend that lives' "$T/out" \
    '^FMWORK FAIL .*"code":"oom","exit":null,"signal":null,"peak_bytes":[0-9]{6,},'
run 1 env FM_BACKEND_PATH="$T/bin" fm-driver --backend never --via env -i 1
like 'of another command: its memory is not ours to tell' "$T/out" \
    '^FMWORK FAIL .*"peak_bytes":null,'
cat >"$T/bin/fm-backend-shut" <<'X'
#!/bin/sh
read -r line; printf 'FMWORK HELLO 1 shut\nFMWORK OK\n'
read -r line; echo 'no licence' >&2; exit 3
X
chmod +x "$T/bin/fm-backend-shut"
FM_BACKEND_PATH=$T/bin run 4 fm-driver --backend shut
like 'before any point: zeros' "$T/out" '^FMWORK FAIL 0 0 0 .*"exit":3.*"no licence"'
fm-process --format jsonl "$T/out" >"$T/records"
like '... and its record' "$T/records" '"failure": ?\{"code": ?"died"'
echo 'FMWORK FAIL 1 1 1' | fm-process - >/dev/null 2>"$T/err"
like 'FAIL without an object' "$T/err" 'FAIL is not followed by an object'

for v in FM_DEBUG FM_TRACEBACK MLAGILITY_DEBUG MLAGILITY_TRACEBACK; do
	for value in 1 True 0 False ''; do
		rm -rf "$T/asked.once"
		env "$v=$value" DO=words LOG="$T/asked" FM_BACKEND_PATH="$T/bin" \
		    fm-driver --backend flaky -i 1 >/dev/null 2>"$T/err"
		is "$v='$value'" "$(grep -c '^word' "$T/err")" \
		    "$(case $value in 1 | True) echo 12 ;; *) echo 0 ;; esac)"
	done
done

# --- one of several

cat >"$T/two.yaml" <<'X'
platforms:
  - "null"
  - {name: "null", null: {fault: die}}
defaults: {reps: 2, input_sizes: 4}
X
run 1 fm-driver --sweep "$T/two.yaml"
is 'a backend that dies after another has measured' "$(rows "$T/out")" \
    'RES 4 1,ERR died 4 1'
is '  and nobody says that nothing was' "$(grep -c nothing.could "$T/err")" 0
run 4 null -i 4 --null:fault die
like '  but alone' "$T/err" 'nothing could be measured'

# --- how far it is

null -i 1-3 --reps 2 --null:fault oom@2 --progress_fd 5 5>"$T/events" \
    >"$T/out" 2>"$T/err"
is 'events for programs' \
    "$(sed 's/.*"event":"\([a-z]*\)","done":\([0-9]*\),"total":\([0-9]*\).*/\1 \2 \3/' \
	"$T/events" | paste -sd, -)" \
    'plan 0 3,point 0 3,result 1 3,point 1 3,result 2 3,point 2 3,result 3 3,end 3 3'
like 'a point' "$T/events" '"event":"point".*"input":2,"output":1,"batch":1,"model":"null","platform":"null"'
like 'a result' "$T/events" '"event":"result".*"input":1,.*"status":"OK","latency_ms":'
like 'a failure' "$T/events" '"event":"result","done":2,"total":3,"failed":1,"skipped":0,.*"status":"oom"'
like 'what is skipped' "$T/events" '"event":"end","done":3,"total":3,"failed":1,"skipped":1,'
total() { # the total of the first and of the last event
	sed -n 's/.*"total":\([0-9]*\).*/\1/p' "$1" | sed -n '1p;$p' | paste -sd, -
}
null -i 1,2 --reps 5 --runs 3 --progress_fd 5 5>"$T/events" >/dev/null
is 'the total is of all runs' "$(total "$T/events")" 6,6
null -i 1,2 --reps 5 --log "$T/log"
null -i 1-3 --reps 5 --log "$T/log" --resume --progress_fd 5 5>"$T/events"
is 'what a log has already does not count' "$(total "$T/events")" 3,1
null -i 1-3 --reps 5 --log "$T/log" --resume --progress_fd 5 5>"$T/events"
is '  and an end comes even when it has all' "$(sed \
    's/.*"event":"\([a-z]*\)".*/\1/' "$T/events" | paste -sd, -)" plan,end
run 2 null --progress_fd 5 --use_slurm 5>/dev/null
like 'not under Slurm' "$T/err" 'jobs of --use_slurm are elsewhere'
run 2 null --progress_fd 9
like 'a descriptor that is not open' "$T/err" '--progress_fd: descriptor 9'
(null --reps 2 --progress_fd 5 5>&1 >"$T/out" | true)
is 'nobody listens any more' "$(rows "$T/out")" 'RES 128 1'
mkfifo "$T/fifo"
# Opened for both, so that nobody has to read.
timeout 20 fm-driver --platform null -i 1-2000 --reps 1 --progress_fd 5 \
    5<>"$T/fifo" >"$T/out" 2>/dev/null
is 'somebody who does not read holds nothing up' "$?" 0
null -i 1-3 --reps 2 --null:latency_ms 20 --null:token_us 20000 \
    --progress_fd 5 5>"$T/events" >/dev/null
sed -n 's/.*"result".*"seconds_left":\([0-9.]*\).*/\1/p' "$T/events" |
    awk 'NR == 1 { ok = $1 > .05 && $1 < 2 } NR == 2 { ok = ok && $1 > .1 && $1 < 2 }
	NR == 3 { ok = ok && $1 == 0 } END { exit !(ok && NR == 3) }'
is 'time left' $? 0

if command -v script >/dev/null; then
	cat >"$T/run" <<X
fm-driver --platform null -i 1,2 --reps 3 --null:latency_ms 150 >$T/out
X
	TERM=xterm script -qec "sh $T/run" /dev/null </dev/null >"$T/tty" 2>&1
	like 'a line on the terminal' "$T/tty" '0/2  null, 1 x 1'
	like 'with what was before and what is left' "$T/tty" \
	    '1/2 .*s left  null, 2 x 1.*before: [1-9][0-9]*\.[0-9]* ms'
	like 'drawn again while a point runs' "$T/tty" ', repetition [23]'
	is 'and wiped before a result is told' "$(tr '\r' '\n' <"$T/tty" |
	    grep -c '^.\[Kfm-driver: null on nothing')" 2
	sed "s# >.*# --log $T/tty.log#" "$T/run" >"$T/run2"
	TERM=xterm script -qec "sh $T/run2" /dev/null </dev/null >"$T/tty" 2>&1
	like 'also with --log, when nothing else goes there' "$T/tty" \
	    '0/2  null, 1 x 1'
	TERM=dumb script -qec "sh $T/run" /dev/null </dev/null >"$T/tty" 2>&1
	is 'not on a terminal that cannot' "$(grep -c 'repetition' "$T/tty")" 0
else
	skip 'a line on the terminal' 'there is no script(1)'
fi
null -i 1,2 --reps 5 2>"$T/err" >/dev/null
is 'nothing for nobody' "$(cat "$T/err")" ''

finish
