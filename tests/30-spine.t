#!/bin/sh
# A checkpoint goes in, a measured record comes out: fm-driver on ONNX Runtime
# into fm-process; and what is wrong with a model is one line.
. "$(dirname "$0")/lib.sh"
fm-driver --list_devices >/dev/null 2>"$T/err" ||
    skip_all "no ONNX Runtime: $(cat "$T/err")"
models=$top/tests/data/model
field() { python3 -c 'import json, sys
for r in json.load(open(sys.argv[1])):
    v = r
    for k in sys.argv[2].split("."): v = v[k]
    print(v)' "$T/json" "$1" | tr '\n' ' ' | sed 's/ $//'; }

# --- a sweep of a real checkpoint's form ---
run 0 fm-driver --platform cpu --model_root "$models" --model_name roberta/model \
    --model_class RobertaModel --input_sizes 4,16 --batch_sizes 1,2 --reps 20 \
    --threads 1
cp "$T/out" "$T/log"
like "the model's class, inputs and weights are in the log" "$T/log" '^RobertaModel\($'
like "effective settings are, too" "$T/log" '^FMWORK SYS .*"intra_op_num_threads":1[,}]'
like "and the runtime's version" "$T/log" '^FMWORK SYS .*"runtime":"ONNX Runtime 1\.'
like "and a hash of the model" "$T/log" '"model_hash":"[0-9a-f]{32}"'
if command -v python3 >/dev/null; then
	fm-process --metadata_id m "$T/log" >"$T/json"
	is "records: input" "$(field input)" "4 16 4 16"
	is "records: batch" "$(field batch)" "1 1 2 2"
	is "records: status" "$(field status)" "OK OK OK OK"
	is "records: engine" "$(field engine)" "fm/ort fm/ort fm/ort fm/ort"
	is "records: platform" "$(field platform)" "cpu cpu cpu cpu"
	is "records: model" "$(field model)" "roberta/model roberta/model roberta/model roberta/model"
	is "records: precision" "$(field precision)" "fp32 fp32 fp32 fp32"
	is "records: repetitions kept" "$(field stats.dropped)" "4 4 4 4"
	is "records agree with RES" "$(field itl)" \
	    "$(sed -n 's/^FMWORK RES.* \([0-9.]*\) [0-9.]*$/\1/p' "$T/log" |
	    sed 's/0*$//;s/\.$/.0/' | tr '\n' ' ' | sed 's/ $//')"
	fm-process --schema fmwork "$T/log" >"$T/json"
	is "fmwork's own record has fifteen keys" "$(python3 -c 'import json,sys
print(len(json.load(open(sys.argv[1]))[0]))' "$T/json")" 15
else
	skip "records" "no python3"
fi
run 0 fm-driver "$models/bert/model" --reps 3
like "a model is enough: its class" "$T/out" '^FMWORK RES .* BertModel '
like "and its size, not more than it has positions" "$T/out" "^RUN [0-9]+ / 1\$"

# An existing command line for a GPU, moved to the CPU by one word.
run 0 fm-driver --platform cpu --model_root "$models" --model_name bert/model \
    --model_class BertModel --compile --eval --input_sizes 8 --batch_sizes 1 \
    --reps 3 --compile:backend inductor --torch.call:set_grad_enabled@ False
like "what it ignores is said" "$T/err" "ignored by backend 'ort': --compile --eval --compile:backend --torch.call:set_grad_enabled@"

# --- weights ---
mkdir "$T/bare"; cp "$models/bert/model/config.json" "$T/bare"
run 0 fm-driver "$T/bare" --input_sizes 8 --reps 2
like "no weights: random ones, and a notice" "$T/out" "^note: no weights in .*: random weights from seed 0"
like "in SYS as well" "$T/out" '"dummy_weights":true'
run 2 fm-driver "$T/bare" --load_format safetensors
like "unless real ones are demanded" "$T/err" "has no weights"
run 0 fm-driver "$models/bert/model" --load_format dummy --seed 7 --input_sizes 8 --reps 2
like "dummy on demand" "$T/out" 'random weights from seed 7'
ok "nothing is left in the temporary folder" sh -c \
    'mkdir "$1/tmp" && TMPDIR=$1/tmp fm-driver "$1/bare" --reps 2 >/dev/null && rmdir "$1/tmp"' sh "$T"

