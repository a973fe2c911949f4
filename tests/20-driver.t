#!/bin/sh
# fm-driver on the null backend: the log, the command line, failures, ends.
. "$(dirname "$0")/lib.sh"

null() { fm-driver --platform null "$@"; }
code() { sed -n 's/^FMWORK \(REP\|RES\|ERR\) .*/\1/p' "$1" | uniq -c | tr -d '\n'; }

# --- the log ---
run 0 null --input_sizes 128,512 --batch_sizes 1,8 --reps 3
sed -n 's/^RUN //p' "$T/out" >"$T/runs"
printf '128 / 1\n512 / 1\n128 / 8\n512 / 8\n' >"$T/want"
same "fmwork's order: batch outside, input inside" "$T/runs" "$T/want"
is "every point has its repetitions and RES" "$(grep -c '^FMWORK REP' "$T/out")/$(grep -c '^FMWORK RES' "$T/out")" 12/4
E='[0-9]+\.[0-9]{9}'
like "form of REP" "$T/out" "^FMWORK REP 1 3 $E $E [0-9]+\.[0-9]{9}\$"
like "form of RES" "$T/out" "^FMWORK RES $E $E null none 512 8 [0-9]+\.[0-9]{3} [0-9]+\.[0-9]\$"
like "SETUP" "$T/out" '^FMWORK SETUP [0-9]+\.[0-9]{6}$'
grep '^FMWORK SYS ' "$T/out" | cut -c12- >"$T/sys"
for k in run_id fm_version backend device host kernel cores seed clock_cost_ns; do
	like "SYS has $k" "$T/sys" "\"$k\":"
done
is "KEY opens every point" "$(grep -A3 '^RUN' "$T/out" | grep -c '^FMWORK KEY [0-9a-f]\{32\}$')" 4
is "KEYs differ between points" "$(grep '^FMWORK KEY' "$T/out" | sort -u | wc -l)" 4
cp "$T/out" "$T/first"
run 0 null --input_sizes 128,512 --batch_sizes 1,8 --reps 3
is "and are the same in another run" "$(grep '^FMWORK KEY' "$T/out")" "$(grep '^FMWORK KEY' "$T/first")"
is "run_id is not" "$(grep -o '"run_id":"[^"]*"' "$T/first" "$T/out" | cut -d: -f2- | sort -u | wc -l)" 2
awk '/^FMWORK REP/ { split($5, a, "."); split($6, b, ".")
	d = (b[1] - a[1]) * 1000000000 + b[2] - a[2]; split($7, c, ".")
	if (d != c[1] * 1000000000 + c[2]) bad = 1 } END { exit bad }' "$T/out"
is "dt is t1 - t0 to the nanosecond" $? 0

# RES by fmwork's rule: the first fifth dropped, median of the rest.
run 0 null --reps 10 --null:latency_ms 2 --null:jitter 0.5
awk '/^FMWORK REP/ && $3 > 2 { print $7 * 1000 }' "$T/out" | sort -g |
    awk '{ v[NR] = $1 } END { printf "%.3f %.1f\n", (v[4] + v[5]) / 2, 1000 / ((v[4] + v[5]) / 2) }' >"$T/want"
sed -n 's/^FMWORK RES.* 128 1 //p' "$T/out" >"$T/got"
same "latency and throughput" "$T/got" "$T/want"
run 0 null --reps 1
like "one repetition is kept" "$T/out" '^FMWORK RES '
like "and said to be alone" "$T/err" 'one repetition'
is "nan is never printed" "$(grep -ci nan "$T/out")" 0

# --- the text around the lines, as fmwork prints it ---
cat >"$T/want" <<'EOF'

--------------------------------------------------------------------------------
ARGS
--------------------------------------------------------------------------------

FMWORK ARG --backend null
FMWORK ARG --batch_sizes 1,8
FMWORK ARG --compile
FMWORK ARG --compile:backend inductor
FMWORK ARG --compile:dynamic@ True
FMWORK ARG --compile:options:triton.cudagraphs@ False
FMWORK ARG --eval
FMWORK ARG --input_sizes 128,512
FMWORK ARG --model:torch_dtype@ torch.bfloat16
FMWORK ARG --model_class RobertaModel
FMWORK ARG --model_name ibm-granite/granite-embedding-125m-english
FMWORK ARG --model_root /models
FMWORK ARG --platform cuda
FMWORK ARG --reps 10
FMWORK ARG --torch.call:set_grad_enabled@ False
FMWORK ARG --torch.set:backends.cudnn.benchmark@ True

