#!/bin/sh
# fm-process: dialects, damage, folders, forms of output, bad input. The logs
# are made by tests/data/process/make.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top/tests/data/process" || exit 1

# get FILTER [ARGS...]: a value of the records of fm-process -f jsonl ARGS
cat >"$T/get.awk" <<'END'
# Prints the value of a key, dots between the levels, for every line.
function value(s, key,   i, c, depth, quoted) {
	if (match(s, "\"" key "\":") == 0) return "(none)"
	s = substr(s, RSTART + RLENGTH)
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (quoted) { if (c == "\\") i++; else if (c == "\"") quoted = 0 }
		else if (c == "\"") quoted = 1
		else if (c == "{" || c == "[") depth++
		else if ((c == "}" || c == "]" || c == ",") && depth == 0) break
		else if (c == "}" || c == "]") depth--
	}
	return substr(s, 1, i - 1)
}
{ n = split(path, k, "."); s = $0; for (j = 1; j <= n; j++) s = value(s, k[j]); print s }
END
get() {
	path=$1; shift
	fm-process -f jsonl "$@" 2>"$T/err" |
	    awk -v path="$path" -f "$T/get.awk" | tr '\n' ' ' | sed 's/ $//'
}

# --- values, times, statistics
is 'itl and thp keep their digits' "$(get itl embed.log) $(get thp embed.log)" \
    '4.002 499.8'
is 'stamps' "$(get timestamp embed.log) $(get time_end embed.log)" \
    '"1700000000.095000000" "1700000000.954002000"'
sed 's/RES [0-9.]* [0-9.]* /RES /' embed.log >"$T/embed0.log"
is 'stamps of REP lines, when RES has none' \
    "$(get timestamp "$T/embed0.log") $(get time_end "$T/embed0.log")" \
    '"1700000000.095000000" "1700000000.954002000"'
is 'setup' "$(get setup embed.log)" 0.250000
is 'options' "$(get opts embed.log)" '["--model_name acme/model","--reps 10"]'
is 'n and dropped' "$(get stats.n embed.log) $(get stats.dropped embed.log)" '10 2'
is 'the first one apart' "$(get stats.first embed.log)" 0.090001000
is 'median' "$(get stats.median embed.log)" 0.004002000
is 'basic statistics end with max' "$(get stats.ci95 --basic embed.log)" '(none)'
is 'without statistics' "$(get stats --no_stats embed.log)" null
is '--drop none' "$(get stats.dropped --drop none embed.log)" 0
is '--drop 50%' "$(get stats.dropped --drop 50% embed.log)" 5
is '--drop mser' "$(get stats.rule --drop mser embed.log)" '"mser"'
is '--type7 interpolates' "$(get stats.p25 --type7 --drop none two.log |
    cut -d' ' -f1)" null
is 'interval' "$(get stats.ci95 embed.log)" '[0.004000000,0.004004000]'

# --- the fast lane: lines with "\r" do not take it
for how in embed infer classic nelson; do
	awk -v how=$how -v reps=120 -v points=3 -v us=4000 -f reps.awk \
	    >"$T/$how.log"
	sed 's/$/\r/' "$T/$how.log" >"$T/slow.log"
	fm-process -f jsonl "$T/$how.log" >"$T/fast"
	fm-process -f jsonl "$T/slow.log" >"$T/slow"
	same "$how: fast as slow" "$T/fast" "$T/slow"
	is "$how: all repetitions, and as they were summed up" \
	    "$(get stats.n "$T/$how.log") $(get notes "$T/$how.log")" \
	    '120 120 120 [] [] []'
	fm-process -f jsonl --no_stats "$T/$how.log" >"$T/fast"
	fm-process -f jsonl --no_stats "$T/slow.log" >"$T/slow"
	same "$how: --no_stats, too" "$T/fast" "$T/slow"
done
printf 'FMWORK %s\n' 'REP 1 / 9 : 1732170000.128592020 1732170000.212559568 0.084 10.5 95.3' \
    'ERR oom 5 1 4 none left' 'KEY 00aa' \
    'REP 1 / 9 : 1732170000.128592020 1721370000.212559568 0.084 10.5 95.3' \
    >"$T/clock.log"
