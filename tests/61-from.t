#!/bin/sh
# fm-process --from: the results of other tools as records.
. "$(dirname "$0")/lib.sh"
F=$top/tests/data/process/from
from() { want_status=$1 tool=$2; shift 2; run "$want_status" fm-process --from "$tool" -f jsonl "$@"; }
# field NAME...: these fields of all records, a record a line
field() {
	for name; do
		sed -n 's/.*"'"$name"'":\("[^"]*"\|\[[^]]*\]\|[^,}]*\)[,}].*/\1/p' "$T/out" >"$T/.f.$name"
		set -- "$@" "$T/.f.$name"; shift
	done
	paste -d' ' "$@"
}

# --- every repetition is there: our statistics ---
from 0 hyperfine "$F/hyperfine.json"
is "hyperfine: who measured" "$(field engine model batch opts)" \
    '"hyperfine" "sleep 0.001" 1 ["--mode slow"]
"hyperfine" "false" null []'
is "seconds are seconds, and none is dropped" "$(field n dropped rule median min)" \
    '3 0 "none" 0.003814191 0.001974276
3 0 "none" 0.002374711 0.002336734'
like "runs that failed are told" "$T/out" '"status":"PART_died","error_msg":"died \| \\"3 of 3 runs ended with another status than 0\\""'
from 0 hyperfine --drop 50% "$F/hyperfine.json"
is "unless they are to be" "$(field n dropped rule)" '3 1 "50%"
3 1 "50%"'
from 0 gbench "$F/gbench.json"
is "gbench: sizes from the names of arguments" "$(field model input batch host timestamp)" \
    '"BM_sum/fast" 128 8 "node7" "1795270054.000000000"
"BM_bad" null null "node7" "1795270054.000000000"'
is "repetitions, not aggregates" "$(field n median)" "3 0.000930964"
is "throughput as of ours: the batch by the latency" "$(field itl thp | head -1)" \
    "0.930964000 8593.243132924581"
like "an error is a record" "$T/out" '"status":"ERR_internal","error_msg":"internal \| \\"no device\\""'
for at in 2026-11-21T14:07:34Z 2026-11-21T09:07:34.25-05:00; do
	sed "s/\"date\": .*/\"date\": \"$at\",/" "$F/gbench.json" >"$T/at.json"
	from 0 gbench "$T/at.json"
	is "a time: $at" "$(field timestamp | head -1)" '"1795270054.000000000"'
done
for at in 2026-11-21 2026-13-21T14:07:34Z 2026-11-21T14:07:34 99-1; do
	sed "s/\"date\": .*/\"date\": \"$at\",/" "$F/gbench.json" >"$T/at.json"
	from 0 gbench "$T/at.json"
	is "no time: $at" "$(field timestamp | head -1)" null
done
from 0 gbench "$F/gbench.json"
like "what may be wrong is noted" "$T/out" '"notes":\["the processor.s clock was not fixed","the benchmark library was built for debugging","a repetition is the mean of 25 calls"\]'
for form in json jsonl; do
	want=0; [ $form = json ] || want=1
	from $want llama-bench "$F/llama-bench.$form"
	is "llama-bench as $form: prompts, and tokens" "$(field model precision input output batch device)" \
	    '"m/q.gguf" "Q4_K - Medium" 512 null 1 "RTX 9"
"m/q.gguf" "Q4_K - Medium" null 128 1 "AMD EPYC"'
	is "each repetition" "$(field n median itl)" "3 0.071000000 71.000000000
3 1.067000000 8.335937500"
done
like "a torn line costs that line" "$T/err" "llama-bench.jsonl:2: not a test of llama-bench: '.\"torn\": '"
is "one run for the file" "$(field run_id | sort -u | wc -l)" 1
from 0 trtexec "$F/trtexec.json"
is "trtexec's times" "$(field engine n median)" '"trtexec" 3 0.001040000'
from 0 trtexec --model bert --precision fp16 "$F/trtexec.json"
is "what they do not say can be" "$(field model precision)" '"bert" "fp16"'
from 0 ort-perf "$F/ort-perf.csv"
is "ort-perf's rows: a point for each run of it" "$(field model n median)" \
    '"squeezenet" 3 0.002000000
"squeezenet" 2 0.004000000'
is "which are different runs" "$(field run_id | sort -u | wc -l)" 2
cat "$F/ort-perf.txt" "$F/ort-perf.csv" >"$T/both"
from 0 ort-perf "$T/both"
is "its text and its rows in one file" "$(field n setup)" "5 0.217932
3 null
2 null"
from 0 ort-perf "$F/ort-perf.json"
is "its profile" "$(field n median)" "2 0.000145000"

# --- only aggregates: the rest is null ---
from 0 gbench "$F/gbench-aggregates.json"
is "gbench's aggregates" "$(field mean median sd n min p50 ci95 outliers steady)" \
    "0.0009598906 0.0009309639 0.0002464502 3 null null null null null"
from 0 llama-bench "$F/llama-bench.csv"
is "llama-bench as csv" "$(field output mean sd median itl)" "128 1.067000000 0.003834831 null 8.335937500"
like "quotes are quotes" "$T/out" '"device":"AMD \\"EPYC\\""'
printf '%s\n' 'build_commit,backends,model_filename,n_ubatch,tensor_split,n_prompt,n_gen,avg_ns' \
    '"12345e7","CPU","m.gguf","512","0.00","512","0","4000000000"' >"$T/hash.csv"
