#!/bin/sh
# Checkpoints from the hub, imported and run: their answers are those of
# transformers (tests/data/model/make.py), with padding and without.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

data=$top/tests/data/model

# infer MODEL IN WANTED: the outputs agree within 1e-4
infer() {
	fm-driver "$1" --infer "$2" --out "$T/got" --expect "$3" \
	    --atol 1e-4 --rtol 1e-30 >"$T/out" 2>"$T/err"
}

infer "$data/bert/model" "$data/bert/in" "$data/bert/out" ||
	! grep -q 'cannot find ONNX Runtime' "$T/err" ||
	skip_all "no ONNX Runtime"

for m in bert bert-bf16 bert-masked-lm distilbert mpnet roberta roberta-types \
    xlm-roberta; do
	ok "$m answers as transformers does" \
	    infer "$data/$m/model" "$data/$m/in" "$data/$m/out" ||
		note <"$T/err"
done
run 1 fm-driver "$data/bert/model" --infer "$data/bert/in" \
    --out "$T/got" --expect "$data/bert-bf16/out" --atol 1e-4
run 0 fm-driver "$data/bert/model" --model_class BertModel \
    --infer "$data/bert/in" --out "$T/got" --expect "$data/bert/out"

# A key that the class does not have decides nothing.
cp -r "$data/distilbert/model" "$T/keys"
sed -i '1s/{/{"hidden_act": "relu", "intermediate_size": 7,/' \
    "$T/keys/config.json"
ok "DistilBERT has keys of its own" infer "$T/keys" "$data/distilbert/in" \
    "$data/distilbert/out"
rm -r "$T/keys"

minilm=${FM_MINILM:-$B/models/all-MiniLM-L6-v2}
if [ -f "$minilm/model.safetensors" ]; then
	ok "a real checkpoint answers as transformers does" \
	    infer "$minilm" "$data/minilm/in" "$data/minilm/out"
else
	skip "a real checkpoint" "no ${minilm#"$top/"}: set FM_MINILM"
fi

# The hub's cache: links to files under other names.
mkdir -p "$T/hub/blobs" "$T/hub/snapshot"
for f in "$data"/xlm-roberta/model/*; do
	blob=$(basename "$f" | cksum | tr ' ' -)
	cp "$f" "$T/hub/blobs/$blob"
	ln -s "../blobs/$blob" "$T/hub/snapshot/$(basename "$f")"
done
ok "weights behind links" infer "$T/hub/snapshot" "$data/xlm-roberta/in" \
    "$data/xlm-roberta/out"
mkdir "$T/apart"
for f in "$T"/hub/snapshot/*; do
	base=$(basename "$f")
	mkdir "$T/apart/in-$base"
	cp "$f" "$T/apart/in-$base/$base"
	ln -s "in-$base/$base" "$T/apart/$base"
done
ok "weights in several folders" infer "$T/apart" "$data/xlm-roberta/in" \
    "$data/xlm-roberta/out"

# Random weights, and that the log says so.
for m in "$top"/examples/models/*/; do
	# Decoders are for the simulator.
	grep -q 'ForCausalLM' "$m/config.json" && continue
	cp -r "$m" "$T/config"
	sed -i 's/\("num_hidden_layers": \)[0-9]*/\11/' "$T/config/config.json"
	run 0 fm-driver "$T/config" -i 8 -b 2 --reps 2 --seed 5
	like "$(basename "$m"): says that weights are random" "$T/out" \
	    'no weights in .*random weights from seed 5'
	rm -r "$T/config"
done
cp -r "$data/bert/model" "$T/bare"
mv "$T/bare/model.safetensors" "$T/bare/pytorch_model.bin"
run 0 fm-driver "$T/bare" --infer "$data/bert/in" --out "$T/got"
like "--infer says so, too" "$T/err" \
    'note: no weights in .*\(pytorch_model.bin is not read\): random weights'
rm "$T/bare/pytorch_model.bin"
cp "$top/tests/data/ort/linear.onnx" "$T/bare/model.onnx"
run 0 fm-driver "$T/bare" -i 4 --reps 2
like "what is there and not read" "$T/out" \
    'note: no weights in .*\(model.onnx is not read\): random weights'

finish
