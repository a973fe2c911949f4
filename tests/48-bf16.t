#!/bin/sh
# bfloat16: models become it where the standard permits; what is measured is
# in the record; what the device cannot do is said.
. "$(dirname "$0")/lib.sh"
fm-driver --list_devices >/dev/null 2>"$T/err" ||
    skip_all "no ONNX Runtime: $(cat "$T/err")"
C=$FM_CACHE_DIR
data=$top/tests/data/ort
cp -r "$top/tests/data/model/bert/model" "$T/bert"

# build STATUS ARGUMENT...: makes it and no more
build() { want_status=$1; shift; run "$want_status" fm-driver --build_only "$@"; }
stages() { sed -n 's/^FMWORK STAGE \([a-z]*\) [0-9.]* \([a-z]*\) .*/\1 \2/p' "$T/out" | tr '\n' ' '; }
key() { readlink "$C/$1" | cut -c5-; }
# count GRAPH OPERATOR
count() {
	fm-driver --analyze_only --json "$1" 2>/dev/null | tr -d ' \n' |
	    sed -n "s/.*{\"type\":\"$2\",\"count\":\([0-9]*\).*/\1/p"
}

# npy FOLDER NAME TYPE SHAPE BYTES...: the bytes as octal escapes
npy() {
	mkdir -p "$1"
	# shellcheck disable=SC2059
	printf "\\223NUMPY\\001\\000\\166\\000%-117s\\n$5" \
	    "{'descr': '$3', 'fortran_order': False, 'shape': $4, }" >"$1/$2.npy"
}

# --- builds ---
build 0 "$T/bert" --precision bf16 --build_name b
is "conversion is a stage" "$(stages)" "import ok check ok convert ok "
like "its log" "$C/b/log_convert.txt" "^float to bf16"
is "an encoder needs no casts for it" "$(grep -c note "$C/b/log_convert.txt")" 0
build 0 "$T/bert" --precision bf16
is "it is made once" "$(stages)" "import cached check cached convert cached "
build 0 "$T/bert" --precision fp16 --build_name h
ok "fp16 is another build" test "$(key b)" != "$(key h)"
is "of the same size" "$(stat -c %s "$C/b/bf16.weights")" "$(stat -c %s "$C/h/half.weights")"
run 0 fm-driver --explain --build_name b --precision fp16 "$T/bert"
like "what differs is told" "$T/out" "'bf16' to 'fp16'"
run 0 fm-cache stats b
like "fm-cache has the precision" "$T/out" '^  precision: bf16'
run 0 fm-cache print b
like "and what it was converted to" "$T/out" '^        to: bf16'
run 0 fm-cache why b h
like "and why" "$T/out" "to of stage 'convert' changed from 'bf16' to 'fp16'"
build 0 "$data/table.onnx" --precision bf16 --optimize all --build_name o
is "optimised before, when it still can be" "$(stages)" "import ok check ok optimize ok convert ok "

# --- what runs ---
run 0 fm-driver "$data/table.onnx" --precision bf16 --dim n=2 --reps 2 --build_name t
like "the outputs are bfloat16" "$T/out" '^    y: bfloat16\[n, 8\]'
like "what was measured is in the record" "$T/out" '"precision":"bf16","weight_type":"bfloat16","parameters":8,"weight_bytes":16,'
like "and in the results" "$C/results/$(key t).jsonl" '"precision":"bf16"'
npy "$T/case" ids '<i8' '(2,)' '\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
run 0 fm-driver "$data/table.onnx" --infer "$T/case" --precision bf16 --out "$T/got"
is "ties to even; the largest stays finite, infinity infinite" \
    "$(tail -c 32 "$T/got/y.npy" | od -An -v -tx2 | tr -s ' \n' ' ')" \
    ' 7f7f ff7f 0002 ff80 7f7f ff7f 0002 ff80 3f80 3f80 3f82 3f81 3f80 3f80 3f82 3f81 '
run 0 fm-driver "$data/conv.onnx" --precision bf16 --dim batch=3 --reps 2 --build_name c
like "float inputs are bfloat16" "$T/out" '^    x: bfloat16\[batch, 1, 4, 4\]'
like "weights, too" "$T/out" '"precision":"bf16","weight_type":"bfloat16","parameters":20,"weight_bytes":40,'
like "what the opset does not permit is told" "$C/c/log_convert.txt" \
    '^note: 1 Conv with casts to single precision, bfloat16 of it needs opset 22'
