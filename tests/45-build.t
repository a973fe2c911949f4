#!/bin/sh
# Builds: made once, found again, made anew when something differs and for
# the reasons that are told; results with them; accidents of every kind.
. "$(dirname "$0")/lib.sh"
fm-driver --list_devices >/dev/null 2>"$T/err" ||
    skip_all "no ONNX Runtime: $(cat "$T/err")"
C=$FM_CACHE_DIR
cp -r "$top/tests/data/model/bert/model" "$T/bert"
cp -r "$top/tests/data/model/roberta/model" "$T/roberta"

# build STATUS ARGUMENT...: makes it and no more
build() { want_status=$1; shift; run "$want_status" fm-driver --build_only "$@"; }
stage() { sed -n "s/^FMWORK STAGE \(import\) [0-9.]* \([a-z]*\) .*/\1 \2/p" "$T/out"; }
status() { sed -n 's/^build_status: //p' "$C/$1/state.yaml"; }

# --- once ---
run 0 fm-driver "$T/bert" --input_sizes 8,16 --reps 3
is "the first time it is built" "$(stage)" "import ok"
grep '^FMWORK KEY' "$T/out" >"$T/keys"
mine=$(cd "$C" && echo bert_*)
is "its name is the model's and the key's beginning" "$mine" \
    "bert_$(readlink "$C/$mine" | cut -c5-12)"
is "it is successful" "$(status "$mine")" successful_build
ok "its log is there" test -s "$C/$mine/log_import.txt"
is "no weights in it" "$(ls "$C/$mine")" "log_check.txt
log_import.txt
model.onnx
state.yaml"
mv "$T/bert" "$T/elsewhere"
run 0 fm-driver "$T/elsewhere" --input_sizes 8,16 --reps 3
is "a model that was moved is found" "$(stage)" "import cached"
grep '^FMWORK KEY' "$T/out" >"$T/keys2"
same "and its points have the same keys" "$T/keys2" "$T/keys"
is "every point is among the results" "$(wc -l <"$C/results/$(readlink "$C/$mine" | cut -c5-).jsonl")" 4
like "with device, runtime and version" "$C"/results/*.jsonl '"device":".*"runtime":"ONNX Runtime .*"backend_version":"[0-9]'
mv "$T/elsewhere" "$T/bert"
is "the folder is marked" "$(cat "$C/.fm-cache")" "fm cache 1"
mkdir "$T/in" "$T/o"
run 0 fm-driver --backend ort "$top/tests/data/ort/linear.onnx" --reps 2 --dim batch=2 || :

# --- names ---
build 0 "$T/bert" --build_name one
is "a name of one's own" "$(status one)" successful_build
is "is the same build" "$(readlink "$C/one")" "$(readlink "$C/$mine")"
for word in a/b ../x .x '' obj remote slurm; do
	build 2 "$T/bert" --build_name="$word"
	like "'$word' is no name" "$T/err" "the build name '$word' "
done
echo mine >"$C/notes"; ln -s "$T" "$C/away"; mkdir "$C/things"
for word in notes away things; do
	build 2 "$T/bert" --build_name=$word
	like "'$word' is somebody else's" "$T/err" "'.*/$word' lies in the cache and is no build: choose another --build_name"
done
is "and stays" "$(cat "$C/notes")$(readlink "$C/away")" "mine$T"
rm "$C/notes" "$C/away"; rmdir "$C/things"
build 0 "$T/roberta" --build_name one
like "two models of one name: a warning" "$T/err" \
    "the build name 'one' belongs to model '.*/bert', and now '.*/roberta' is to have it"
like "the reasons" "$T/err" "the content of the model changed from '[0-9a-f]{32}' to '"
is "the name moves" "$(sed -n 's/^  class: //p' "$C/one/state.yaml" | tail -1)" RobertaModel
build 0 "$T/bert" --build_name one --rebuild never
like "never: the old one, with a warning" "$T/err" "is used all the same"
like "it is the other model's" "$T/out" "^RobertaModel"
is "and nothing was built" "$(stage)" "import cached"
build 0 "$T/roberta" --build_name one --load_format dummy --seed 3
like "what differs is told" "$T/err" "the weights changed from 'given' to 'random'"
build 0 "$T/roberta" --build_name one --load_format dummy --seed 4
like "each of it, exactly" "$T/err" "the seed of the weights changed from 3 to 4"
is "and nothing else" "$(grep -c ' - ' "$T/err")" 1