{
    "backend": "null",
    "batch_sizes": "[1, 8]",
    "compile": "True",
    "eval": "True",
    "input_sizes": "[128, 512]",
    "model_class": "RobertaModel",
    "model_name": "ibm-granite/granite-embedding-125m-english",
    "model_path": "/models/ibm-granite/granite-embedding-125m-english",
    "model_root": "/models",
    "platform": "cuda",
    "reps": "10",
    "subs": {
        "compile": {
            "backend": "inductor",
            "dynamic": "True",
            "options": {
                "triton.cudagraphs": "False"
            }
        },
        "model": {
            "torch_dtype": "torch.bfloat16"
        },
        "torch.call": {
            "set_grad_enabled": "False"
        },
        "torch.set": {
            "backends.cudnn.benchmark": "True"
        }
    }
}
EOF
set -- --platform cuda --model_root /models \
    --model_name ibm-granite/granite-embedding-125m-english \
    --model_class RobertaModel --compile --eval --input_sizes 128,512 \
    --batch_sizes 1,8 --reps 10 --compile:backend inductor \
    --compile:dynamic@ True --compile:options:triton.cudagraphs@ False \
    --model:torch_dtype@ torch.bfloat16 \
    --torch.call:set_grad_enabled@ False \
    --torch.set:backends.cudnn.benchmark@ True
run 0 fm-driver --backend null "$@"
sed '/^RUNTIME$/,$d' "$T/out" | sed '$d' | sed '$d' >"$T/got"
same "ARGS block of an existing command line" "$T/got" "$T/want"
like "sets of another backend are said to be ignored" "$T/err" \
    "ignored by backend 'null': --compile --eval --compile:backend"
log=$top/../shared/data/fmwork-logs/driver-run.embed-tf.dev.log
if [ -f "$log" ]; then
	grep -v 'backend.*null' "$T/got" >"$T/ours"
	sed '/^RUNTIME$/,$d' "$log" | sed '$d' | sed '$d' >"$T/want"
	same "byte for byte what fmwork printed for it" "$T/ours" "$T/want"
else
	skip "byte for byte what fmwork printed for it" "no such log here"
fi
run 0 null --null:latency_ms@ 'min(args.batch_sizes)*0.5' --batch_sizes 2,4
like "@ values see the arguments" "$T/out" '"latency_ms": "1.0"'
run 0 null --env A=1 --env B="x y"
is "EXP lines" "$(grep '^FMWORK EXP' "$T/out" | tr '\n' ';')" "FMWORK EXP A=1;FMWORK EXP B=x y;"
run 0 fm-driver --platform null 'a model' --model_class 'C'
like "a name with spaces is written as it is" "$T/out" '^FMWORK RES .* a model C 128 1 '

fm-driver --platform null "$(printf 'two\nlines')" --model_class 'C' --reps 1 \
    >"$T/out" 2>/dev/null
like "a name of two lines is written on one" "$T/out" '^FMWORK RES .* two lines C 128 1 '

# --- command line ---
run 0 null --dry_run --input_sizes 1-3,16-64+16,128-1024*2 --batch_sizes 2
is "ranges" "$(cut -f3 "$T/out" | tr '\n' ' ')" "1 2 3 16 32 48 64 128 256 512 1024 "
run 0 null --dry_run --seconds 0.5
is "dry run: fields" "$(cat "$T/out")" "$(printf 'null\tnull\t128\t1\t0.5s\t1\t0.500')"
run 2 null --dry_run --seconds 0
is "no time at all" "$(cat "$T/err")" 'fm-driver: --seconds must be more than 0'
run 0 null --seconds 0.05 --null:latency_ms 5
like "--seconds: the number of repetitions is not known beforehand" "$T/out" '^FMWORK REP 2 0 '
reps=$(grep -c '^FMWORK REP' "$T/out")
ok "about as many as fit ($reps)" test "$reps" -ge 5 -a "$reps" -le 12
run 0 null --warmup 2 --reps 3
is "warm-up is not printed" "$(grep -c '^FMWORK REP' "$T/out")" 3
run 0 fm-driver --devices null --runtime null --reps=2
run 0 fm-driver --backend local --platform null --rep 2
like "names may be cut and have a dash" "$T/out" '^FMWORK ARG --reps 2$'
run 0 fm-driver --platform null,null --reps 2
is "two platforms" "$(grep -c '^FMWORK RES' "$T/out")" 2
run 0 null --list_devices
like "devices" "$T/out" '^null	'
run 0 null --list_options
like "options" "$T/out" '^--null:latency_ms	float	'