is 'a key stays with its point when the clock was set back' \
    "$(get key "$T/clock.log")" 'null "00aa"'
tr '\n' '\r' <"$T/embed.log" >"$T/cr.log"
is '--no_stats and lone carriage returns' \
    "$(get stats --no_stats "$T/cr.log")" 'null null null'

# --- damage
is 'CRLF' "$(get itl crlf.log)" 4.002
is 'carriage returns in a line' "$(get itl bar.log)" 4.002
sed 's/$/ 	 /' embed.log >"$T/blanks.log"
fm-process -f jsonl embed.log >"$T/one"
fm-process -f jsonl "$T/blanks.log" >"$T/three"
same 'blanks at the ends of lines' "$T/three" "$T/one"
is 'a name with blanks' "$(get model spaces.log)" '"my own model"'
is 'a lost repetition is noted' "$(get notes lost.log)" \
    '["repetitions are missing or twice in the log"]'
is 'a contradiction is noted' "$(get notes contradicts.log)" \
    '["latency 5.002 contradicts the REP lines, which give 4.002"]'
cat >"$T/vision0.log" <<'END'
FMWORK REP 1700 16 2 1 1.800 112.5 17.8
FMWORK REP 1700 16 2 1 1.701 106.3 18.8
FMWORK REP 1700 16 2 1 1.702 106.4 18.8

FMWORK RES 20250612-101112.123456 1700 16 2 1 1.701874 106.4 18.8
END
is 'times of milliseconds contradict only by more' \
    "$(get notes "$T/vision0.log")" '[]'
sed 's/1.701874/1.702074/' "$T/vision0.log" >"$T/vision1.log"
is 'and then they do' "$(get notes "$T/vision1.log")" \
    '["median 1.702074 contradicts the REP lines, which give 1.7015"]'
is 'a summary of nan, and nothing to make it of' \
    "$(grep -v REP nan.log | get notes) $(get notes --no_stats nan.log)" \
    '["the RES line lacks numbers"] ["the RES line lacks numbers"]'
is 'no RES line' "$(get status torn.log) $(get itl torn.log)" \
    '"PART_TORN" 4.002'
run 1 fm-process bad.log
is 'a bad line is named' "$(cat "$T/err")" \
    "fm-process: bad.log:18: cannot read this line: 'FMWORK RES 1700000000.0 17'"
run 1 fm-process --strict bad.log embed.log
is '--strict stops' "$(grep -c '"timestamp"' "$T/out")" 1
run 1 fm-process --strict -j 2 bad.log embed.log
is '... with threads, too' "$(grep -c '"timestamp"' "$T/out")" 1
run 1 fm-process --strict --schema fmwork bad.log embed.log
is "... and as fmwork's script" "$(cat "$T/out")" '[]'
run 0 fm-process --strict ours.log
is '... not at a failure that was measured' "$(grep -c ERR_ "$T/out")" 2
is 'two experiments keep their options' "$(get opts two.log)" \
    '["--model_name acme/model","--reps 10"] ["--model_name emca/model","--reps 10 --eval"]'
is 'two writers in one log' "$(get stats.median mixed.log)" \
    '0.004002000 0.006002000'
is '... agree with their RES lines' "$(get notes mixed.log)" '[] []'
is 'the same log twice' "$(get itl embed.log embed.log)" '4.002 4.002'
is '--dedup' "$(get itl --dedup embed.log embed.log two.log)" '4.002 4.002'
sed 's/ 0.0040[0-9]*$/ nan/' embed.log >"$T/notime.log"
run 1 fm-process "$T/notime.log"
like 'a repetition without a time' "$T/err" 'this repetition has no time'
printf 'a\0b\377\nFMWORK RES 1.0 2.0 b\377d C 1 1 1.000 1.0' >"$T/odd.log"
is 'NUL and bytes that are not UTF-8' "$(get model "$T/odd.log")" '"b�d"'
awk 'BEGIN { for (i = 0; i < 300000; i++) printf "0123456789"; print "" }' \
    >"$T/long.log"
