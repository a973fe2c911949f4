#!/bin/sh
# fm-report on made-up records (tests/data/report/make.py): tables, verdicts,
# exports, hostile text, records that cannot be read.
. "$(dirname "$0")/lib.sh"
d=$top/tests/data/report

# --- tables ---
run 0 fm-report table "$d/one.jsonl"
cat >"$T/want" <<'X'
granite-embedding-125m fp32 on AMD EPYC (cpu), 2026-11-18

input  batch  latency ms  95% interval ms  throughput /s  status
  128      1        3.00       2.97..3.02            334  OK
  128      8        9.92      9.83..10.00            807  OK
  128     64       58.26     57.76..58.75           1099  OK
  512      1        6.64       6.59..6.70            150  OK
  512      8       29.22     28.97..29.47            274  OK
  512     64                                              ERR_oom
X
same 'one row a point, what is the same said once' "$T/out" "$T/want"
run 0 fm-report table "$d/base.jsonl"
like 'several runs are one row, with an interval between them' "$T/out" \
    '^ +128 +1 +2\.99 +2\.9.\.\.3\.0. +3.. +5  OK$'
run 0 fm-report table --where 'input>=512 && batch != 8' -f csv "$d/one.jsonl"
cat >"$T/want" <<'X'
model,input,output,batch,latency_ms,lo_ms,hi_ms,throughput_per_s,status
granite-embedding-125m,512,1,1,6.642671,6.586209,6.699134,150.5,OK
granite-embedding-125m,512,1,64,,,,,ERR_oom
X
same 'CSV: all digits, units in the head, failures are rows' "$T/out" "$T/want"
run 0 fm-report table --columns 'input,batch,p50' --sort '-batch,input' \
    --format tsv "$d/one.jsonl"
is 'columns and order as asked for' "$(cut -f1,2 "$T/out" | tr '\t\n' ': ')" \
    'input:batch 128:64 512:64 128:8 512:8 128:1 512:1 '
echo '{"stats":{"median":0.003,"ci95":[0.00297,0.00303]}}' >"$T/round"
run 0 fm-report table --columns latency,interval "$T/round"
is 'an interval of a round latency keeps its digits' "$(tail -n 1 "$T/out")" \
    '      3.00       2.97..3.03'
run 0 fm-report table --columns input,-latency "$d/one.jsonl"
is 'a field that no record has is empty' "$(tail -n 1 "$T/out")" '  512'
run 0 fm-report html --columns input,p99,n --sort -n "$d/one.jsonl"
like 'columns of the page' "$T/out" \
    '<tr><td class="n">128</td><td class="n"></td><td class="n">100</td></tr>'
run 0 fm-report table --rows input --cols batch --columns throughput "$d/one.jsonl"
cat >"$T/want" <<'X'
throughput in /s: granite-embedding-125m fp32 on AMD EPYC (cpu), 2026-11-18

input  batch 1  batch 8  batch 64
  128      334      807      1099
  512      150      274
X
same 'a table in two directions' "$T/out" "$T/want"
run 0 fm-report table --rows input --cols batch --by model -f md "$d/one.jsonl"
like 'a table for each model' "$T/out" '^latency in ms: model granite'
like 'Markdown' "$T/out" '^\| 128 \| 3\.00 \| 9\.92 \| 58\.26 \|$'
run 0 fm-report table --rows input --cols batch --by model -f csv "$d/one.jsonl"
is 'but one for programs, with its units' "$(head -1 "$T/out"; wc -l <"$T/out")" \
    "$(echo 'model,input,batch 1_ms,batch 8_ms,batch 64_ms'; echo 3)"
run 0 fm-report table --rows input --cols batch -f json "$d/sim.jsonl"
is 'that says what is simulated' "$(grep -c '"simulated": "simulated"' "$T/out")" 2
run 0 fm-report table --rows input -f csv "$d/one.jsonl"
is 'a direction less' "$(head -1 "$T/out")" input,latency_ms
run 0 fm-report table --rows input /dev/null
is 'nothing, in two directions' "$(cat "$T/out")" 'no records'
run 2 fm-report table --rows input --columns model,latency "$d/one.jsonl"
like 'one field in the cells' "$T/err" \
    "^fm-report: --columns names one field with --rows or --cols, got 'model,latency'"
