#!/bin/sh
# The torch backend: fmwork's embed/tf command lines through PyTorch, on a
# CPU; what it says when something is wrong.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/torch.sh
. "$top/tests/torch.sh"
models=$top/tests/data/model

torch() { fm-driver --platform cpu --backend torch "$@"; }
small() { torch "$models/roberta/model" --input_sizes 8 --reps 3 "$@"; }

"$py" "$top/tests/torch/parts.py" "$top/backends/torch" >"$T/parts" 2>&1
is 'parts' $? 0
grep -A2 '^not ok' "$T/parts" | note
"$py" "$top/tests/torch/asynchronous.py" "$top/backends/torch" >"$T/parts" 2>&1
is 'a device that is waited for' $? 0
grep -A2 '^not ok' "$T/parts" | note

one=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
if [ -n "$one" ]; then
	run 0 small --cpus "$one" --require_quiet 0
	like 'pinned: one thread, and it says where' "$T/out" \
	    "\"threads\":1,.*\"cores\":1,.*\"cpus\":\"$one\""
	like 'observed beforehand' "$T/out" '^FMWORK OBS .*"quiet_wait_ms":[0-9]+'
	run 2 small --cpus 8191
	like 'no such CPU' "$T/err" "cpus '8191': on this machine are only CPUs"
fi

run 2 small --precision bf16
like 'the type is its own matter' "$T/err" \
    "precision: backend 'torch' loads the model itself; tell it, as with --model:torch_dtype@ torch.bfloat16"

# --- an existing command line ---
run 0 torch --model_root "$models" --model_name roberta/model \
    --model_class RobertaModel --eval --input_sizes 4,16 --batch_sizes 1,2 \
    --reps 5 --model:torch_dtype@ torch.bfloat16 \
    --torch.call:set_grad_enabled@ False \
    --torch.set:backends.cudnn.benchmark@ True \
    --compile --compile:backend eager --compile:dynamic@ True --threads 1
cp "$T/out" "$T/log"
cat >"$T/want" <<'END'
RUNTIME
--------------------------------------------------------------------------------

setup_runtime: torch
	 torch.call
		 set_grad_enabled False
	 torch.set
		 backends.cudnn.benchmark True

--------------------------------------------------------------------------------
MODEL
--------------------------------------------------------------------------------

END
sed -n '/^RUNTIME$/,/^MODEL$/p' "$T/log" >"$T/got"
sed '/^MODEL$/q' "$T/want" >"$T/block"
same "the RUNTIME block is fmwork's" "$T/got" "$T/block"
old=$top/../shared/data/fmwork-logs/driver-run.embed-tf.dev.log
if [ -f "$old" ]; then
	sed -n '/^RUNTIME$/,/^MODEL$/p' "$old" >"$T/block"
	same 'to the byte' "$T/got" "$T/block"
fi
sed -n '/^MODEL$/,/^FMWORK SETUP/p' "$T/log" >"$T/model"
like 'the model as PyTorch prints it' "$T/model" '^  \(_orig_mod\): RobertaModel\($'
is 'a blank line before SETUP' "$(tail -n 2 "$T/model" | head -n 1)" ''
is 'repetitions' "$(grep -c '^FMWORK REP [1-5] 5 ' "$T/log")" 20
is 'order of points' "$(sed -n 's/^RUN //p' "$T/log" | tr '\n' ';')" \
    '4 / 1;16 / 1;4 / 2;16 / 2;'
like 'RES' "$T/log" '^FMWORK RES [0-9.]+ [0-9.]+ roberta/model RobertaModel 16 2 '
like 'OBS' "$T/log" '^FMWORK OBS 16 1 2 \{"wall_ms":[0-9.]+,"own_ms":[0-9.]+,.*"faults_major":'
grep '^FMWORK SYS' "$T/log" >"$T/sys"
for word in '"precision":"bf16"' '"runtime":"PyTorch 2' '"threads":1' \
    '"grad_enabled":false' '"model_hash":"[0-9a-f]{32}"' '"parameters":20640' \
    '"clock_cost_ns":' '"backend":"eager"' '"device":"'; do
	like "SYS has $word" "$T/sys" "$word"
done
fm-process --metadata_id x "$T/log" >"$T/json"
like 'the record has the real precision' "$T/json" '"precision": "bf16"'
like 'and says who measured' "$T/json" '"engine": "fm/torch"'