cat embed.log >>"$T/long.log"
is 'a line of megabytes' "$(get itl "$T/long.log")" 4.002
head -c 700 embed.log >"$T/cut.log"
is 'lone carriage returns' "$(tr '\n' '\r' <embed.log >"$T/cr.log"
    get itl "$T/cr.log") $(get stats.n "$T/cr.log")" '4.002 10'
sed 's/REP 4 10/REP 4 1x/' embed.log >"$T/one.log"
run 1 fm-process -f jsonl "$T/one.log"
like 'a bad repetition is named' "$T/err" "one.log:10: cannot read this line"
like '... and costs no more than itself' "$T/out" '"n":9,'
{ cat embed.log; printf 'FMWORK RES 1.0 2.0 m C 1 1 nan 1.0\n'; } >"$T/nan.log"
is 'NaN is null' "$(get itl "$T/nan.log")" '4.002 null'
is 'torn anywhere' "$(get status "$T/cut.log")" '"PART_TORN"'
run 1 fm-process no-such-file embed.log
like 'a file that is not there' "$T/err" "cannot open 'no-such-file'"
is '... costs that file alone' "$(grep -c '"timestamp"' "$T/out")" 1

# --- our own lines
is 'engine' "$(get engine ours.log)" '"fm/sim" "fm/sim" "fm/sim"'
is 'status' "$(get status ours.log)" '"OK" "ERR_oom" "ERR_nodevice"'
is 'keys' "$(get key ours.log)" '"00ff" "00fe" null'
is 'run' "$(get run_id ours.log)" '"r-1" "r-1" "r-1"'
is 'simulated' "$(get simulated ours.log)" 'true false false'
is 'noise' "$(get noise ours.log | cut -d' ' -f1)" '{"steal_ms":3}'
is 'tokens' "$(get tokens.ttft.median ours.log | cut -d' ' -f1)" 0.004100000
is 'gaps' "$(get tokens.itl.median ours.log | cut -d' ' -f1)" 0.000850000
is 'sizes of a failure' "$(get input ours.log)" '8 65536 null'
id=$(get sys_id ours.log | cut -d' ' -f1)
is '--metadata_id auto' "$(get metadata_id --metadata_id auto ours.log |
    cut -d' ' -f1)" "$id"
sed 's/"load1":7/"load1":9/; s/r-1/r-2/' ours.log >"$T/again.log"
is 'the id of a system does not hang on load or run' \
    "$(get sys_id "$T/again.log" | cut -d' ' -f1)" "$id"
for mhz in 345 1980; do
	sed "s/\"load1\":7/\"clock_sm_mhz\":\"$mhz\",\"clock_memory_mhz\":\"$mhz\"/" \
	    ours.log >"$T/again.log"
	is 'nor on what the clocks of a device just were' \
	    "$(get sys_id "$T/again.log" | cut -d' ' -f1)" "$id"
done
is '--with_sys' "$(get sys.device --with_sys ours.log | cut -d' ' -f1)" '"Card"'

# --- generation
is 'GEN completes RES' "$(get ttft gen.log) $(get itl gen.log)" \
    'null 0.020 null 20.000 10.000 null'
is 'an error in a stream' "$(get status gen.log)" '"OK" "OK" "ERR_OOM"'
is 'a GEN line that contradicts' "$(get notes gen-wrong.log)" \
    '[] ["time to first token 0.025 contradicts the REP lines, which give 0.02"] []'
sed 's/ 10.000 100.0$/ 11.000 100.0/' gen.log >"$T/gen.log"
is 'another one' "$(get notes "$T/gen.log")" \
    '[] ["time per token 11.000 contradicts the REP lines, which give 10"] []'
sed '/ GEN /s/ 0.000 0.000 0.100 / 0.000 0.003 0.100 /' gen.log >"$T/gen.log"
is 'deviations are compared, too' "$(get notes "$T/gen.log")" \
    '[] ["deviation 0.003 contradicts the REP lines, which give 0"] []'
sed '/ GEN /s/ 0.000 0.100 / 0.000 0.110 /' gen.log >"$T/gen.log"
is '... and the time of the whole run' "$(get notes "$T/gen.log")" \
    '[] ["inference time 0.110 contradicts the REP lines, which give 0.1"] []'
is 'what failed was measured by the same driver' "$(get engine gen.log)" \
    '"fmwork/infer/vllm" "fmwork/infer/vllm" "fmwork/infer/vllm"'