# --- policy ---
build 2 "$T/bert" --load_format dummy --rebuild never
like "never makes nothing" "$T/err" "is not there .*--rebuild never forbids"
before=$(stat -c %Y%z "$C/$mine/state.yaml")
build 0 "$T/bert"
is "a hit changes no state" "$(stat -c %Y%z "$C/$mine/state.yaml")" "$before"
build 0 "$T/bert" --rebuild always
is "always: made again" "$(stage)" "import ok"
ok "a new one" test "$(stat -c %Y%z "$C/$mine/state.yaml")" != "$before"
run 0 fm-driver --explain --build_name one "$T/bert"
like "explain tells" "$T/out" "^the content of the model changed"
run 0 fm-driver --explain "$T/bert"
is "or that there is nothing to tell" "$(cat "$T/out")" "$mine: is up to date"

# --- changed weights ---
cp -r "$T/bert" "$T/changed"
build 0 "$T/changed" --build_name past --optimize basic --precision fp16 --load_format dummy --seed 5
run 0 fm-cache why past
is "why, alone: as it was made" "$(cat "$T/out")" "past: is up to date"
echo ' ' >>"$T/changed/config.json"
run 0 fm-cache why past
like "or what has changed since" "$T/out" "^the content of the model changed from"
is "and only that" "$(wc -l <"$T/out")" 2
cp "$T/bert/config.json" "$T/changed"
build 0 "$T/changed"
is "the same content is the same build" "$(stage)" "import cached"
printf x | dd of="$T/changed/model.safetensors" bs=1 seek=9000 conv=notrunc 2>/dev/null
build 0 "$T/changed"
is "one byte makes another" "$(stage)" "import ok"

# --- lean ---
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --lean_cache
is "lean: cleaned" "$(status "$mine")" cleaned
is "logs and state stay" "$(ls "$C/$mine")" "log_check.txt
log_import.txt
state.yaml"
build 0 "$T/bert"
is "and it is no hit" "$(stage)" "import ok"
build 0 "$T/bert" --optimize basic --build_name lean --lean_cache
build 2 "$T/bert" --build_name lean --rebuild never
like "nor one that is used because it is forbidden to make it" "$T/err" "'lean' cannot be used \(cleaned\)"
is "and nothing else is said" "$(wc -l <"$T/err")" 1
run 0 fm-cache delete lean

# --- stages ---
stages() { sed -n 's/^FMWORK STAGE \([a-z]*\) [0-9.]* \([a-z]*\) .*/\1 \2/p' "$T/out" | tr '\n' ' '; }
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8
plain=$(sed -n 's/^FMWORK KEY //p' "$T/out")
for level in basic extended all; do
	run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --optimize $level --build_name opt
	is "the optimised graph is made" "$(stages)" "import ok check ok optimize ok "
	ok "and is there" test -s "$C/opt/optimized.onnx"
done
like "its level is an input" "$T/err" "the level of stage 'optimize' changed from 'extended' to 'all'"
ok "a point of it is another point" test "$(sed -n 's/^FMWORK KEY //p' "$T/out")" != "$plain"
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --optimize all --build_name opt
is "it is made once" "$(stages)" "import cached check cached optimize cached "
like "the runtime's version is an input" "$C/opt/state.yaml" "runtime: ONNX Runtime 1\.[0-9]+\$"
mkdir "$T/shim"
cat >"$T/shim/fm-backend-ort" <<X
#!/bin/sh
"$B/libexec/fm/fm-backend-ort" | sed -u 's/^FMWORK VERSION .*/FMWORK VERSION ONNX Runtime 1.99/'
X
chmod +x "$T/shim/fm-backend-ort"
FM_BACKEND_PATH=$T/shim build 0 "$T/bert" --optimize all --build_name opt
like "another minor version rewrites otherwise" "$T/err" \
    "the runtime of stage 'optimize' changed from 'ONNX Runtime 1\.[0-9]+' to 'ONNX Runtime 1.99'"