run 0 fm-report table --by batch "$d/one.jsonl"
like 'merged rows that hide a field are told' "$T/err" \
    'rows merge records that differ in input: their medians'
run 0 fm-report table --format json "$d/one.jsonl"
like 'JSON' "$T/out" '"batch": 64, "latency_ms": null, .*"status": "ERR_oom"}$'
run 0 fm-report table --format html "$d/one.jsonl"
like 'HTML' "$T/out" '<td class="bad">ERR_oom</td></tr>$'
run 0 fm-report table --columns 'latency' "$d/sim.jsonl"
is 'simulated numbers say so, whatever is asked for' \
    "$(grep -c simulated "$T/out")" 8
run 0 fm-report table -f csv --columns latency "$d/sim.jsonl"
is 'in CSV, too' "$(grep -c ,simulated "$T/out")" 7
run 0 fm-report table /dev/null
like 'no records are no error' "$T/out" '^no records$'
printf '[\n' >"$T/array"
sed '$!s/$/,/' "$d/one.jsonl" >>"$T/array"
echo ']' >>"$T/array"
fm-report table "$d/one.jsonl" >"$T/want"
run 0 fm-report table "$T/array"
same 'an array of records is read as lines are' "$T/out" "$T/want"
tr -d '\n' <"$T/array" >"$T/line"
run 0 fm-report table "$T/line"
same 'or an array on one line' "$T/out" "$T/want"
sed 's/,"/,\n    "/g' "$T/array" >"$T/pretty"
run 0 fm-report table "$T/pretty"
same 'or one over many lines' "$T/out" "$T/want"
fm-report table - <"$d/one.jsonl" >"$T/out"
same 'from stdin' "$T/out" "$T/want"
run 0 fm-report table -o "$T/file" "$d/one.jsonl"
same 'into a file' "$T/file" "$T/want"
mkfifo "$T/pipe"
cat "$T/pipe" >"$T/through" &
run 0 fm-report table -o "$T/pipe" "$d/one.jsonl"
ok 'a pipe is no file to be replaced' test -p "$T/pipe"
[ -p "$T/pipe" ] || kill $!
wait
same 'through it' "$T/through" "$T/want"
ln -s /dev/full "$T/device"
run 3 fm-report table -o "$T/device" "$d/one.jsonl"
like 'nor is a device' "$T/err" "cannot write '.*device': No space left"
ok 'which stays what it was' test -c "$T/device"
ln -s /proc/self/fd/1 "$T/stdout"
fm-report table -o "$T/stdout" "$d/one.jsonl" >"$T/through"
same 'stdout by a name is stdout' "$T/through" "$T/want"
ok 'that stays, too' test -h "$T/stdout"

long=$(printf '%069d' 0)2
echo "{\"model\":\"$long\",\"input\":1,\"itl\":NaN,\"thp\":Infinity}" >"$T/nan"
run 0 fm-report table --columns model,latency,throughput "$T/nan"
is 'what Python writes is read, long texts are cut for people, not their end' \
    "$(tail -n 1 "$T/out")" "$(printf '%029d...%027d2' 0 0)"
run 0 fm-report table -f csv --columns model,latency "$T/nan"
is 'but not for programs' "$(tail -n 1 "$T/out")" "$long,"

# --- records that cannot be read ---
{ head -1 "$d/one.jsonl" | cut -c1-300; cat "$d/one.jsonl"; echo noise
  echo '{"input":1,}'; head -1 "$d/one.jsonl" | cut -c1-20; } >"$T/torn"
