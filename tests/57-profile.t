#!/bin/sh
# --profile: where the time of a repetition goes. Measured by ONNX Runtime and
# PyTorch, and simulated, it is one table with the same rows.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
models=tests/data/model
ort=$B/libexec/fm/fm-backend-ort

profile() { fm-driver "$@" --input_sizes 8 --batch_sizes 2 --profile; }
# rows FILE: path and phase of every row; nothing is dropped out in a dropout
rows() { awk -F'\t' '/^[0-9]/ && $7 != "Dropout" { print $8, $4 }' "$1" | sort -u; }
ids() { awk -F'\t' '/^[0-9]/ { print $1, $8 }' "$1" | sort; }

# --- simulated ---
run 0 profile --platform sim:H100 --model_name $models/bert/model
cp "$T/out" "$T/sim"
is 'what it is' "$(head -n 1 "$T/out")" '# 8 tokens, 0 more, batch 2, simulated'
is 'columns' "$(sed -n 2p "$T/out")" \
    'id	start_ms	ms	phase	pass	kind	type	path	in	out	source'
is 'every row says so' "$(grep '^[0-9]' "$T/out" | grep -vc '	simulated$')" 0
like 'a layer' "$T/out" \
    '^6	0\.[0-9]{6}	0\.[0-9]{6}	prefill	1	layer	Linear	encoder\.layer\.0\.attention\.self\.query	2x8x32	2x8x32	simulated$'
like 'a function' "$T/out" \
    '	function	scaled_dot_product_attention	encoder\.layer\.0\.attention\.self	2x4x8x8	2x4x8x8	simulated$'
profile --platform sim:PIM_AI_1chip --model_name $models/bert/model >"$T/a" 2>&1
fm-driver --platform sim:PIM_AI_1chip --model_name $models/bert/model \
    --input_sizes 8 --batch_sizes 2 --reps 1 --sim:layers 1 >"$T/b"
awk -F'\t' '/^[0-9]/ { print $3 * 1e6 }' "$T/a" >"$T/ns"
awk -F'\t' '$2 == "sum" { print $9 }' "$T/b" | paste "$T/ns" - |
    awk '$1 - $2 < 0.6 && $2 - $1 < 0.6 { n++ } END { print n "/" NR }' >"$T/same"
is 'the rows are those of --sim:layers' "$(cat "$T/same")" 32/32
run 0 fm-driver --platform sim:H100 --model_name examples/models/Llama-2-7B \
    --input_sizes 64 --output_sizes 3 --profile --sim:report upmem
is 'a decoder has its phases' \
    "$(awk -F'\t' '$8 == "lm_head" { print $4, $5, $9 }' "$T/out" | tr '\n' ';')" \
    'prefill 1 1x1x4096;decode 2 1x1x4096;decode 3 1x1x4096;'
is 'numbers go on' "$(awk -F'\t' '/^[0-9]/ && $1 != n++' "$T/out" | wc -l)" 0
like 'with the report of UPMEM' "$T/out" '^Generated tokens: 2 in '
run 0 fm-driver --platform sim:H100 --model_name examples/models/Llama-2-7B \
    --input_sizes 8 --profile --sim:compat upmem
like "in UPMEM's manner" "$T/out" \
    '	layer	Linear	model\.layers\.31\.mlp\.down_proj	1x8x11008	1x8x4096	simulated$'
run 2 fm-driver --platform sim:H100 --model_name $models/bert/model \
    --output_sizes 2 --profile
like 'nothing is generated' "$T/err" "generates nothing"
run 1 fm-driver --platform sim:H100_SXM --model_name $models/bert/model --batch_sizes 1000000000,1 --input_sizes 8 --profile
like 'a point that does not fit' "$T/err" '^fm-driver: 8 x 1000000000: H100_SXM: [0-9.]* GB of .* are needed, the device has 80\.00 GB$'
like 'costs that point' "$T/out" '^0	0\.000000	.*	1x8	1x8x[0-9]*	simulated$'

# --- measured by ONNX Runtime ---
if ! fm-driver --list_devices --platform cpu >/dev/null 2>&1; then
	skip 'the rest' 'no ONNX Runtime here'; finish
fi
run 2 fm-driver $models/bert/model --ort:save_profile "$T/ort.json" --reps 1
like 'a profile that nobody asked for' "$T/err" \
    '^fm-driver: --ort:save_profile belongs to --profile$'
run 0 profile $models/bert/model --ort:save_profile "$T/ort.json"
cp "$T/out" "$T/ort"
is 'what was measured is not called simulated' "$(grep -c simulated "$T/out")" 0
rows "$T/sim" >"$T/sim.rows"; rows "$T/ort" >"$T/ort.rows"
ok 'there are rows' test "$(wc -l <"$T/sim.rows")" -gt 25
same 'measured and simulated tables have the same rows' "$T/ort.rows" "$T/sim.rows"
ids "$T/sim" >"$T/sim.ids"; ids "$T/ort" >"$T/ort.ids"
same 'with the same numbers' "$T/ort.ids" "$T/sim.ids"
like 'a kernel with what went in and out' "$T/out" \
    '	layer	Gemm	encoder\.layer\.1\.intermediate\.dense	16x32 [0-9x ]*	16x48	measured$'