is 'batch_size_times is corrected' "$(get thp spyre.log) $(get batch spyre.log)" \
    '500.0 1333.3 1 1'
is '... and noted' "$(get notes spyre.log | cut -d' ' -f1-4)" \
    '["throughput 5000.0 and batch'
is 'warm-up' "$(get warmup spyre.log)" '20.61 20.61'
is 'the model of a PARAMS block' "$(get model spyre.log | cut -d' ' -f1)" \
    '"/models/granite"'
is '--model and --precision' \
    "$(get model --model M --precision bf16 embed.log) $(get precision \
    --precision bf16 embed.log)" '"M" "bf16"'

is 'a RES line of nan' "$(get itl nan.log) $(get notes nan.log)" \
    '10.000 ["the RES line has no numbers: computed from the REP lines"]'
is 'the first driver' "$(get model bare.log) $(get itl bare.log) $(get stats.n \
    bare.log)" '"/m/first" 10.0 2'
is 'no line end before an FMWORK line' "$(get stats.n glued.log)" 9
like '... nor in it' "$T/err" 'glued.log:10: cannot read this line'
is 'vision' "$(get ttft vision.log) $(get stats.n vision.log) $(get \
    tokens.ttft.median vision.log)" \
    '0.002 0.180 3 2 0.002002000 0.185000000'
is 'cerebras' "$(get status cerebras.log) $(get itl cerebras.log) $(get model \
    cerebras.log)" '"OK" 1.000 "llama3.1-8b"'

# --- folders
is 'an old runner: the model of its command' "$(get model runs/old)" \
    '"/m/granite/base"'
is 'a driver: an error holds for all' "$(get status --path runs/one)" \
    '"PART_OOM" "PART_OOM" "ERR_OOM"'
is 'a server' "$(get ttft --path runs/two/three) $(get thp --path runs/two/three)" \
    '4.98765 65.08'
is '... its sizes' "$(get input --path runs/two/three) $(get batch \
    --path runs/two/three) $(get tp --path runs/two/three)" '1024 4 2'
is '... and all it says' \
    "$(fm-process -f jsonl runs/two/three | grep -c '"P99_TTFT_(ms)":9001.23')" 1
is 'the new name of a variable' \
    "$(get serving.batch_mode --path runs/two/three)" '"continuous"'
cp -R runs/two/three "$T/shapes"
sed 's/BATCH_SIZES=4/BATCH_SIZES=4,8/' runs/two/three/server.cmd \
    >"$T/shapes/server.cmd"
rm "$T/shapes/runner.log"
printf 'client --x 1\r\n2 --y 3\r\n' >"$T/shapes/client.cmd"
like '... and of a command with CRLF' "$(fm-process "$T/shapes" >"$T/out"
    echo "$T/out")" '"\[client\] --x 1\\n2",'
is '... and of several shapes the first' "$(get batch "$T/shapes") $(get status \
    "$T/shapes")" '4 "OK"'
is '... and without its runner the time of the client' \
    "$(get timestamp "$T/shapes")" '"6.000000000"'
is 'many clients' "$(get serving.client --path runs/many)" \
    '"client.log.0" "client.log.1" "client.log.10"'
is '... with fewer requests than asked for' \
    "$(get status --path runs/many | cut -d' ' -f1)" '"PART_UNK"'
cp -R runs/two/three "$T/server"
sed 's/\(Median ITL (ms): *\).*/\1oops/' runs/two/three/client.log \
    >"$T/server/client.log"
is 'a summary with a bad number' "$(get status "$T/server") $(get itl \
    "$T/server") $(get error_msg "$T/server")" "\"PART_METRICS_ERROR\" null $(:
    )\"METRICS_ERROR | \\\"Median ITL (ms) is no number: 'oops'\\\"\""
{ echo 'INFO 09-24 10:00:01 [x.py:12] port: 8000'
    echo '======== Serving Benchmark Result ========'
    cat runs/two/three/client.log; echo '========'; echo 'note: 7'
} >"$T/server/client.log"
is 'the summary alone has metrics' "$(fm-process -f jsonl "$T/server" |
    grep -o '"metrics":{[^}]*}')" "$(fm-process -f jsonl runs/two/three |
    grep -o '"metrics":{[^}]*}')"