# bad STATUS TEXT ARGS...: one line on stderr, none on stdout
bad() {
	want=$1 text=$2; shift 2
	run "$want" fm-driver "$@"
	is "  one line" "$(wc -l <"$T/err")" 1
	like "  $text" "$T/err" "$text"
	ok "  no log" test ! -s "$T/out"
}
for s in 0 -1 a '' 8-1 1.5 '1,,2' 2147483648; do
	bad 2 "fm-driver: --input_sizes: " --platform null --input_sizes "$s"
	bad 2 "fm-driver: --batch_sizes: " --platform null --batch_sizes "$s"
done
bad 2 "'0' must be a whole number from 1" --platform null --reps 0
bad 2 "exclude one another" --platform null --reps 3 --seconds 1
bad 2 "unknown option '--nosuch'" --nosuch
bad 2 "'--reps' is missing a value" --reps
bad 2 "not unique" --platform null --model x
bad 2 "'warp' is not known: there are cpu, " --platform warp
bad 2 "must be a name" --backend ../x
bad 2 "which host" --platform null --backend remote
bad 2 "which model" --platform cpu
bad 2 "named twice" --platform null --model_name a b
bad 2 "no such option; it has: latency_ms" --platform null --null:nosuch 1
bad 2 "'--bogus' is not supported \(known: null, " --platform null --bogus:x 1
bad 2 "must be one of auto, safetensors, dummy" --load_format x
bad 2 "unknown name 'oops'" --platform null --null:latency_ms@ oops
bad 2 "NAME=VALUE" --platform null --env oops
bad 2 "--infer needs --out" --platform null --infer x
bad 2 "belong to --infer" --platform null --out x
bad 2 "no such setting" --platform null --threads 2
bad 2 "closing quotation" --platform null --via "'x"

run 4 fm-driver --backend nosuch
like "backend not found" "$T/err" "backend 'nosuch' not found: there is no 'fm-backend-nosuch' in "
like "is in the log, too" "$T/out" '^FMWORK ERR nodevice 0 0 0 backend'

# --- failures are rows, and the sweep goes on ---
run 1 null --input_sizes 1,2,3 --reps 2 --null:fault oom@2 --no_prune
is "out of memory costs its point" "$(code "$T/out")" "      2 REP      1 RES      1 ERR      2 REP      1 RES"
like "the row" "$T/out" '^FMWORK ERR oom 2 1 1 cannot allocate'
run 1 null --input_sizes 1,2,3 --reps 2 --null:fault die@2
is "so does death: the next point has a fresh backend" "$(grep -c '^FMWORK RES' "$T/out")" 2
like "the row names the signal" "$T/out" "^FMWORK ERR died 2 1 1 backend 'null' died: killed by SIGKILL"
run 1 null --input_sizes 1,2,3 --reps 2 --null:fault garbage@2
like "a broken line is a fault of the backend" "$T/out" '^FMWORK ERR internal 2 1 1 '
run 0 null --input_sizes 1,2,3 --reps 2 --null:fault noise@2
is "a chatty library breaks nothing" "$(grep -c '^FMWORK RES' "$T/out")" 3
run 4 null --timeout 1 --null:latency_ms 2500 --reps 1
like "no answer in time is a row" "$T/out" "^FMWORK ERR timeout 128 1 1 backend 'null' did not answer within 1 s"
run 4 null --null:fault die
like "nothing could be measured" "$T/err" 'nothing could be measured'

# --- ends ---
run 3 sh -c 'fm-driver --platform null --reps 2 >/dev/full'
like "full disk" "$T/err" 'cannot write the log: No space left'
sh -c '(fm-driver --platform null --null:latency_ms 20 2>"$1/err"; echo $? >"$1/rc") | head -1 >/dev/null' sh "$T"
is "closed stdout stops the sweep" "$(cat "$T/rc")" 3
for sig in INT TERM; do
	# A shell makes background jobs ignore SIGINT; perl undoes that.
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' \
	    fm-driver --platform null --null:latency_ms 20 \
	    --reps 1000 >"$T/$sig" 2>"$T/err" &
	pid=$!
	i=0
	while ! grep -qs "^FMWORK REP" "$T/$sig" && [ $i -lt 100 ]; do
		sleep 0.05; i=$((i + 1))
	done
	kill -$sig $pid; wait $pid
	is "SIG$sig" $? "$([ $sig = INT ] && echo 130 || echo 143)"
	is "SIG$sig: the last line is whole" "$(tail -c1 "$T/$sig" | od -An -c | tr -d ' ')" '\n'
	ok "SIG$sig: no backend is left" sh -c "! pgrep -g $pid && ! pgrep -P $pid"
done

finish