build 4 "$T/bert" --optimize all --ort:library /no/lib.so
like "the library asked for is the one that is asked" "$T/err" "/no/lib.so"
mkdir "$T/case"
python=$(command -v python3) && $python - "$T/case" <<'P' || python=
import struct, sys
def npy(name, v):
    h = "{'descr': '<i8', 'fortran_order': False, 'shape': (1, %d), }" % len(v)
    h += " " * ((64 - (len(h) + 11) % 64) % 64) + "\n"
    with open(sys.argv[1] + "/" + name + ".npy", "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(h)) + h.encode())
        f.write(struct.pack("<%dq" % len(v), *v))
npy("input_ids", [5, 6, 7, 8]); npy("attention_mask", [1, 1, 1, 1])
npy("token_type_ids", [0, 0, 0, 0])
P
if [ -n "$python" ]; then
	run 0 fm-driver "$T/bert" --infer "$T/case" --out "$T/want"
	run 0 fm-driver "$T/bert" --infer "$T/case" --optimize all --expect "$T/want"
	like "it computes the same" "$T/out" "last_hidden_state: equal"
fi

# --- damage ---
build 0 "$T/bert" --optimize basic --build_name hurt
for harm in gone short odd; do
	g=$(sed -n 's/^graph: //p' "$C/hurt/state.yaml")
	case $harm in
	gone) rm "$C/hurt/$g" ;;
	short) : >"$C/hurt/$g" ;;
	odd) echo x >"$C/hurt/state.yaml" ;;
	esac
	run 0 fm-driver --explain "$T/bert" --optimize basic --build_name hurt
	like "$harm: would be made again" "$T/out" "^hurt: would be built again"
	build 2 "$T/bert" --optimize basic --build_name hurt --rebuild never
	like "$harm: cannot be used" "$T/err" "'hurt' cannot be used \('.*' is not"
	build 0 "$T/bert" --optimize basic --build_name hurt
	is "$harm: is told once" "$(grep -c "is not .*: it is built again" "$T/err")" 1
	is "$harm: and made again" "$(stage)" "import ok"
done
rm -r "$(readlink -f "$C/hurt")"
run 0 fm-driver --explain "$T/bert" --optimize basic --build_name hurt
like "a name of nothing" "$T/out" "^there is no build with the key"
rm "$C/hurt"

# --- half precision ---
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --precision fp16 --build_name half
is "conversion is a stage" "$(stages)" "import ok check ok convert ok "
like "what was measured is in the record" "$T/out" '"precision":"fp16","weight_type":"float16"'
like "and in the results" "$C/results/$(readlink "$C/half" | cut -c5-).jsonl" '"precision":"fp16"'
ok "weights are half as large" test "$(stat -c %s "$C/half/half.weights")" -lt 50000
if [ -n "$python" ]; then
	run 0 fm-driver "$T/bert" --infer "$T/case" --precision fp16 --out "$T/got16"
	ok "the outputs are half" sh -c 'head -c 60 "$1" | grep -q "<f2"' sh "$T/got16/last_hidden_state.npy"
	python3 - "$T" <<'P' >"$T/say" 2>&1