: >"$T/server/client.log"
is 'a client that printed nothing' "$(get status "$T/server")" '"ERR_UNKNOWN"'
echo 'DtException: Must find space in DDR' >>"$T/server/server.log"
is '... because its server failed' "$(get status "$T/server")" '"ERR_MFS"'
cp runs/two/three/client.log "$T/server"
is 'a server that failed after results' "$(get status "$T/server")" '"PART_MFS"'
is '-r' "$(get itl -r --path runs)" \
    '198.76 198.76 198.76 10.0 20.000 10.000 null 198.76'
is '--recursive' "$(get itl --recursive --path runs/one)" '20.000 10.000 null'
run 1 fm-process --path runs
like 'a folder without an experiment' "$T/err" "-r looks below it"
is 'old names, --path twice' "$(get itl --path embed.log --path two.log)" \
    '4.002 4.002 4.002'
printf -- '- {code: MINE, pattern: "Tried to allocate 9"}\n' >"$T/e.yaml"
is '--errors comes first' "$(get status --errors "$T/e.yaml" gen.log)" \
    '"OK" "OK" "ERR_MINE"'
run 0 fm-process --errors "$top/share/errors.yaml" gen.log
# What is found in one line after a RUN banner.
fails() {
	printf 'FMWORK ARG x\nRUN 1 / 1\n%s\n' "$2" >"$T/fails.log"
	is "found: $2" "$(get status "$T/fails.log")" "\"ERR_$1\""
}
fails OOR "terminate called after throwing an instance of 'std::out_of_range'"
fails DIR 'RuntimeError: device 3: DDR init retried 4 times'
fails RPC 'TimeoutError: RPC call to execute_model timed out.'
fails CTL 'ValueError: Please reduce the length of the messages or completion.'
fails OOM 'RuntimeError: CUDA error: out of memory'
fails KVC 'ValueError: No available memory for the cache blocks.'
fails NODEV 'RuntimeError: Found no NVIDIA driver on your system.'
fails NCCL 'RuntimeError: NCCL error in: ProcessGroupNCCL.cpp:1'
fails CUDA 'RuntimeError: CUDA error: device-side assert triggered'
fails ORT_OOM '[E:onnxruntime:, bfc_arena.cc:376] Failed to allocate memory for requested buffer'
fails ORT 'onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException: [ONNXRuntimeError]'
fails SLURM_OOM 'slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.0.'
fails SLURM_TIME 'slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***'
fails SLURM_PREEMPT '*** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***'
fails SLURM 'srun: error: n1: task 0: Exited with exit code 1'
fails KILLED 'Killed'
fails KILLED '/x/slurm_script: line 5: 12345 Killed      python driver'
fails SLURM_OOM 'srun: error: n1: task 0: Out Of Memory'
fails NODEV 'RuntimeError: No CUDA GPUs are available'
fails CUDA 'RuntimeError: cuDNN error: CUDNN_STATUS_NOT_INITIALIZED'
fails ORT '[ONNXRuntimeError] : 1 : FAIL : Load model from x.onnx failed'
fails KVC 'ValueError: 2.0 GiB KV cache is needed, which is larger than the available KV cache memory'
fails HOST_OOM 'MemoryError'
fails DISK 'OSError: [Errno 28] No space left on device'
fails SEGV 'Segmentation fault (core dumped)'
fails PORT 'OSError: [Errno 98] Address already in use'
fails UNKNOWN 'nothing that is known'
printf -- '- {code: MINE, pattern: "("}\n' >"$T/e.yaml"
run 2 fm-process --errors "$T/e.yaml" gen.log
like 'a bad pattern' "$T/err" "pattern of 'MINE'"
printf -- '- {code: "A B", pattern: x}\n' >"$T/e.yaml"
run 2 fm-process --errors "$T/e.yaml" gen.log
like 'a bad code' "$T/err" "needs 'code'"
echo 'a: 1' >"$T/e.yaml"
run 2 fm-process --errors "$T/e.yaml" gen.log
like 'no list' "$T/err" 'must be a list'