like 'what is done together has its time there' "$T/out" \
    '^11	[0-9.]+	=12	prefill	1	function	add	encoder\.layer\.0\.attention\.output	'
is 'in the order of time' "$(awk -F'\t' '/^[0-9]/ { if ($2 < t) print; t = $2 }' "$T/out")" ''
like 'and what is left' "$T/out" \
    '^# the call [0-9.]+ ms, these rows [0-9.]+ ms, [0-9]+ other nodes [0-9.]+ ms: .*Reshape'
awk -F'\t' '/^[0-9]/ && $3 !~ /=/ { s += $3 }
    /^# the call/ { split($0, w, " "); exit !(s > 0 && s <= w[4] + 0.1) }' "$T/out"
is 'the rows take no longer than the call' $? 0
fm-process --profile "$T/ort.json" --format jsonl >"$T/sums" 2>"$T/err"
like "the runtime's own file is what fm-process sums up" "$T/sums" \
    '"name": *"Gemm"'
like 'by node' "$T/sums" '"name": *"/encoder/layer\.1/output/dense/Gemm"'
for m in roberta xlm-roberta distilbert mpnet; do
	profile $models/$m/model >"$T/a" 2>"$T/err"
	profile --platform sim:H100 --model_name $models/$m/model >"$T/b" 2>"$T/err"
	rows "$T/a" >"$T/a.rows"; rows "$T/b" >"$T/b.rows"
	same "the same rows: $m" "$T/a.rows" "$T/b.rows"
done
run 0 profile $models/bert/model --ort:graph_optimization_level disable
rows "$T/out" >"$T/rows"
same 'the rows do not depend on what the runtime rewrites' "$T/rows" "$T/sim.rows"
run 0 fm-driver tests/data/ort/linear.onnx --profile
like 'a graph of no module' "$T/out" '	measured$'
run 0 fm-driver tests/data/ort/outer.onnx --dim n=4 --profile
like 'a node without a name' "$T/out" \
    '^0	[0-9.]+	[0-9.]+	prefill	1	function	MatMul	product	4x1 1x4	4x4	measured$'
run 0 fm-driver tests/data/ort/sequence.onnx --dim n=4 --profile
like 'a node that no list knows' "$T/out" '	function	SequenceConstruct	'
# ask LINE...: the backend itself
ask() { printf '%s\n' "$@" | "$ort" >"$T/out" 2>"$T/err"; }
open="{\"op\":\"open\",\"model\":{\"kind\":\"onnx\",\"path\":\"$top/tests/data/ort/linear.onnx\"},\"options\":{\"save_profile\":\"/nowhere/x\"},\"inputs\":[{\"name\":\"x\",\"type\":\"float\",\"shape\":[\"batch\",3]}]}"
ask '{"op":"hello","protocol":1}'
like 'it can' "$T/out" '^FMWORK CAP profile$'
ask '{"op":"profile"}'
like 'of what?' "$T/out" '^FMWORK ERR usage .*no model is open'
ask "$open" '{"op":"profile","dims":{"batch":2}}' '{"op":"run","dims":{"batch":2},"reps":2}'
like 'a file that cannot be written' "$T/out" "^FMWORK ERR io .*/nowhere/x"
is 'and the model can still be run' "$(grep -c '^FMWORK REP' "$T/out")" 2
is 'nothing is left behind' "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'fm-profile*' -newer "$T/sim" 2>/dev/null | wc -l)" 0

# --- measured by PyTorch ---
py=${FM_PYTHON:-$B/libexec/fm/torch-venv/bin/python}
[ -n "${FM_PYTHON:-}" ] || [ -x "$py" ] || py=python3
if "$py" -c 'import torch, transformers' 2>/dev/null; then
	for m in bert distilbert; do
		FM_PYTHON=$py HF_HUB_OFFLINE=1 profile --platform cpu --backend torch \
		    $models/$m/model >"$T/a" 2>"$T/err"
		profile --platform sim:H100 --model_name $models/$m/model >"$T/b" 2>"$T/err"
		rows "$T/a" >"$T/a.rows"; rows "$T/b" >"$T/b.rows"
		same "the same rows as PyTorch's modules: $m" "$T/a.rows" "$T/b.rows"
	done
	mkdir "$T/m"
	sed -n 's/^llama	.*	{/{/p' tests/data/sim/families.tsv >"$T/m/config.json"
	FM_PYTHON=$py HF_HUB_OFFLINE=1 profile --platform cpu --backend torch \
	    --load_format dummy --output_sizes 3 "$T/m" >"$T/a" 2>"$T/err"
	profile --platform sim:H100 --output_sizes 3 --model_name "$T/m" >"$T/b" 2>"$T/err"
	rows "$T/a" >"$T/a.rows"; rows "$T/b" >"$T/b.rows"
	ok 'there are both phases' grep -q '^lm_head decode$' "$T/b.rows"
	same 'and those of a decoder' "$T/a.rows" "$T/b.rows"
else
	skip "PyTorch's rows" 'no torch and transformers here'
fi
finish