run 1 fm-report table "$T/torn"
same 'a bad line costs that line' "$T/out" "$T/want"
cat >"$T/want" <<X
fm-report: $T/torn:1: a record is cut off: skipped
fm-report: $T/torn:8: not a record: skipped
fm-report: $T/torn:9: string or '}' expected near '}': skipped
fm-report: $T/torn:10: a record is cut off: skipped
X
same 'each is told' "$T/err" "$T/want"
run 3 fm-report table --strict "$T/torn"
like 'or ends it all' "$T/err" 'torn:1: a record is cut off$'
run 3 fm-report table "$T/nowhere"
like 'a file that is not there' "$T/err" "cannot open '.*nowhere'"
run 2 fm-report table --where 'input >' "$d/one.jsonl"
like 'a condition that is none' "$T/err" "^fm-report: --where: 'input >': a value"
run 2 fm-report nonsense
like 'a command that is none' "$T/err" "'nonsense' is no command"
run 2 fm-report
if [ -e /dev/full ]; then
	fm-report table "$d/one.jsonl" >/dev/full 2>"$T/err"
	is 'a full disk' $? 3
fi

fm-report table "$d/one.jsonl" >&- 2>"$T/err"
is 'a stdout that is closed is no place to write to' $? 3

# --- verdicts ---
verdicts() { awk '/^ *[0-9]/ { print $1 "x" $2, $9 == "" ? $NF : $9 }' "$T/out"; }
run 1 fm-report diff "$d/base.jsonl" "$d/slow.jsonl"
like 'the point that is slower' "$T/out" \
    '^ +512 +8 +29\.16 +31\.49 +1\.083  1\.071\.\.1\.101  <\.001   5:5  regressed$'
like 'and no other one' "$T/out" '^5 ok, 1 regressed; geometric'
like 'the status is explained' "$T/out" 'status 1: regression'
run 0 fm-report diff --threshold 12% "$d/base.jsonl" "$d/slow.jsonl"
run 0 fm-report diff "$d/base.jsonl" "$d/base.jsonl"
run 1 fm-report diff --alpha 0.01 "$d/base.jsonl" "$d/slow.jsonl"
run 0 fm-report diff --where 'input==128' "$d/base.jsonl" "$d/slow.jsonl"
run 0 fm-report diff --metric throughput "$d/slow.jsonl" "$d/base.jsonl"
like 'more throughput is better' "$T/out" 'faster'
run 1 fm-report diff --metric throughput "$d/base.jsonl" "$d/slow.jsonl"
run 5 fm-report diff "$d/base.jsonl" /dev/null --where 'batch>100'
like 'nothing to compare' "$T/out" 'nothing to compare'
run 6 fm-report diff "$d/base.jsonl" /dev/null
is 'missing points' "$(grep -c ' missing$' "$T/out")" 6
run 1 fm-report diff "$d/base.jsonl" "$d/one.jsonl"
like 'a point that fails now is a regression' "$T/out" ' 512 +64 .* 5:0  failed'
head -6 "$d/base.jsonl" >"$T/base1"
head -6 "$d/slow.jsonl" >"$T/slow1"
run 5 fm-report diff "$T/base1" "$T/slow1"
like 'one run a side is suspect at most, and told what is missing' \
    "$T/out" '512 +8 .* 1:1  suspect +3$'
sed 's/"run_id":"/&h/' "$d/base.jsonl" >"$T/history"
run 1 fm-report diff --threshold 1 --history "$T/history" "$T/base1" "$T/slow1"
like 'a history gives the noise' "$T/out" '512 +8 .* 1:1  regressed'
sed 's/node7/node8/' "$T/history" >"$T/elsewhere"
run 5 fm-report diff --threshold 1 --history "$T/elsewhere" "$T/base1" "$T/slow1"
like 'that of another machine does not' "$T/out" '512 +8 .* 1:1  suspect'
run 3 fm-report diff "$d/base.jsonl" "$T/torn"
like 'records that cannot be read come first' "$T/out" 'status 3:'
sed 's/"platform":"cpu"/"platform":"cuda"/' "$d/base.jsonl" >"$T/cuda"
run 6 fm-report diff "$d/base.jsonl" "$T/cuda"
like 'why nothing matches' "$T/err" \
    "platform is 'cpu' in the base and 'cuda' in the new records"