# --- forms of output
run 0 fm-process --format json embed.log
is 'json is a list' "$(head -n 1 "$T/out")$(tail -n 1 "$T/out")" '[]'
fm-process -f csv embed.log two.log >"$T/csv"
is 'csv: rows' "$(wc -l <"$T/csv" | tr -d ' ')" 4
like 'csv: quotes' "$T/csv" '"\[""--model_name acme/model"",""--reps 10""\]"'
fm-process -f tsv embed.log >"$T/tsv"
is 'tsv: columns fit' "$(awk -F'\t' '{ print NF }' "$T/tsv" | uniq | wc -l |
    tr -d ' ')" 1
printf 'FMWORK FAIL {"exit":1}\nFMWORK ERR died 1 1 1 gone\n' |
    fm-process -f tsv >"$T/tsv"
is 'tsv: what is known of a failure' "$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++)
    if ($i == "failure") k = i } NR == 2 { print $k }' "$T/tsv")" '{"exit":1}'
fm-process -f sql spaces.log >"$T/sql"
is 'sql: one transaction' "$(head -n 1 "$T/sql")$(tail -n 1 "$T/sql")" \
    'BEGIN;COMMIT;'
sed "s/acme/ac'me/" embed.log | fm-process -f sql >"$T/sql"
like 'sql: quotes' "$T/sql" "'ac''me/model'"
if command -v sqlite3 >/dev/null; then
	is 'sql: sqlite3 takes it' "$(sqlite3 :memory: ".read $T/sql" \
	    'select "itl", "stats_n", "model" from fm_records')" \
	    "4.002|10|ac'me/model"
else
	skip 'sql: sqlite3 takes it' 'no sqlite3'
fi
is 'csv of fmwork'"'"'s keys' "$(fm-process -f csv --schema fmwork embed.log |
    head -n 1)" "timestamp,metadata_id,engine,model,precision,input,output,$(:
    )batch,tp,opts,warmup,setup,ttft,itl,thp"
fm-process -f jsonl embed.log gen.log two.log spyre.log >"$T/one"
fm-process -j 3 -f jsonl embed.log gen.log two.log spyre.log >"$T/three"
same '--jobs keeps the order' "$T/three" "$T/one"
fm-process embed.log bad.log two.log >"$T/one" 2>/dev/null
fm-process --jobs 2 embed.log bad.log two.log >"$T/three" 2>/dev/null
same '... and the list' "$T/three" "$T/one"
fm-process -f sql embed.log two.log >"$T/one"
fm-process -j 2 -f sql embed.log two.log >"$T/three"
same '... and the table' "$T/three" "$T/one"
is 'nothing is a list' "$(fm-process /dev/null)" '[]'
fm-process --output "$T/file" embed.log
is '-o' "$(grep -c '"timestamp"' "$T/file")" 1
printf 'site: lab\nrack: 7\n' >"$T/own.yaml"
is '--metadata' "$(get site --metadata "$T/own.yaml" embed.log) $(get rack \
    --metadata "$T/own.yaml" embed.log)" '"lab" 7'
is '... is a column' "$(fm-process -f csv --metadata "$T/own.yaml" embed.log |
    sed 's/.*,\([^,]*,[^,]*\)$/\1/' | tr '\n' ' ')" 'site,rack lab,7 '
echo '{"site": "lab", "rack": {"row": 7}}' >"$T/own.json"
is '... of all schemas' "$(get site --schema fmwork --metadata "$T/own.yaml" \
    embed.log) $(get site --schema qaic --metadata "$T/own.yaml" embed.log)" \
    '"lab" "lab"'
is "... and --metadata_id auto" \
    "$(get metadata_id --schema fmwork --metadata_id auto ours.log)" \
    "$(get sys_id ours.log | cut -d ' ' -f 1)"
is '... of JSON, too' "$(get rack.row --metadata "$T/own.json" embed.log)" 7
echo 'model: x' >"$T/own.yaml"
run 2 fm-process --metadata "$T/own.yaml" embed.log
like 'a field that records have' "$T/err" "'model' is a key that records have"
echo 'a"b: x' >"$T/own.yaml"
run 2 fm-process --metadata "$T/own.yaml" embed.log
like 'a field with a quote' "$T/err" 'must be of letters, digits'
echo '[]' >"$T/own.yaml"
run 2 fm-process --metadata "$T/own.yaml" embed.log
like 'no mapping' "$T/err" 'must be a mapping'
run 2 fm-process --drop half embed.log
like 'a bad rule' "$T/err" "'--drop' must be fmwork, mser, none"
run 2 fm-process --format xml embed.log

