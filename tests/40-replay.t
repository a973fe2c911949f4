#!/bin/sh
# fm-backend-replay: what was recorded comes back, and bad lines cost only
# themselves.
. "$(dirname "$0")/lib.sh"

replay=$B/libexec/fm/fm-backend-replay

# play LOG REQUEST...: opens LOG, then asks; answers in $T/out, stderr in $T/err
play() {
	log=$1; shift
	{
		echo '{"op":"hello","protocol":1}'
		printf '{"op":"open","options":{"log":"%s"}}\n' "$log"
		[ $# = 0 ] || printf '%s\n' "$@"
	} | "$replay" >"$T/out" 2>"$T/err"
}
# run_of INPUT BATCH FIRST REPS
run_of() {
	printf '{"op":"run","input":%s,"output":1,"batch":%s,' "$1" "$2"
	printf '"first":%s,"reps":%s}' "$3" "$4"
}
# answers NAME: the answers to the runs are those on stdin
answers() {
	awk 'ok == 2 { print } /^FMWORK (OK|ERR)/ && ok < 2 { ok++ }' \
	    "$T/out" >"$T/got"
	cat >"$T/want"
	same "$1" "$T/got" "$T/want"
}

cat >"$T/log" <<'END'
FMWORK ARG --input_sizes 128,512

FMWORK SETUP 0.251310
FMWORK SYS {"run_id":"r1","platform":"cpu","device":"a CPU","seed":7}

--------------------------------------------------------------------------------
RUN 128 / 1
--------------------------------------------------------------------------------
FMWORK KEY 0123456789abcdef
FMWORK REP 1 3 1732170000.088153850 1732170000.145211219 0.057057369
FMWORK TOK 1 0.010000000 0.040000000 4
FMWORK REP 2 3 1732170000.200000000 1732170000.250000000 0.050000000
FMWORK TOK 2 0.020000000 0.030000000 4
FMWORK GAP 2 10000 10001
FMWORK REP 3 3 1732170000.300000000 1732170000.350000001 0.050000001

FMWORK RES 1732170000.088153850 1732170000.350000001 a model Class 128 1 50.000 20.0
FMWORK OBS 128 1 1 {"load1":3}
FMWORK SIM 128 1 1 {"device":"x"}

--------------------------------------------------------------------------------
RUN 512 / 1
--------------------------------------------------------------------------------
FMWORK REP 1 3 1732170001.000000000 1732170001.500000000 0.500000000
FMWORK ERR oom 512 1 1 cannot allocate 12884901888 bytes

--------------------------------------------------------------------------------
RUN 128 / 1
--------------------------------------------------------------------------------
FMWORK REP 1 1 1732170009.000000000 1732170009.100000000 0.100000000

FMWORK RES 1732170009.000000000 1732170009.100000000 a model Class 128 1 100.000 10.0
END

# --- what was recorded comes back ---

play "$T/log" "$(run_of 128 1 1 3)" "$(run_of 128 1 1 3)" \
    "$(run_of 128 1 1 3)" "$(run_of 512 1 1 3)" "$(run_of 512 2 1 3)"
like 'the greeting' "$T/out" '^FMWORK HELLO 1 replay$'
like 'its option' "$T/out" '^FMWORK OPT log str - '
like 'SETUP is the recorded one' "$T/out" '^FMWORK SETUP 0\.251310$'
like 'SYS has the recorded facts' "$T/out" '^FMWORK SYS .*"device":"a CPU"'
like 'and says that it is a replay' "$T/out" '"backend":"replay"'
like 'of which run' "$T/out" '"replay_of":"r1"'
like 'of which model, blanks and all' "$T/out" \
    '"model":"a model","model_class":"Class"'
is 'but is not that run' "$(grep -c '"run_id"\|"platform"' "$T/out")" 0
answers 'points in the order of the log; an error as it was' <<'END'
FMWORK REP 1 3 1732170000.088153850 1732170000.145211219 0.057057369
FMWORK TOK 1 0.010000000 0.040000000 4
FMWORK REP 2 3 1732170000.200000000 1732170000.250000000 0.050000000
FMWORK TOK 2 0.020000000 0.030000000 4
FMWORK GAP 2 10000 10001
FMWORK REP 3 3 1732170000.300000000 1732170000.350000001 0.050000001
FMWORK OBS 128 1 1 {"load1":3}
FMWORK SIM 128 1 1 {"device":"x"}
FMWORK OK
FMWORK REP 1 3 1732170009.000000000 1732170009.100000000 0.100000000
FMWORK OK
FMWORK ERR skipped 128 1 1 the log has this point 2 times, and all were played
FMWORK REP 1 3 1732170001.000000000 1732170001.500000000 0.500000000
FMWORK ERR oom 512 1 1 cannot allocate 12884901888 bytes
FMWORK ERR skipped 512 1 2 input 512, output 1, batch 2 is not among the 3 points of the log
END
like 'fewer than asked for is said' "$T/err" \
    '^128 x 1: the log has only 1 of the repetitions asked for$'

# --- as many as were asked for ---

play "$T/log" "$(run_of 128 1 1 1)" "$(run_of 128 1 2 1)" \
    "$(run_of 128 1 4 1)" "$(run_of 128 1 1 1)"
answers 'in pieces' <<'END'
FMWORK REP 1 1 1732170000.088153850 1732170000.145211219 0.057057369
FMWORK TOK 1 0.010000000 0.040000000 4
FMWORK OBS 128 1 1 {"load1":3}
FMWORK SIM 128 1 1 {"device":"x"}
FMWORK OK
FMWORK REP 2 1 1732170000.200000000 1732170000.250000000 0.050000000
FMWORK TOK 2 0.020000000 0.030000000 4
FMWORK GAP 2 10000 10001
FMWORK OK
FMWORK ERR skipped 128 1 1 the log has no repetition from 4 on of this point
FMWORK REP 1 1 1732170009.000000000 1732170009.100000000 0.100000000
FMWORK OK
END
play "$T/log" '{"op":"run","input":128,"output":1,"batch":1,"seconds":0.15}'
answers 'for a time, as it was then' <<'END'
FMWORK REP 1 0 1732170000.088153850 1732170000.145211219 0.057057369
FMWORK TOK 1 0.010000000 0.040000000 4
FMWORK REP 2 0 1732170000.200000000 1732170000.250000000 0.050000000
FMWORK TOK 2 0.020000000 0.030000000 4
FMWORK GAP 2 10000 10001
FMWORK OBS 128 1 1 {"load1":3}
FMWORK SIM 128 1 1 {"device":"x"}
FMWORK OK
END
is 'and nothing is lacking' "$(cat "$T/err")" ''

# --- other forms ---

grep '^FMWORK' "$T/log" >"$T/cut"
play "$T/cut" "$(run_of 512 1 1 3)" "$(run_of 128 1 1 1)"
like 'without banners, RES names the point' "$T/out" '^FMWORK REP 1 1 17321700'
like 'or ERR does' "$T/out" '^FMWORK ERR oom 512 1 1 cannot'

sed 's/$/\r/' "$T/log" >"$T/crlf"
play "$T/crlf" "$(run_of 128 1 1 3)"
is 'lines may end in CR LF' "$(grep -c '^FMWORK REP' "$T/out")" 3
awk '{ printf "50%%\r%s\n", $0 }' "$T/log" >"$T/bar"
play "$T/bar" "$(run_of 128 1 1 3)"
is 'progress bars may stand before them' "$(grep -c '^FMWORK REP' "$T/out")" 3
sed 's,RUN \([0-9]*\) / ,RUN \1 ,;s/^FMWORK RES [0-9.]* [0-9.]*/FMWORK RES/' \
    "$T/log" >"$T/old"
play "$T/old" "$(run_of 128 1 1 3)"
is 'fmwork 1.0.0: REP' "$(grep -c '^FMWORK REP' "$T/out")" 3
like 'fmwork 1.0.0: RES' "$T/out" '"model":"a model","model_class":"Class"'
printf 'RUN 128 / 32 / 4\nFMWORK REP 1 1 1.000000000 2.000000000 1.000000000\n' \
    >"$T/gen"
play "$T/gen" \
    '{"op":"run","input":128,"output":32,"batch":4,"first":1,"reps":1}'
like 'a log that ends early plays what it has' "$T/out" '^FMWORK REP 1 1 1\.0'

# --- bad lines cost themselves ---

{
	sed 's/^FMWORK REP 2 .*/FMWORK REP 2 3 17321700/
	    s/^FMWORK SYS.*/FMWORK SYS {"device":/
	    s/^FMWORK ERR.*/FMWORK ERR oom/' "$T/log"
	echo 'FMWORK SETUP soon'
	echo 'FMWORK RES what is this'
	echo 'FMWORK TOK 1 0.1 0.2 3'
	echo 'FMWORK OBS 9 9 9 {}'
	printf 'FMWORK \000\377\n'
	printf 'FMWORK REP 1 1 1732'
} >"$T/bad"
play "$T/bad" "$(run_of 128 1 1 3)" "$(run_of 512 1 1 1)"
answers 'the rest is played' <<'END'
FMWORK REP 1 3 1732170000.088153850 1732170000.145211219 0.057057369
FMWORK TOK 1 0.010000000 0.040000000 4
FMWORK TOK 2 0.020000000 0.030000000 4
FMWORK GAP 2 10000 10001
FMWORK REP 3 3 1732170000.300000000 1732170000.350000001 0.050000001
FMWORK OBS 128 1 1 {"load1":3}
FMWORK SIM 128 1 1 {"device":"x"}
FMWORK OK
FMWORK REP 1 1 1732170001.000000000 1732170001.500000000 0.500000000
FMWORK OK
END
like 'SYS' "$T/err" "^$T/bad:4: not a SYS line: skipped$"
like 'REP' "$T/err" "^$T/bad:12: not a REP line of this form: skipped$"
like 'ERR' "$T/err" "^$T/bad:25: not an ERR line of this form: skipped$"
like 'SETUP' "$T/err" "^$T/bad:33: not a SETUP line: skipped$"
like 'RES' "$T/err" "^$T/bad:34: not a RES line of this form: skipped$"
is 'five are named' "$(grep -c ': skipped$' "$T/err")" 5
like 'all are counted' "$T/err" "^$T/bad: 8 lines skipped in all$"
sed -n '/^FMWORK REP/p' "$T/bad" | head -1 >"$T/lost"
printf 'FMWORK OBS 9 9 9 {}\nFMWORK GAP 1 2\nFMWORK REP 1' >>"$T/lost"
play "$T/lost"
like 'no point' "$T/err" ': repetitions of no point that is known: skipped$'
like 'about no point' "$T/err" ':2: a line of no point that was recorded'
like 'of no repetition' "$T/err" ':3: a line of no repetition: skipped$'
like 'torn' "$T/err" ':4: the last line has no end: skipped$'

# --- nothing to play ---

play "$T/lost"
like 'no points' "$T/out" "^FMWORK ERR usage 0 0 0 '$T/lost' holds no points"
play ''
like 'no log' "$T/out" \
    "^FMWORK ERR usage 0 0 0 which log\\? the option 'log' must name one$"
play "$T/none"
like 'not there' "$T/out" \
    "^FMWORK ERR io 0 0 0 cannot open '$T/none': No such file or directory$"
echo 'FMWORK ERR nomodel 0 0 0 no such model' >"$T/failed"
play "$T/failed"
like 'a run that failed before its points fails again' "$T/out" \
    '^FMWORK ERR nomodel 0 0 0 no such model$'

# --- there and back ---

set -- --input_sizes 8,16 --batch_sizes 1,2 --reps 5
run 0 fm-driver --platform null --null:latency_ms 0.1 "$@"
cp "$T/out" "$T/first"
run 0 fm-driver --platform replay --replay:log "$T/first" "$@"
grep -E '^(FMWORK REP|FMWORK SETUP|RUN)' "$T/first" >"$T/want"
grep -E '^(FMWORK REP|FMWORK SETUP|RUN)' "$T/out" >"$T/got"
same 'a replayed run has the same repetitions' "$T/got" "$T/want"
is 'all of them' "$(grep -c '^FMWORK REP' "$T/got")" 20
run 1 fm-driver --platform replay --replay:log "$T/first" --input_sizes 8,9 \
    --batch_sizes 1 --reps 5
like 'a point that is not there is a row' "$T/out" \
    '^FMWORK ERR skipped 9 1 1 input 9, output 1, batch 1 is not among the 4'

finish