run 0 fm-process --from llama-bench --with_sys -f jsonl "$T/hash.csv"
like "a commit that looks like a number, and settings, are text" "$T/out" \
    '"opts":\["--n_ubatch 512","--tensor_split 0\.00"\].*"runtime":"llama.cpp 12345e7"'
from 0 trtexec "$F/trtexec.log"
is "trtexec's log" "$(field model precision input batch median p99 n thp)" \
    '"bert.onnx" "FP32+FP16" 128 8 0.002050000 0.002123050 1466 3902.816'
is "its device, and what it was asked" "$(field device opts)" \
    '"NVIDIA A100-SXM4-40GB" ["--onnx bert.onnx","--fp16","--shapes input_ids:8x128,mask:8x128"]'
from 0 trtexec "$F/trtexec-failed.log"
like "one that failed" "$T/out" '"status":"ERR_internal","error_msg":"internal \| \\"Engine could not be created from network\\""'
from 0 ort-perf "$F/ort-perf.txt"
is "ort-perf's text" "$(field n mean p50 p999 setup thp)" \
    "5 0.098961997 0.099508600 0.101519000 0.217932 10.104"

# --- beside ours ---
run 0 sh -c 'fm-process "$1/../ours.log" -f jsonl; fm-process --from gbench "$1/gbench.json" -f jsonl;
    fm-process --from llama-bench "$1/llama-bench.csv" -f jsonl' sh "$F"
cp "$T/out" "$T/all.jsonl"
run 0 fm-report table --columns engine,model,latency,throughput --format csv "$T/all.jsonl"
like "a table of both" "$T/out" '^gbench,BM_sum/fast,0.93'
like "means where there is no median" "$T/out" '^llama-bench,m/q.gguf,1067'
like "ours" "$T/out" '^fm/sim,m,10'
run 0 fm-process --from hyperfine -f qaic "$F/hyperfine.json"
like "as a qaic Session prints" "$T/out" "Number of inferences"
run 0 sh -c 'fm-process --from gbench -f csv - <"$1/gbench.json"' sh "$F"
like "from a pipe, as a table" "$T/out" "^1795270054.000000000,,gbench,BM_sum/fast,"

echo '{"context": {}, "benchmarks": [
{"name": "BM_a/1", "iterations": 5, "real_time": 100, "time_unit": "ns"},
{"name": "BM_a/2", "iterations": 5, "real_time": 200, "time_unit": "ns"},
{"name": "BM_a_BigO", "run_name": "BM_a", "run_type": "aggregate", "aggregate_name": "BigO", "time_unit": "ns"},
{"name": "BM_s", "run_name": "BM_s", "skipped": true, "skip_message": "no device", "real_time": 0}]}' >"$T/odd.json"
from 0 gbench "$T/odd.json"
is "gbench without run_name, and no record of a fit" "$(field model median)" \
    '"BM_a/1" 0.000000100
"BM_a/2" 0.000000200
"BM_s" '
like "a benchmark that was skipped" "$T/out" '"status":"ERR_skipped","error_msg":"skipped \| \\"no device\\""'

# --- what is none of theirs ---
none() { printf '%s' "$3" >"$T/x"; from 1 "$1" "$T/x"; like "$1: $2" "$T/err" "x: not .*$2"; is "one line" "$(wc -l <"$T/err")" 1; }
none hyperfine "JSON" '{"results": ['
none hyperfine "there is no list 'results'" '[]'
none gbench "there is no list 'benchmarks'" '{}'
none hyperfine "a result has no 'command'" '{"results": [1]}'
none gbench "a row has no 'name'" '{"benchmarks": [{}]}'
none llama-bench "a test has no 'avg_ns'" '[{"a": 1}]'
none llama-bench "no table" 'hello'
none llama-bench "a table for people" '| model | size |'
none trtexec "no query has a 'latencyMs'" '[{}]'
none trtexec "no line with 'Latency: min ='" 'hello'
none ort-perf "no event is a 'model_run'" '[{}]'
none ort-perf "no 'Average inference time cost:'" 'hello'
: >"$T/empty"
for tool in llama-bench trtexec hyperfine gbench ort-perf; do
	from 1 $tool "$T/empty"
	like "an empty file" "$T/err" "empty: it is empty"
	head -c 3000 /dev/urandom >"$T/junk"
	fm-process --from "$tool" "$T/junk" >/dev/null 2>"$T/err"
	is "$tool: junk is refused" "$?" 1
done
from 1 hyperfine "$T/no" "$F/hyperfine.json"
is "one file that is missing costs that file" "$(wc -l <"$T/out")" 2
from 2 jmh "$F/hyperfine.json"
like "a tool nobody knows" "$T/err" "fmwork, llama-bench, trtexec, hyperfine, gbench"
run 2 fm-process --from gbench --schema fmwork "$F/gbench.json"
like "fmwork has no such records" "$T/err" "'--from gbench' goes with neither '--profile' nor '--schema fmwork'"
[ ! -w /dev/full ] || {
	fm-process --from gbench "$F/gbench.json" >/dev/full 2>"$T/err"
	is "a full disk is status 3" $? 3
}

# --- the real tools, where they are ---
if command -v hyperfine >/dev/null; then
	hyperfine -N -r 4 -w 1 --export-json "$T/h.json" 'sleep 0.001' >/dev/null 2>&1
	from 0 hyperfine "$T/h.json"
	is "hyperfine itself" "$(field n)" 4
else
	skip "hyperfine itself" "not installed"
fi
finish