# --- bad models: one line, exit status 2, nothing measured ---
bad() {
	text=$1; shift
	run 2 fm-driver --reps 2 "$@"
	is "  one line" "$(wc -l <"$T/err")" 1
	like "  $text" "$T/err" "$text"
	ok "  no repetition" sh -c '! grep -q "^FMWORK R" "$1"' sh "$T/out"
}
copy() { rm -rf "$T/m"; cp -r "$models/bert/model" "$T/m"; }
bad "no-such-folder" no-such-folder
mkdir "$T/empty"
bad "config.json" "$T/empty"
copy; head -c 3000 "$models/bert/model/model.safetensors" >"$T/m/model.safetensors"
bad "model.safetensors" "$T/m"
copy; printf '\377\377\377\377\377\377\377\177{' >"$T/m/model.safetensors"
bad "model.safetensors" "$T/m"
copy; echo '{"architectures": ["T5Model"], "model_type": "t5"}' >"$T/m/config.json"
bad "BertModel" "$T/m"
copy; echo '{' >"$T/m/config.json"
bad "config.json:" "$T/m"
bad "NoSuchModel" --model_class NoSuchModel "$models/bert/model"
echo "not a model" >"$T/x.onnx"
bad "x.onnx" "$T/x.onnx"
: >"$T/e.onnx"
bad "e.onnx" "$T/e.onnx"
latin=$T/$(printf 'caf\351').onnx
cp "$top/tests/data/ort/linear.onnx" "$latin"
bad "file names must be UTF-8" "$latin"
bad "positions" "$models/bert/model" --input_sizes 4,100000

if python3 -c 'import numpy' 2>/dev/null; then
	mkdir "$T/long"
	python3 -c 'import numpy, sys
for n in "input_ids", "attention_mask", "token_type_ids":
    numpy.save(sys.argv[1] + "/" + n, numpy.ones((1, 5000), numpy.int64))' "$T/long"
	bad "5000 tokens are more than the [0-9]+ positions" \
	    "$models/bert/model" --infer "$T/long" --out "$T/longout"
else
	skip "given inputs that are too long" "no numpy to make them"
fi

# --- any .onnx file ---
onnx=$top/tests/data/ort
run 2 fm-driver "$onnx/linear.onnx" --dim nosuch=3
like "an unknown dimension: those there are" "$T/err" "'nosuch' is not an open dimension of "

# --- the library ---
run 4 fm-driver "$models/bert/model" --ort:library "$T/nolib.so"
like "library absent" "$T/err" "nolib.so"
like "its row" "$T/out" '^FMWORK ERR nodevice 0 0 0 '

# --- out of memory in one point ---
if ! sanitized && (ulimit -v 1500000) 2>/dev/null; then
	(ulimit -v 1500000; exec fm-driver "$models/bert/model" --threads 1 --reps 2 \
	    --input_sizes 16,8 --batch_sizes 1,200000,2 \
	    >"$T/out" 2>"$T/err")
	is "out of memory: exit status 1" $? 1
	like "the row" "$T/out" '^FMWORK ERR oom 16 1 200000 '
	like "the sweep goes on" "$T/out" '^FMWORK RES .* 8 2 '
else
	skip "out of memory" "no limit on memory can be set"
fi

# --- for people ---
if command -v script >/dev/null; then
	script -qec "fm-driver $models/bert/model --input_sizes 8 --reps 9" /dev/null \
	    </dev/null >"$T/out" 2>&1
	like "on a terminal one line says it" "$T/out" \
	    'bert/model on .*, 8 x 1: [0-9.]+ ms \(median of 8, .*sequences/s'
else
	skip "one line on a terminal" "no script(1)"
fi
finish