import struct, sys
def read(path, code):
    b = open(path, "rb").read()
    n = struct.unpack("<H", b[8:10])[0]
    d = b[10 + n:]
    return struct.unpack("<%d%s" % (len(d) // struct.calcsize(code), code), d)
a = read(sys.argv[1] + "/want/last_hidden_state.npy", "f")
b = read(sys.argv[1] + "/got16/last_hidden_state.npy", "e")
assert len(a) == len(b) > 0
worst = max(abs(x - y) for x, y in zip(a, b))
assert 0 < worst < 0.02, worst
P
	is "and near the exact ones" "$?$(cat "$T/say")" 0
fi
run 0 fm-driver "$top/tests/data/ort/linear.onnx" --precision fp16 --reps 2 --dim batch=2 --build_name lin
like "an ONNX file's float inputs become half" "$T/out" "^    .*: float16\\["
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --precision fp32
like "fp32 is what it computes with" "$T/out" '"precision":"fp32"'
build 2 "$T/bert" --sequence "$T/seq.yaml" --precision fp16
like "file or option" "$T/err" "sequence and --precision exclude one another"
cat >"$T/seq.yaml" <<'Y'
sequence:
  - import
  - optimize: {level: basic}
  - touch_up:
      argv: [sh, -c, 'cp "$1" "$2/mine.onnx"; echo said so; echo and so >&2', sh, "{graph}", "{dir}"]
      inputs: [RULES]
      outputs: [mine.onnx]
  - check
Y
echo one >"$T/rules"
sed -i "s#RULES#$T/rules#" "$T/seq.yaml"
build 0 "$T/bert" --sequence "$T/seq.yaml" --build_name seq
is "a sequence of one's own" "$(sed -n 's/^FMWORK STAGE \([a-z_]*\) .*/\1/p' "$T/out" | tr '\n' ' ')" \
    "import optimize touch_up check "
like "what a command says is in its log" "$C/seq/log_touch_up.txt" "^said so"
like "all of it" "$C/seq/log_touch_up.txt" "^and so"
run 0 fm-driver "$T/bert" --reps 2 --input_sizes 8 --sequence-file "$T/seq.yaml" --build_name seq
is "it is cached" "$(sed -n 's/^FMWORK STAGE touch_up [0-9.]* \([a-z]*\) .*/\1/p' "$T/out")" cached
echo two >"$T/rules"
build 0 "$T/bert" --sequence "$T/seq.yaml" --build_name seq
like "until an input changes" "$T/err" "the inputs of stage 'touch_up' changed from"
seq() { echo "$1" >"$T/bad.yaml"; build 2 "$T/bert" --sequence "$T/bad.yaml"; }
seq 'sequence: [check]'
like "import is the first" "$T/err" "bad.yaml: the first stage must be 'import'"
seq 'sequence: [import, frob]'
like "an unknown stage" "$T/err" "there is no stage 'frob'; a command of one's own needs"
seq 'sequence: [import, {quantize: {to: int4}}]'
like "whatever its options" "$T/err" "there is no stage 'quantize'"
seq 'sequence: [import, import]'
like "twice" "$T/err" "stage 'import' is there twice"
seq 'sequence: [import, {x: {argv: [a]}}]'
like "no outputs" "$T/err" "stage 'x': 'outputs' must be a list of one or more words"
seq 'sequence: [import, {x: {argv: [a], outputs: [../y]}}]'
like "an output elsewhere" "$T/err" "'../y' cannot be an output"
seq 'sequence: [import, {x: {argv: true, outputs: [y]}}]'
like "argv is a list" "$T/err" "stage 'x': 'argv' must be a list"
seq 'sequence: [import, {../x: {argv: [a], outputs: [y]}}]'
like "a name" "$T/err" "cannot be the name of a stage"
seq 'sequence: [import, {optimize: {level: most}}]'
like "a level" "$T/err" "level must be basic, extended or all, not 'most'"
seq 'sequence: [import, {convert: {to: int8}}]'
like "a precision" "$T/err" "conversion to 'int8' is not available"
seq 'sequence: [import, {optimize: {levle: basic}}]'
like "a misspelt option" "$T/err" "bad.yaml: stage 'optimize' has no option 'levle'"
seq 'sequence: [import, {optimize: {level: 7}}]'
like "a number for a word" "$T/err" "stage 'optimize': 'level' must be a word"
seq 'sequence: [import, {optimize: [basic]}]'
like "a list of options" "$T/err" "stage 'optimize': options are names with values"
seq 'sequence: [import, {check: {level: all}}]'
like "an option of another stage" "$T/err" "stage 'check' has no option 'level'"
seq 'sequence: [import, {x: {argv: [a], outputs: [y], input: [rules]}}]'
like "a misspelt key of a command" "$T/err" "stage 'x' has no option 'input'"
seq 'sequence: [import, {x: {argv: [a], outputs: [y], inputs: [/nosuch]}}]'
like "an input that is not there" "$T/err" "bad.yaml: stage 'x': input: '/nosuch': No such file"
seq 'sequence: [import, 7]'
like "a number is no stage" "$T/err" "a stage is a name, or a name with its options"
seq 'stages: []'
like "no list" "$T/err" "must hold a list 'sequence'"
build 2 "$T/bert" --sequence "$T/seq.py"
like "Python is refused, and YAML shown" "$T/err" "not Python but YAML, such as .sequence: "
build 2 "$T/bert" --sequence "$T/seq.yaml" --optimize all
like "file or option" "$T/err" "exclude one another"
echo 'sequence: [import, {x: {argv: [sh, -c, "echo why; exit 3"], outputs: [y]}}]' >"$T/seq2.yaml"
build 4 "$T/bert" --sequence "$T/seq2.yaml" --build_name failing
like "a command that fails" "$T/err" "stage x: 'sh' ended with exit status 3"
is "a failed build" "$(status failing)" failed_build
like "its log stays" "$C/failing/log_x.txt" "^why"
echo 'sequence: [import, {x: {argv: ["true"], outputs: [y]}}]' >"$T/seq2.yaml"
build 4 "$T/bert" --sequence "$T/seq2.yaml"
like "an output that was not made" "$T/err" "its output 'y' was not made"
echo 'sequence: [import, {x: {argv: [ln, -s, /etc/hostname, "{dir}/y"], outputs: [y]}}]' >"$T/seq2.yaml"
build 4 "$T/bert" --sequence "$T/seq2.yaml"
like "a link to something else" "$T/err" "its output 'y' is no plain file"

# --- the monitor ---
if command -v script >/dev/null; then
	watch() { TERM=xterm script -qec "fm-driver --build_only --rebuild always $T/bert $*" /dev/null >"$T/out" 2>&1 </dev/null; }
	watch
	like "a line per stage, with a tick" "$T/out" "✓.* import \([0-9.]+ s\)"
	watch --monitor false
	ok "off when not wanted" sh -c '! grep -q "✓" "$1"' sh "$T/out"
	NO_COLOR=1 watch
	ok "or without colour" sh -c '! grep -q "✓" "$1"' sh "$T/out"
else
	skip "the monitor" "no script(1)"
fi

# --- random weights are part of the build ---
build 0 "$T/bert" --load_format dummy
dummy=$(cd "$C" && ls -d ./*_*/model.safetensors | head -1)
ok "they are kept" test -s "$C/$dummy"

# --- failures ---
mkdir "$T/bad"; cp "$T/bert/config.json" "$T/bad"
printf '\377\377\377\377\377\377\377\177{' >"$T/bad/model.safetensors"
build 2 "$T/bad" --build_name bad
like "the stage is named" "$T/err" "stage import: .*model.safetensors"
is "the build is there, and failed" "$(status bad)" failed_build
like "its log says why" "$C/bad/log_import.txt" "^failed: .*safetensors"
cp "$T/bert/model.safetensors" "$T/bad"
build 0 "$T/bad" --build_name bad
is "repaired: a build of that name" "$(status bad)" successful_build
if [ -w /dev/full ] && (ulimit -f 1) 2>/dev/null; then
	(ulimit -f 40; trap '' XFSZ; exec fm-driver --build_only "$T/bert" --load_format dummy --seed 77) >"$T/out" 2>"$T/err"
	is "no room: status 3" $? 3
	like "the stage is named" "$T/err" "stage import: "
	ok "nothing half made" sh -c '! ls "$1"/obj/*.tmp 2>/dev/null' sh "$C"
	build 0 "$T/bert" --load_format dummy --seed 77
	is "with room it works" "$(stage)" "import ok"
fi

# --- kill -9 at any time ---
i=0
while [ $i -lt 15 ]; do
	i=$((i + 1))
	fm-driver --build_only "$T/bert" --load_format dummy --seed $((100 + i % 3)) >/dev/null 2>&1 &
	pid=$!
	sleep 0.00$i
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
key=$(readlink "$C/$mine" | cut -c5-)
mkdir "$C/obj/$key.left"; rm -r "$C/obj/$key.left"
for i in 0 1 2; do
	build 0 "$T/bert" --load_format dummy --seed $((100 + i))
done
run 0 fm-cache verify
is "no leftovers" "$(find "$C/obj" -name '*.tmp' | wc -l)" 0

# --- many at once ---
# Each appends two results, too; and nobody is told to be quick.
FM_CACHE_DIR=$T/many
i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	fm-driver --input_sizes 4,5 --reps 1 --threads 1 "$T/bert" \
	    --load_format dummy --seed $((i % 6)) >"$T/many.$i" 2>&1 &
done
wait
is "sixty processes, six models: each is built once" \
    "$(cat "$T"/many.* | grep -c '^FMWORK STAGE import [0-9.]* ok')" 6
is "and all the others found it" \
    "$(cat "$T"/many.* | grep -c '^FMWORK STAGE import [0-9.]* cached')" 54
is "no result is lost" "$(cat "$T"/many/results/* | wc -l)" 120
is "and none is torn" "$(cat "$T"/many/results/* | grep -c '^{"time":.*}$')" 120

# --- one that is being used ---
FM_CACHE_DIR=$T/used
fm-driver "$T/bert" --input_sizes 4 --reps 1000000000 >"$T/user" 2>&1 &
user=$!
i=0
while [ $i -lt 100 ] && ! grep -qs '^FMWORK SYS' "$T/user"; do sleep 0.05; i=$((i + 1)); done
run 124 timeout 2 fm-driver --build_only "$T/bert" --rebuild always --build_name again
like "is not replaced; that is said" "$T/err" "waiting for another process that uses the build 'again'"
is "and stopped, nothing is left" "$(find "$T/used/obj" -name '*.tmp')" ""
kill $user; wait $user 2>/dev/null

# --- where ---
mkdir "$T/full"; : >"$T/full/thing"
build 2 "$T/bert" --cache_dir "$T/full"
like "not into a folder of other things" "$T/err" "holds other things"
mkdir -p "$T/host/remote/files"
build 0 "$T/bert" --cache_dir "$T/host"
ok "where another machine's copies lie is no such folder" test -f "$T/host/.fm-cache"
build 0 "$T/bert" -d "$T/own"
ok "--cache_dir" test -f "$T/own/.fm-cache"
mkdir -p "$T/home"
(unset FM_CACHE_DIR; HOME=$T/home fm-driver --build_only "$T/bert" >"$T/out" 2>"$T/err")
ok "by default in ~/.cache/fm" test -f "$T/home/.cache/fm/.fm-cache"
(unset FM_CACHE_DIR; MLAGILITY_CACHE_DIR=$T/theirs fm-driver --build_only "$T/bert" >"$T/out" 2>"$T/err")
like "MLAgility's variable, with a notice" "$T/err" "from MLAGILITY_CACHE_DIR; FM_CACHE_DIR is not set"
ok "is honoured" test -f "$T/theirs/.fm-cache"
(unset FM_CACHE_DIR; HOME=$T/home GROQFLOW_CACHE_DIR=$T/full fm-driver --build_only "$T/bert" >"$T/out" 2>"$T/err")
like "but not into what is another tool's" "$T/err" "GROQFLOW_CACHE_DIR names a folder of another tool"
printf 'fm cache 2\n' >"$T/own/.fm-cache"
build 2 "$T/bert" -d "$T/own"
like "a layout of the future" "$T/err" "layout that this version does not know"
build 2
like "which model" "$T/err" "which model"
run 2 fm-driver --platform null --build_only --model_name x
like "a backend without models" "$T/err" "needs no build"
finish