# --- sizes are checked against the model; given inputs, expected outputs ---
run 2 torch "$models/roberta/model" --input_sizes 39
is 'too many tokens' "$(sed "s#$top/##" "$T/err")" "fm-driver: --input_sizes: \
39 tokens are more than the 38 positions of 'tests/data/model/roberta/model'"
ok 'leave no log' test ! -s "$T/out"
run 0 torch "$models/bert/model" --infer "$models/bert/in" \
    --expect "$models/bert/out" --rtol 1e-4
run 0 torch "$models/bert/model" --inputs "$models/bert/in/1" \
    --reps 2
like 'timed on given inputs' "$T/out" '^FMWORK RES .* BertModel 12 3 '

# --- random weights; copies inside the clock; another Python ---
mkdir "$T/bare" "$T/bare2" "$T/fake" "$T/fake/torch_sendnn"
cp "$models/roberta/model/config.json" "$T/bare"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$py" >"$T/other"
printf '#!/bin/sh\nexec "%s" -S "$@"\n' "$py" >"$T/bald"
chmod +x "$T/other" "$T/bald"
run 0 torch "$T/bare" --input_sizes 8 --reps 2 \
    --time_transfers --torch:python "$T/other"
like 'no weights: random ones' "$T/out" '^note: no weights in '
like 'is a fact' "$T/out" '"dummy_weights":true'
like 'so are copies inside the clock' "$T/out" '"time_transfers":true'

# --- generation ---
"$py" "$top/tests/torch/generate.py" "$top/backends/torch" "$T/llama" \
    >"$T/parts" 2>&1
is 'tokens' $? 0
grep -A2 '^not ok' "$T/parts" | note
run 0 torch "$T/llama" --input_sizes 4,8 --output_sizes 1,3 --batch_sizes 2 \
    --reps 3 --warmup 1 --token_times
is 'order of points' "$(sed -n 's/^RUN //p' "$T/out" | tr '\n' ';')" \
    '4 / 1 / 2;4 / 3 / 2;8 / 1 / 2;8 / 3 / 2;'
E='[0-9]+\.[0-9]{9}'
like 'REP of the infer dialect' "$T/out" \
    "^FMWORK REP 3 3 $E $E .*llama 8 3 2 1 [0-9]+\.[0-9]{9} "
is 'GEN for each output above 1' "$(grep -c '^FMWORK GEN' "$T/out")" 2
like 'first token, the rest, tokens' "$T/out" "^FMWORK TOK 3 $E $E 3\$"
like 'gaps' "$T/out" '^FMWORK GAP 3 [0-9]+ [0-9]+$'
awk '$2 == "REP" { dt = $12 }
$2 == "TOK" { d = $4 + $5 - dt; if (d * d > 1e-14) bad = 1 }
END { exit bad }' "$T/out"
is 'first token and the rest are the whole' $? 0
printf 'once upon a time' >"$T/prompt"
run 0 torch "$T/llama" --output_sizes 3 --prompt "@$T/prompt" --reps 2
like 'a prompt is as long as it is' "$T/out" '^RUN 4 / 3 / 1$'
like 'and the text is printed' "$T/out" "^FMWORK TXT '(w?[a-z0-9]+ ?)+'\$"
run 2 torch "$T/llama" --output_sizes 3 --prompt 'a time' --input_sizes 3
like 'not as long as the input sizes say' "$T/err" \
    "^fm-driver: --input_sizes '3': the prompt has 2 tokens\$"
printf '\377' >"$T/prompt"
run 2 torch "$T/llama" --output_sizes 3 --prompt "@$T/prompt"
like 'no text' "$T/err" '^fm-driver: --prompt: the text is not UTF-8$'
run 3 torch "$T/llama" --output_sizes 3 --prompt "@$T/nosuch"
like 'no file' "$T/err" "cannot open '.*/nosuch'"
run 2 fm-driver --platform null --output_sizes 3 --prompt x
like 'nobody to read it' "$T/err" "^fm-driver: --prompt: backend 'null' has no tokenizer\$"
run 2 torch "$T/llama" --prompt x
like 'a prompt for nothing' "$T/err" '^fm-driver: --prompt belongs to --output_sizes$'
run 2 torch "$models/bert/model" --token_times
like 'tokens are generated ones' "$T/err" 'belongs to --output_sizes'