# --- qaic
is 'qaic: eleven names' "$(fm-process -f jsonl --schema qaic embed.log |
    sed 's/"\([A-Za-z0-9_]*\)":[^,}]*/\1/g')" \
    "{num_of_inferences,min_latency,max_latency,P25,P50,P75,P90,P99,P999,$(:
    )total_inference_time,avg_latency}"
is 'qaic: the first is left out' "$(get num_of_inferences --schema qaic \
    embed.log) $(get num_of_inferences --schema qaic --drop none embed.log)" \
    '9 10'
is 'qaic: nearest rank' "$(get P90 --schema qaic embed.log)" 0.004004
fm-process --format qaic embed.log >"$T/out"
like 'qaic: text' "$T/out" \
    '^P99 / 99% of inferences observed latency less than 0.004004 s$'
is 'qaic: eleven lines' "$(wc -l <"$T/out" | tr -d ' ')" 11

# --- profiles
is 'profile' "$(fm-process -f csv --profile profile.json)" \
'kind,name,op,provider,count,total_us,mean_us,share
operator,MatMul,MatMul,CPUExecutionProvider,2,45,22.5,0.9
operator,Relu,Relu,CPUExecutionProvider,1,5,5.0,0.1
node,a,MatMul,CPUExecutionProvider,1,30,30.0,0.6
node,c,MatMul,CPUExecutionProvider,1,15,15.0,0.3
node,b,Relu,CPUExecutionProvider,1,5,5.0,0.1'
is 'a profile without its end' \
    "$(fm-process -f csv --profile profile-torn.json | wc -l | tr -d ' ')" 5
run 3 fm-process --profile embed.log -o "$T/none"
is 'an error leaves no file' "$(find "$T" -name 'none*')" ''
like 'no profile' "$T/err" 'not a profile'
echo '[]' >"$T/empty.json"
run 3 fm-process --profile "$T/empty.json"
like 'an empty profile' "$T/err" 'no event of a node'
run 2 fm-process --profile profile.json --format qaic

# --- memory: of the largest point, not of the log
peak() { "$B/bench/peak" fm-process -f jsonl "$1" 3>&1 >"$T/out" | cut -d' ' -f3; }
if sanitized || [ -n "$FM_TEST_BIN" ] || [ ! -x "$B/bench/peak" ]; then
	skip '100,000 results' 'this build or run takes more memory'
	skip 'twenty times the log' 'this build or run takes more memory'
else
	awk 'BEGIN { for (i = 0; i < 20; i++) print "FMWORK ARG --o" i " value"
	    for (i = 0; i < 100000; i++)
		printf "FMWORK RES %d.0 %d.1 m C 128 1 4.000 250.0\n", i, i }' \
	    >"$T/res.log"
	ok '100,000 results in less than 20 MB' \
	    [ "$(peak "$T/res.log")" -lt 20000 ]
	is '... all of them' "$(wc -l <"$T/out" | tr -d ' ')" 100000
	for points in 20 400; do
		awk -v how=embed -v reps=100 -v points=$points -v us=4000 \
		    -f reps.awk >"$T/$points.log"
	done
	less=$(peak "$T/20.log")
	ok 'twenty times the log in the same memory' \
	    [ "$(peak "$T/400.log")" -lt $((less + 1500)) ]
fi