is "with casts around it" "$(count "$C/c/bf16.onnx" Cast)" 6
like "the reader of the run is told, too" "$T/out" '^note: 1 MaxPool with casts to single precision'
run 0 fm-driver "$data/conv.onnx" --precision bf16 --dim batch=3 --reps 2 --build_name c
like "and again" "$T/out" '^note: 1 MaxPool with casts to single precision'

one='\000\000\200\077'
four=$one$one$one$one
npy "$T/ones" x '<f4' '(1, 1, 4, 4)' "$four$four$four$four"
# The sums of the weights and the biases, 4.5 + 0.5 and 14.625 - 0.25.
npy "$T/sums" y '<f4' '(1, 2)' '\000\000\240\100\000\000\146\101'
for p in model bf16 fp16; do
	run 0 fm-driver "$data/conv.onnx" --infer "$T/ones" --expect "$T/sums" --precision $p
	like "$p: data of the model as it was" "$T/out" "^y: equal, max abs 0,"
done
run 2 fm-driver "$C/c/bf16.onnx" --infer "$T/ones" --out "$T/none"
like "not so when nobody has converted it" "$T/err" "x.npy is float\[1,1,4,4\], the model wants bfloat16\[batch,1,4,4\]"
run 0 fm-driver "$data/conv.onnx" --inputs "$T/ones" --reps 1 --precision bf16

# --- what does not ---
run 2 fm-driver "$data/linear.onnx" --precision bf16 --dim batch=2 --reps 2 --build_name l
is "it is built" "$(stages)" "import ok check ok convert ok "
like "what the runtime lacks is said, and what may help" "$T/out" \
    "^FMWORK ERR nomodel .*ONNX Runtime: .*implementation for [A-Za-z]+\([0-9]+\) node .*; it lacks this operator for these types on this device: another --precision or --ort:provider may do"
run 2 fm-driver "$data/linear.onnx" --precision bf16 --dim batch=2 --reps 2
is "and not built again" "$(stages)" "import cached check cached convert cached "
cat >"$T/late.yaml" <<'Y'
sequence:
  - import
  - convert: {to: bf16}
  - optimize: {level: all}
Y
build 2 "$data/linear.onnx" --sequence "$T/late.yaml"
like "optimised too late" "$T/err" "stage optimize: .*lacks this operator for these types"
build 2 "$data/old.onnx" --precision bf16
like "too old an opset" "$T/err" \
    "stage convert: its operators are those of opset 11, and bfloat16 begins with 13: export the model with opset 13 or newer"
build 0 "$data/old.onnx" --precision fp16
build 2 "$data/branch.onnx" --precision bf16
like "a body that gives it" "$T/err" \
    "stage convert: operator 'If' cannot hold bfloat16 in opset 13: export the model with opset 16 or newer"
build 2 "$C/b/bf16.onnx" --precision fp16
like "nothing to convert" "$T/err" "nothing in it is float that could be converted; its weights are bfloat16"
build 0 "$C/b/bf16.onnx" --precision bf16
build 2 "$T/bert" --precision int8
like "int8 is clearly not there" "$T/err" "precision int8: this conversion is not available; fp16 and bf16 are"

# --- the simulated device ---
sim() { run 0 fm-driver --platform sim:H100 --reps 1 "$@"; }
# need: bytes that it holds
need() { sed -n 's/.*"need_gb":\([0-9.e-]*\).*/\1/p' "$T/out" | awk '{ printf "%.0f", $1 * 1e9 }'; }
sim "$data/linear.onnx" --precision fp32
single=$(need)
sim "$data/linear.onnx" --precision bf16
like "it is told the type" "$T/out" '"data_type":"bfloat16"'
is "of half the bytes" "$(($(need) * 2))" "$single"
two=$(need)
sim "$C/l/bf16.onnx"
is "as many for the graph that was made" "$(need)" "$two"
sim "$data/linear.onnx" --precision fp16 --sim:data_type float32
is "its own option decides" "$(need)" "$single"

# --- the table ---
"${FM_PYTHON:-python3}" "$top/tests/data/model/bf16.py" "$top/lib/model/convert_ops.c" >"$T/out" 2>&1
case $? in
0) pass "what is permitted is what the schemas say" ;;
1) if grep -q ModuleNotFound "$T/out"; then
	skip "what is permitted" "no Python package onnx"
else
	fail "what is permitted is what the schemas say"; note <"$T/out"
fi ;;
*) skip "what is permitted" "$(tail -1 "$T/out")" ;;
esac
finish