# --- where the time goes ---
run 0 torch "$T/llama" --input_sizes 8 --output_sizes 2 --profile --torch:report upmem
awk -F '\t' '$8 == "model.layers.1.mlp.up_proj" { print $4, $6, $7, $9, $10 }
    $7 == "scaled_dot_product_attention" { print $4, $6, $8 }
    /^[0-9]/ { if ($2 < at) print "out of order"; at = $2 }' "$T/out" >"$T/got"
cat >"$T/want" <<'END'
prefill function model.layers.0.self_attn
prefill function model.layers.1.self_attn
prefill layer Linear 1x8x32 1x8x48
decode function model.layers.0.self_attn
decode function model.layers.1.self_attn
decode layer Linear 1x1x32 1x1x48
END
same 'layers and functions in the order of time' "$T/got" "$T/want"
like "UPMEM's report" "$T/out" '^Generated tokens: 1 in [0-9.e-]* s, with tokens/s: '
run 2 fm-driver --platform null --profile
like 'not every backend can' "$T/err" "backend 'null' cannot look into a model"

# --- Spyre, with a stand-in for its package that prints on stdout ---
cat >"$T/fake/torch_sendnn/torch_sendnn.py" <<'END'
"""A stand-in: compiles nothing, says a lot."""
import torch


@torch._dynamo.register_backend
def sendnn(graph, inputs):
    print("FMWORK OK", flush=True)
    return graph.forward
END
: >"$T/fake/torch_sendnn/__init__.py"
spyre() { fm-driver --platform spyre "$models/roberta/model" --reps 3 "$@"; }
export PYTHONPATH="$T/fake"
run 0 spyre --input_sizes 8 --compile --compile:backend sendnn \
    --torch.call:set_grad_enabled@ False
unset PYTHONPATH
like 'its line in RUNTIME' "$T/out" '^setup_runtime: spyre$'
is 'a chatty library breaks nothing' "$(grep -c '^FMWORK RE[PS]' "$T/out")" 4
run 2 spyre --input_sizes 8,16
like 'one size at a time' "$T/err" 'spyre takes one size at a time'

cp "$T/llama/config.json" "$T/bare2"

# --- one backend, asked for one thing after another ---
# open WORD-OF-THE-CLASS MORE: an open request
open() {
	printf '{"op":"open","platform":"cpu","model":{"kind":"hf",'
	printf '"path":"%s/roberta/model","class":"%s"}%s}\n' "$models" "$1" "$2"
}
sets() { open RobertaModel ",\"compile\":true,\"sets\":{$1}"; }
{
	echo '{"op":"run","reps":1}'
	open RobertModel ''
	open BertTokenizer ''
	sets '"model":{"nosuch":"1"}'
	sets '"compile":{"backend":"nosuch"}'
	sets '"torch.set":{"nosuch":1}'
	open RobertaModel ',"options":{"events":true}'
	open RobertaModel ',"platform":"warp"'
	open RobertaModel ',"platform":"spyre","compile":true'
	open RobertaModel '' | sed 's/"hf"/"onnx"/'
	open '' ',"generate":true,"prompt":""' | sed "s#$models/roberta/model#$T/llama#"
	open '' ',"generate":true,"prompt":"x"' | sed "s#$models/roberta/model#$T/bare2#"
	[ ! -f "$minilm/config.json" ] ||
	    open BertModel '' | sed "s#$models/roberta/model#$minilm#
		s/}}/,\"load_format\":\"dummy\"}}/"
	open RobertaModel '' | sed 's#/model"#/nosuch"#'
	open RobertaModel ''
	for batch in 1 2000000000 2; do
		echo '{"op":"run","dims":{"batch":'$batch',"sequence":8},'\