run 0 fm-report diff --match model,input,batch "$d/base.jsonl" "$T/cuda"
run 1 fm-report diff -f json "$d/base.jsonl" "$d/slow.jsonl"
like 'all p values for programs' "$T/out" \
    '"ratio": 1\.08.*"p_bh": .*"p_holm": .*"verdict": "regressed"'
run 2 fm-report diff "$d/base.jsonl"
like 'two files' "$T/err" 'diff wants two files, BASE and NEW, got 1'
run 2 fm-report diff --threshold x "$d/base.jsonl" "$d/base.jsonl"
like 'a threshold' "$T/err" "threshold must be a percentage .* got 'x'"
run 2 fm-report diff --alpha 2 "$d/base.jsonl" "$d/base.jsonl"
like 'an alpha' "$T/err" 'alpha must be between 0 and 1'
run 2 fm-report diff --metric n "$d/base.jsonl" "$d/base.jsonl"
like 'a metric without a better' "$T/err" "neither more nor less of 'n' is better"

echo '{"model":"m","input":1,"status":"OK","stats":{"median":0.1,"p99":0.2}}' >"$T/p99"
echo '{"model":"m","input":1,"status":"OK","stats":{"median":0.1,"p99":null}}' >"$T/no99"
run 6 fm-report diff --metric p99 "$T/p99" "$T/no99"
like 'a metric that a good point lacks is no failure' "$T/out" '^1 missing; status 6'
run 5 fm-report diff --metric p99 "$T/no99" "$T/no99"
like 'nor on both sides, and a field that does not exist' "$T/err" \
    "1 of 1 points have no 'p99' on either side: they are left out"

# --- exports ---
run 0 fm-report prom "$d/one.jsonl"
like 'Prometheus: a point' "$T/out" \
    '^fm_latency_seconds\{model="granite-embedding-125m",input="128",.*\} 0\.0029'
like 'Prometheus: a failed one' "$T/out" '^fm_point_ok\{.*input="512",.*batch="64".*\} 0$'
if command -v promtool >/dev/null; then
	promtool check metrics <"$T/out" >"$T/said" 2>&1
	is 'promtool accepts it' $? 0
else
	skip 'promtool accepts it' 'no promtool'
fi
{ head -1 "$d/one.jsonl"; head -1 "$d/one.jsonl" | sed 's/"simulated":false,//'
  head -1 "$d/one.jsonl" | sed 's/"metadata_id":null/"metadata_id":""/'
  head -1 "$d/one.jsonl" | sed 's/granite/a\\tb/'
  head -1 "$d/one.jsonl" | sed 's/granite/a b/'; } >"$T/same"
for k in prom junit github; do
	run 0 fm-report $k "$T/same"
	is "$k: no name twice" "$(grep -cE '^fm_latency_s|testcase|"name"' "$T/out")$(sed 's/ [0-9.]*$//' "$T/out" | sort | uniq -d)" 2
done
run 0 fm-report benchstat "$d/base.jsonl"
is 'benchstat: a line for each record' \
    "$(grep -cE '^BenchmarkInference(/[a-z]+=[^ /]+)+ 100 [0-9.]+ ns/op [0-9.]+ seq/s$' "$T/out")" 30
run 0 fm-report junit "$d/one.jsonl"
like 'JUnit: the suite' "$T/out" 'tests="6" failures="1"'
like 'JUnit: the failure' "$T/out" '<failure message="ERR_oom">cannot allocate'
run 1 fm-report junit --base "$d/base.jsonl" "$d/slow.jsonl"
like 'JUnit: a regression' "$T/out" '<failure message="regressed">ratio 1\.083'
run 2 fm-report junit --base "$d/base.jsonl"
like 'JUnit: one file' "$T/err" 'junit --base wants one file of new records, got 0'
run 0 fm-report github "$d/one.jsonl"
like 'github-action-benchmark' "$T/out" \
    '"name": "granite-embedding-125m, input 128, batch 1", "unit": "ms", "value": 2\.99.*"range": "2\.97'

sed "s/granite/$(printf 'a\302\240b\343\200\200c\342\200\202d')/" "$d/base.jsonl" >"$T/wide"
run 0 fm-report benchstat "$T/wide"
like 'benchstat: wide blanks do not end a name' "$T/out" \
    '^BenchmarkInference/model=a_b_c_d-embedding'
