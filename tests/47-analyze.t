#!/bin/sh
# fm-driver --analyze_only: facts of models without running them, against
# sums done by hand.
. "$(dirname "$0")/lib.sh"
models=$top/tests/data/model
onnx=$top/tests/data/ort
row() { sed -n "s/^ *\([0-9]*\)  *\([0-9.?GM]*\)  *\([0-9.?GM]*\)  $1\$/\1 \2/p" "$T/out"; }

# Two layers of hidden size 32, inner size 64, 2 heads; b x s = 2 x 16:
# Gemm 2 (4 32 32 + 2 32 64) 2 b s + bias 2 (5 32 + 64) b s + pooler
run 0 fm-driver --analyze_only "$models/bert/model" -i 16 -b 2
like "its name" "$T/out" "^model\$"
like "type" "$T/out" "^  type +huggingface\$"
like "class" "$T/out" "^  class +BertModel\$"
like "where" "$T/out" "^  location +$models/bert/model\$"
like "parameters and megabytes" "$T/out" "^  parameters +20672 \(0\.1 MB, float\)\$"
like "inputs" "$T/out" "^  inputs +input_ids int64\[batch,sequence\]\$"
like "outputs" "$T/out" "^  outputs +last_hidden_state float\[batch,sequence,32\]\$"
like "opset" "$T/out" "^  opset +ai.onnx [0-9]+ com.microsoft 1\$"
like "hash" "$T/out" "^  hash +[0-9a-f]{32}\$"
like "sizes" "$T/out" "at batch 2, sequence 16\$"
h=32 i=$(python3 -c "import json;print(json.load(open('$models/bert/model/config.json'))['intermediate_size'])" 2>/dev/null || echo 64)
gemm=$((2 * (2 * (4 * h * h + 2 * h * i) * 32 + (5 * h + i) * 32) + 2 * 2 * h * h + 2 * h))
is "products" "$(row Gemm)" "13 $(echo "$gemm" | awk '{ printf "%.3fM", $1 / 1e6 }')"
run 0 fm-driver --analyze_only "$models/bert/model" -i 16 -b 2 --json
python3 - "$T/out" "$gemm" <<'P' >"$T/say" 2>&1
import json, sys
o = json.load(open(sys.argv[1]))[0]
ops = {v["type"]: v for v in o["operators"]}
assert ops["Gemm"]["flops"] == int(sys.argv[2])
heads = ops["MultiHeadAttention"]
# 2 layers: 4 b s s h and 5 b heads s s
assert heads["flops"] in [2 * (4*2*16*16*32 + 5*2*n*16*16) for n in (2, 4, 8)]
assert ops["Reshape"]["flops"] == 0
assert o["flops"] == sum(v["flops"] for v in o["operators"])
assert o["not_counted"] == [] and o["sizes"] == {"batch": 2, "sequence": 16}
assert o["parameters"] == 20672 and len(o["hash"]) == 32
P
is "JSON says the same, exactly" "$?$(cat "$T/say")" 0
hash=$(sed -n 's/.*"hash": "\([0-9a-f]*\)".*/\1/p' "$T/out")

# --- which models ---
run 0 fm-driver --analyze_only "$models/bert/model::$(echo "$hash" | cut -c1-8),ffff"
like "by the beginning of its hash" "$T/out" "^  hash +$hash"
run 2 fm-driver --analyze_only "$models/bert/model::ffff"
like "no such hash" "$T/err" "no model of '.*' has a hash that begins with 'ffff'"
run 0 fm-driver --analyze_only "$onnx/linear.onnx" "$models/roberta/model"
is "several" "$(grep -c '^  class' "$T/out")" 2
mkdir "$T/some"; cp "$onnx/linear.onnx" "$onnx/nonzero.onnx" "$T/some"; cp -r "$models/bert/model" "$T/some/bert"
echo x >"$T/some/readme"
run 0 fm-driver --analyze_only --search_dir "$T/some" --all
is "all of a folder" "$(grep '^[a-z]' "$T/out" | tr '\n' ' ')" "bert linear.onnx nonzero.onnx "
run 0 fm-driver --analyze_only --search_dir "$T/some" linear.onnx
is "one of them" "$(grep '^[a-z]' "$T/out")" linear.onnx
run 0 fm-driver --analyze_only "$T/some"
is "a folder of models" "$(grep -c '^  class' "$T/out")" 3
like "what is not known is not guessed" "$T/out" "^ +1 +\? +\?  NonZero"
echo x >"$T/some/broken.onnx"
run 1 fm-driver --analyze_only "$T/some"
like "a broken one is said" "$T/err" "broken.onnx' is not an ONNX model"
is "and does not keep the others" "$(grep -c '^  class' "$T/out")" 3
run 2 fm-driver --analyze_only "$T/some/broken.onnx"
mkdir "$T/none"
run 2 fm-driver --analyze_only "$T/none"
like "no model there" "$T/err" "'.*/none' holds no model"
run 2 fm-driver --analyze_only
like "which" "$T/err" "which model"
run 2 fm-driver --analyze_only --all
like "all of a folder without models" "$T/err" "'.' holds no model"
run 2 fm-driver --analyze_only --all "$T/some"
like "all, or one" "$T/err" "all takes everything in --search_dir DIR, and no others"
run 2 fm-driver --json --platform null
like "JSON is only here" "$T/err" "json belongs to --analyze_only"
ok "nothing was built" test ! -e "$FM_CACHE_DIR"

# --- images: shapes computed through convolutions ---
real=/usr/share/libonnx-testdata/data
c=$(find "$real" -name model.onnx -path '*Conv2d*' 2>/dev/null | head -1)
if [ -n "$c" ]; then
	fm-driver --analyze_only --json "$real"/pytorch-converted/*/ >"$T/out" 2>"$T/err"
	is "every graph of a large collection is looked at" $? 0
	ok "and most are counted whole" sh -c \
	    '[ "$(grep -c "\"not_counted\": \[\]" "$1")" -gt 30 ]' sh "$T/out"
else
	skip "a large collection" "it is not installed"
fi
finish