'"input":8,"output":1,"batch":'$batch',"reps":2,"warmup":1}'
	done
	echo '{"op":"run","reps":1,"seconds":1}'
	echo '{"op":"run","reps":1}'
	echo '{"op":"frobnicate"}'
	echo 'no JSON'
	[ -n "$gpu" ] || open RobertaModel ',"platform":"cuda:1"'
	sleep 60 & # the other end stays until all is answered
	echo $! >"$T/sleep"
	wait
} | "$B/libexec/fm/fm-backend-torch" 2>"$T/err" |
    while IFS= read -r line; do
	printf '%s\n' "$line" | cut -c1-3000
	case $line in *frobnicate* | *'request: '*) n=$((n + 1)) ;; esac
	case $line in
	*'ERR usage 0 0 0 request'*) [ -z "$gpu" ] || kill "$(cat "$T/sleep")" ;;
	*'ERR nodevice 0 0 0 no CUDA'* | *cuda:1*) kill "$(cat "$T/sleep")" ;;
	esac
done >"$T/said"
# says TEXT: some answer
says() { like "  $1" "$T/said" "^FMWORK ERR $1"; }
says 'usage 0 0 0 no model is open'
says "nomodel .* no class 'RobertModel': did you mean RobertaModel\?"
says 'nomodel .* transformers.BertTokenizer is no class of a model'
says 'usage .* from_pretrained: .*nosuch'
says 'usage .* torch.compile: .*nosuch'
says "usage .* there is no 'torch.nosuch'"
says 'usage .* has no events that take times'
says "nodevice .* device 'warp'"
says 'usage .* spyre needs .* missing --torch.call:set_grad_enabled@ False, --compile:backend sendnn'
says 'nomodel .* for .onnx files use --backend ort'
says 'usage 0 0 0 --prompt: there are no tokens in it'
says "nomodel .* --prompt: the tokenizer of '.*bare2': "
if [ -f "$minilm/config.json" ]; then
	like '  random weights in place of real ones' "$T/said" \
	    '"class":"BertModel".*"parameters":22713216.*"dummy":true'
else
	skip '  random weights in place of real ones' 'no checkpoint is here'
fi
says "nomodel .* '.*nosuch': "
says 'oom 8 1 2000000000 '
is '  and the points before and after it are measured' \
    "$(sed -n 's/^FMWORK \(REP\|ERR oom\).*/\1/p' "$T/said" | tr '\n' ' ')" \
    'REP REP ERR oom REP REP '
says 'usage 0 0 0 a run needs either'
says "usage 0 0 0 dimension 'batch' of input 'input_ids' has no size"
says "usage 0 0 0 unknown operation 'frobnicate'"
says 'usage 0 0 0 request: '
like '  gradients are on unless told' "$T/said" '"grad_enabled":true'
[ -n "$gpu" ] || says 'nodevice 0 0 0 no CUDA'

# --- what is wrong is one line ---
# bad STATUS TEXT ARGUMENT...
bad() {
	want=$1 text=$2; shift 2
	run "$want" "$@"
	is '  one line' "$(wc -l <"$T/err")" 1
	like "  $text" "$T/err" "$text"
}
export FM_PYTHON="$T/bald"
bad 4 "package 'torch' is not installed for .*--setup torch" \
    small
export FM_PYTHON="$py"
mkdir -p "$T/old/torch" "$T/broken/torch"
echo '__version__ = "1.13.1"' >"$T/old/torch/__init__.py"
echo 'raise OSError("libtorch_cpu.so: cannot open shared object file")' \
    >"$T/broken/torch/__init__.py"
export PYTHONPATH="$T/old"
bad 4 'torch 1.13.1 of .* is too old, 2.5 is needed: pip install torch' small
export PYTHONPATH="$T/broken"
bad 4 'torch of .* cannot be used: libtorch_cpu.so: cannot open' small
unset PYTHONPATH
export FM_PYTHON="$T/none"
bad 4 "Python '.*none' is not here" small
export FM_PYTHON="$py"

# --- hang-up ---
request() {
	echo '{"op":"open","platform":"cpu","model":{"kind":"hf","path":"'"$models"'/roberta/model"}}'
	echo '{"op":"run","dims":{"batch":1,"sequence":8},"seconds":60}'
	for _ in $(seq 120); do
		! grep -q '^FMWORK REP' "$T/out" || break
		sleep 0.5
	done
	date +%s >"$T/start"
}
: >"$T/out"
request | "$B/libexec/fm/fm-backend-torch" >"$T/out" 2>"$T/err"
like 'hang-up ends a run' "$T/out" '^FMWORK ERR preempted 0 0 0 the other end'
ok 'soon' test $(($(date +%s) - $(cat "$T/start"))) -lt 9
finish