sed "s/granite/$(printf 'a\357\277\276b')/" "$d/one.jsonl" >"$T/wide"
run 0 fm-report junit "$T/wide"
is 'JUnit: characters that XML forbids are replaced' \
    "$(grep -c "$(printf 'a\357\277\275b')" "$T/out")" 6

# --- text from records is text everywhere ---
evil='`id`;system(\"x\")<b>$\\ '"'"'|\n\u001b[31m@x'
sed "s/granite-embedding-125m/$(printf %s "$evil" | sed 's/[\\&/]/\\&/g')/" \
    "$d/one.jsonl" >"$T/evil"
shown='`id`;system("x")<b>$\ '"'"'|\x0a\x1b[31m@x'
run 0 fm-report table --columns model,input "$T/evil"
ok 'text' grep -qF "$shown" "$T/out"
run 0 fm-report table --columns model -f md "$T/evil"
ok 'Markdown' grep -qF '| \`id\`;system("x")&lt;b\>\$\\ '"'"'\|  \[31m\@x |' "$T/out"
run 0 fm-report table --columns model -f html "$T/evil"
ok 'HTML' grep -qF '<td>`id`;system(&quot;x&quot;)&lt;b&gt;$\ &#39;|' "$T/out"
run 0 fm-report table --columns model -f csv "$T/evil"
ok 'CSV' grep -qF '"`id`;system(""x"")<b>$\ '"'"'|' "$T/out"
run 0 fm-report table --columns model -f json "$T/evil"
ok 'JSON' grep -qF '"`id`;system(\"x\")<b>$\\ '"'"'|\n\u001b[31m@x"' "$T/out"
run 0 fm-report prom "$T/evil"
ok 'Prometheus' grep -qF 'model="`id`;system(\"x\")<b>$\\ '"'"'|\n [31m@x"' "$T/out"
run 0 fm-report benchstat "$T/evil"
ok 'benchstat' grep -qF '/model=`id`;system("x")<b>$\_'"'"'|__[31m@x/' "$T/out"
run 0 fm-report junit "$T/evil"
ok 'JUnit' grep -qF '&lt;b&gt;' "$T/out"
printf '{"model":"=cmd()","input":1}\n' >"$T/formula"
run 0 fm-report table --columns model -f csv "$T/formula"
like 'a formula is no formula in CSV' "$T/out" "^'=cmd"
# --- colour: on a terminal, and nowhere else ---
if command -v script >/dev/null; then
	# on_tty COMMAND: what it prints when stdout is a terminal
	on_tty() { TERM=${as:-xterm} script -qec "$1" /dev/null </dev/null >"$T/out" 2>&1; }
	esc=$(printf '\033')
	on_tty "fm-report table $d/one.jsonl"
	like 'a table on a terminal has colour' "$T/out" "$esc\\[[0-9;]*m"
	on_tty "fm-report diff --alpha .05 $d/base.jsonl $d/slow.jsonl"
	like 'and a verdict' "$T/out" "$esc\\[[0-9;]*m"
	for no in 'NO_COLOR=1' 'as=dumb'; do
		(export "${no?}"; on_tty "fm-report table $d/one.jsonl")
		is "none with $no" "$(grep -c "$esc\\[[0-9;]*m" "$T/out")" 0
	done
	on_tty "fm-report table -o $T/file $d/one.jsonl"
	is 'none in a file' "$(grep -c "$esc" "$T/file")" 0
	on_tty "fm-report table --format csv $d/one.jsonl"
	is 'none in what programs read' "$(grep -c "$esc" "$T/out")" 0
	on_tty "fm-report plot reps $top/tests/data/process/embed.log"
	ok 'a plot on a terminal is text' grep -q '[▁▂▃▄▅▆▇█]' "$T/out"
else
	skip 'colour on a terminal' 'no script(1)'
fi
run 0 fm-report table "$d/one.jsonl"
is 'none in a pipe' "$(grep -c "$(printf '\033')" "$T/out")" 0
finish