# --- a driver that is still running
mkfifo "$T/fifo"
fm-process -f jsonl "$T/fifo" >"$T/live" &
{
	cat embed.log
	echo 'FMWORK KEY next'
	i=0
	while [ ! -s "$T/live" ] && [ $i -lt 100 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	cp "$T/live" "$T/seen"
} >"$T/fifo"
wait
is 'records come as soon as they are known' "$(wc -l <"$T/seen" | tr -d ' ')" 1

# --- one log after another, of drivers without ARG lines
title() { printf '\n%080d\n%s\n%080d\n\n' 0 "$1" 0 | tr 0 -; }
# classic MODEL MULTIPLE: a log with one point
classic() {
	title PARAMS
	echo "model_path       = $1"
	[ "$2" = 1 ] || echo "batch_size_times = $2"
	title LLM
	echo 'FMWORK SETUP 1.500000'
	title 'RUN 64 / 1 / 1 / 1'
	echo 'FMWORK REP   1 /   2 : 100.000000000 100.020000000 0.020 20.0 50.0'
	echo 'FMWORK REP   2 /   2 : 101.000000000 101.020000000 0.020 20.0 50.0'
	echo
	echo "FMWORK RES 20250621-014836.577621 64 1 $2 1 $3 50.0"
}
{ classic /m/one 10 '0.002000 2.0'; classic /m/two 1 '0.020000 20.0'; } \
    >"$T/cat.log"
is 'two logs: models' "$(get model "$T/cat.log")" '"/m/one" "/m/two"'
is 'two logs: corrections' "$(get thp "$T/cat.log") $(get batch "$T/cat.log")" \
    '5.0 50.0 1 1'
is 'two logs: runs' "$(get run_id "$T/cat.log" | tr ' ' '\n' | sort -u |
    wc -l | tr -d ' ')" 2
{ classic /m/one 1 '0.020000 20.0' | sed '/SETUP/,$d'; echo 'CUDA out of memory'
    classic /m/two 1 '0.020000 20.0'; } >"$T/cat.log"
is 'one died at once' "$(get model "$T/cat.log") $(get status "$T/cat.log")" \
    '"/m/one" "/m/two" "ERR_OOM" "OK"'
{ echo 'FMWORK EXP A=1'; title ARGS; echo 'FMWORK ARG --model_name died'
    title RUNTIME; echo 'CUDA out of memory'
    echo 'FMWORK EXP A=2'; title ARGS; cat embed.log; } >"$T/cat.log"
is 'one with arguments died at once' \
    "$(get opts "$T/cat.log") $(get status "$T/cat.log")" \
    '["--env A=1","--model_name died"] ["--env A=2","--model_name acme/model","--reps 10"] "ERR_OOM" "OK"'
mkdir "$T/folder"
echo 'CUDA out of memory' >"$T/folder/driver.log"
is 'a folder whose driver said nothing' "$(get status "$T/folder")" '"ERR_OOM"'

# --- the end
sh -c 'fm-process embed.log >/dev/full' 2>"$T/err"
is 'a full disk' "$?" 3
is 'a reader that goes away' "$(fm-process -f jsonl embed.log two.log |
    head -c 1)" '{'

# --- fmwork's script, in small (62-process-golden.t has the rest)
run 0 fm-process --schema fmwork --metadata_id 42 --path embed.log
is 'fmwork: keys' "$(grep -c '^        "' "$T/out")" 15
like 'fmwork: floats' "$T/out" '"itl": 4.002,'
sed 's/4.002 499.8/4.000 nan/' embed.log >"$T/nan.log"
run 0 fm-process --schema fmwork "$T/nan.log"
like 'fmwork: 4.000 is 4.0' "$T/out" '"itl": 4.0,'
like 'fmwork: NaN' "$T/out" '"thp": NaN$'
run 1 fm-process --schema fmwork bad.log
like 'fmwork: a bad line is named' "$T/err" 'bad.log:18: cannot read'
mkdir -p "$T/alone/bin" && cp "$B/bin/fm-process" "$T/alone/bin"
run 3 "$T/alone/bin/fm-process" --schema fmwork embed.log
is 'fmwork: no statuses without the table of errors' "$(cat "$T/out")" '[]'
printf 'FMWORK ARG --output_sizes 1,8\nCUDA out of memory\n' >"$T/died.log"
is 'fmwork: a failure of infer/vllm without a result' \
    "$(fm-process --schema fmwork "$T/died.log" | grep -c ERR_UNKNOWN)" 1
is 'fmwork: --compat infer of another log is a failure' \
    "$(fm-process --schema fmwork --compat infer embed.log | grep -c ERR_UNKNOWN)" 1
cases process
finish
