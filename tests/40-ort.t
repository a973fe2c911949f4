#!/bin/sh
# The ONNX Runtime backend, through its protocol: finding the library, options,
# sessions, shapes, outputs, failures. The models are tests/data/ort/make.py's.
# shellcheck disable=SC2016,SC2059
. "$(dirname "$0")/lib.sh"

ort=$B/libexec/fm/fm-backend-ort
data=$top/tests/data/ort
ask() { printf '%s\n' "$@" >"$T/req"; "$ort" <"$T/req" >"$T/out" 2>"$T/err"; }
reps() { grep -c '^FMWORK REP ' "$T/out"; }
answers() { grep -E '^FMWORK (OK|ERR)' "$T/out"; }
# open MODEL [OPTIONS [INPUTS]]: a request
open() {
	printf '{"op":"open","model":{"kind":"onnx","path":"%s"},"options":{%s},"inputs":[%s]}' \
	    "$data/$1.onnx" "$2" "$3"
}

# --- the library: absent, something else, too old ---
mkdir "$T/bin"
cp "$ort" "$T/bin/fm-backend-ort"
if ldconfig -p 2>/dev/null | grep -q libonnxruntime; then
	skip 'no library' 'the system has one'
else
	open linear | "$T/bin/fm-backend-ort" >"$T/out"
	like 'no library' "$T/out" "^FMWORK ERR nodevice 0 0 0 cannot find ONNX \
Runtime: no libonnxruntime\.so\* in '.*/bin', .* run \`make setup\`, or name a library with --ort:library PATH\$"
fi
ask "$(open linear '"library":"/nowhere/lib.so"')"
like 'a library that is not there' "$T/out" \
    '^FMWORK ERR nodevice 0 0 0 cannot load ONNX Runtime: /nowhere/lib\.so: .*; run `make setup`'
# fake NAME VERSION: a library that says it is of this version
fake() {
	cat >"$T/fake.c" <<X
struct base { const void *(*api)(unsigned); const char *(*version)(void); };
static const void *api(unsigned v) { (void)v; return 0; }
static const char *version(void) { return "$2"; }
static const struct base base = { api, version };
const struct base *$1(void);
const struct base *$1(void) { return &base; }
X
	${CC:-cc} -shared -fPIC -o "$T/fake.so" "$T/fake.c" 2>"$T/err" ||
	    ! pass 'cannot compile # SKIP no compiler' || return 1
	ask "$(open linear "\"library\":\"$T/fake.so\"")"
}
fake Other 1.18.0 && like 'another library' "$T/out" \
    "ERR nodevice 0 0 0 '.*/fake\.so' is not ONNX Runtime: it has no OrtGetApiBase\$"
fake OrtGetApiBase 1.18.0 && is 'too old' "$(cat "$T/out")" \
    'FMWORK ERR nodevice 0 0 0 ONNX Runtime 1.18.0 is too old: 1.21 or newer is needed'
fake OrtGetApiBase 2.3.0 && is 'too new' "$(cat "$T/out")" \
    'FMWORK ERR nodevice 0 0 0 ONNX Runtime 2.3.0 no longer has version 21 of its interface'
# Beside the executable is where it is looked for first.
cp "$T/fake.so" "$T/bin/libonnxruntime.so.9"
open linear | "$T/bin/fm-backend-ort" >"$T/out"
like 'found beside the backend' "$T/out" 'ONNX Runtime 2\.3\.0'

ask '{"op":"hello","protocol":1}'
is 'hello' "$(head -n 1 "$T/out")" 'FMWORK HELLO 1 ort'
is 'options' "$(sed -n 's/^FMWORK OPT \([a-z_]*\) .*/\1/p' "$T/out" | tr '\n' ' ')" \
    'intra_op_num_threads inter_op_num_threads graph_optimization_level execution_mode provider provider_options config mem_pattern cpu_arena log_severity save_optimized save_profile library '
ask '{"op":"devices"}'
grep -q '^FMWORK DEV' "$T/out" || { note <"$T/out"; pass 'the rest # SKIP no ONNX Runtime'; finish; }
like 'devices' "$T/out" '^FMWORK DEV 0 .+ \(CPUExecutionProvider\)$'

# --- open ---
X='{"name":"x","type":"float","shape":["batch",3],"fill":{"uniform":[0,1]}}'
N='{"name":"x","type":"float","shape":["n"],"fill":{"tokens":[[0,2]]}}'
run1='{"op":"run","dims":{"batch":2},"input":4,"output":1,"batch":2,"reps":4,"seed":7}'
ask "$(open linear '' "$X")" "$run1" "$run1" \
    '{"op":"run","dims":{"batch":5},"reps":2}' '{"op":"close"}'
is 'points of one session' "$(reps)/$(answers | sort | uniq -c | tr -s ' ')" \
    '10/ 5 FMWORK OK'
grep '^FMWORK SYS ' "$T/out" >"$T/sys"
like 'SYS: runtime' "$T/sys" '"runtime":"ONNX Runtime 1\.[0-9]+\.[0-9]+"'
like 'SYS: library without its folder' "$T/sys" '"library":"libonnxruntime\.so[.0-9]*"'
like 'SYS: provider' "$T/sys" '"provider":"CPUExecutionProvider"'
like 'SYS: device' "$T/sys" '"device":"[^"]+"'
like 'SYS: settings' "$T/sys" '"graph_optimization_level":"all","execution_mode":"sequential"'
is 'nothing on stderr' "$(cat "$T/err")" ''
mkdir "$T/home"
HOME=$T/home XDG_CACHE_HOME=$T/home "$ort" <"$T/req" >"$T/out" 2>&1
is 'the library keeps to itself: no telemetry' "$(find "$T/home" -type f)" ''
threads() { sed -n 's/.*"intra_op_num_threads":\([0-9]*\),"inter_op_num_threads":\([0-9]*\).*/\1 \2/p' "$T/out"; }
ask "$(open linear '"intra_op_num_threads":3')"
is 'effective threads' "$(threads)" '3 1'
ask "$(open linear '"intra_op_num_threads":1,"inter_op_num_threads":4')"
is 'inter-op threads need parallel execution' "$(threads)" '1 1'
ask "$(open linear '"intra_op_num_threads":2,"inter_op_num_threads":4,"execution_mode":"parallel"')"
is 'and then are there' "$(threads)" '2 4'
ask "$(open linear '"inter_op_num_threads":2,"intra_op_num_threads":0,"execution_mode":"parallel"')"
is 'all cores, counted' "$(threads | cut -d' ' -f2)" 2
for level in disable basic extended all; do
	ask "$(open linear "\"graph_optimization_level\":\"$level\",\"mem_pattern\":false,\"cpu_arena\":\"off\"" "$X")" "$run1"
	is "level $level" "$(reps)" 4
done
ask "$(open linear '"config":{"session.intra_op.allow_spinning":0}')"
like 'configuration entries' "$T/out" '"config":\{"session\.intra_op\.allow_spinning":"0"\}'
ask "$(open linear '"config":{"":"x"}')"
like 'a bad one' "$T/out" '^FMWORK ERR internal 0 0 0 .*ONNX Runtime: .*[Kk]ey'
ask "$(open linear '"provider":"cpu"')"
like 'provider by its short name' "$T/out" '"provider":"CPUExecutionProvider"'
ask "$(open linear '"provider_options":{"device_id":"1"}')"
like 'options for a provider that has none' "$T/out" \
    "^FMWORK ERR usage 0 0 0 provider_options: the CPU's provider has none"
ask "$(open linear '"provider":["Nonsense"]')"
like 'a provider that is not there' "$T/out" \
    "^FMWORK ERR nodevice 0 0 0 this ONNX Runtime has no provider 'Nonsense'; it has: .*CPUExecutionProvider"
ask "$(open linear '"threads":2')"
like 'unknown option' "$T/out" "^FMWORK ERR usage 0 0 0 backend ort has no option 'threads'; it has: intra_op_num_threads, "
ask "$(open linear '"graph_optimization_level":"most"')"
like 'unknown level' "$T/out" "must be disable, basic, extended or all, got 'most'\$"

# --- models ---
ask '{"op":"open"}'
like 'no model' "$T/out" '^FMWORK ERR nomodel 0 0 0 a model with a "path" is needed$'
ask "$(open missing)"
like 'a model that is not there' "$T/out" "^FMWORK ERR nomodel 0 0 0 no model file '.*/missing\.onnx'\$"
ask "{\"op\":\"open\",\"model\":{\"path\":\"$data/make.py\"}}"
like 'not a model' "$T/out" '^FMWORK ERR nomodel 0 0 0 .*/make\.py: ONNX Runtime: '
: >"$T/empty.onnx"
ask "{\"op\":\"open\",\"model\":{\"path\":\"$T/empty.onnx\"}}"
like 'an empty file' "$T/out" "^FMWORK ERR nomodel 0 0 0 '.*/empty\.onnx' is empty, not a model\$"
ask "$(open missing)" "$(open linear '' "$X")" "$run1"
is 'the next model is measured' "$(reps)" 4
W='{"name":"x","type":"float","shape":[3],"fill":{"value":1}}'
ask "{\"op\":\"open\",\"model\":{\"path\":\"$data/external.onnx\",\"weights\":\"$data/weights\"},\"inputs\":[$W]}" \
    '{"op":"run","reps":1}'
is 'weights in another folder' "$(reps)" 1
mkdir "$T/cut"
head -c 8 "$data/weights/w.bin" >"$T/cut/w.bin"
ask "{\"op\":\"open\",\"model\":{\"path\":\"$data/external.onnx\",\"weights\":\"$T/cut\"},\"inputs\":[$W]}"
like 'weights that are cut off' "$T/out" '^FMWORK ERR nomodel 0 0 0 '
ask "$(open external '' "$W")"
like 'weights that are not there' "$T/out" '^FMWORK ERR [a-z]+ 0 0 0 .*w\.bin'

# --- shapes, memory ---
ask "$(open nonzero '' "$N")" '{"op":"run","dims":{"n":40},"reps":20,"seed":3}'
is 'an output whose shape depends on the values' "$(reps)" 20
if nm "$ort" 2>/dev/null | grep -q __asan; then
	skip 'out of memory' 'the sanitizer ends the process'
else
	ask "$(open outer '' "$N")" '{"op":"run","dims":{"n":8},"reps":2}' \
	    '{"op":"run","dims":{"n":8000000},"input":8000000,"output":1,"batch":3,"reps":2}' \
	    '{"op":"run","dims":{"n":9},"reps":2}'
	like 'out of memory is a result' "$T/out" '^FMWORK ERR oom 8000000 1 3 run: ONNX Runtime: .*256000000000000'
	is 'and the next point is measured' "$(reps)/$(answers | tail -n 1)" '4/FMWORK OK'
fi
ask "$(open linear '' '{"name":"z","type":"float","shape":[1,3]}')" '{"op":"run","reps":1}' \
    "$(open linear '' '{"name":"x","type":"int64","shape":[1,3]}')" '{"op":"run","reps":1}' \
    "$(open linear '' '{"name":"x","type":"float","shape":[1,4]}')" '{"op":"run","reps":1}'
is 'inputs that the model does not take' "$(answers | cut -d' ' -f2,3 | tr '\n' ';')" \
    'OK;ERR internal;OK;ERR internal;OK;ERR internal;'
ask "$(open sequence '' "$N")" '{"op":"run","dims":{"n":3},"reps":2}'
is 'a sequence can be measured' "$(reps)" 2

# --- infer ---
# npy FILE DESCR SHAPE: an array of the bytes on stdin
npy() {
	{ printf '\223NUMPY\001\000\166\000'
	printf "%-117s\n" "{'descr': '$2', 'fortran_order': False, 'shape': $3, }"
	cat; } >"$1"
}
floats='\000\000\200\077\000\000\000\100\000\000\000\300' # 1 2 -2
printf "$floats" | npy "$T/row.npy" '<f4' '(1, 3)'
printf "$floats" | npy "$T/three.npy" '<f4' '(3,)'
printf "$floats" | npy "$T/ints.npy" '<i4' '(1, 3)'
# infer MODEL INPUTS NAME FILE: leaves outputs in $T/o
infer() {
	rm -rf "$T/o"
	ask "$(open "$1" '' "$2")" \
	    "{\"op\":\"infer\",\"inputs\":[{\"name\":\"$3\",\"file\":\"$4\"}],\"outdir\":\"$T/o/deep\"}"
}
numbers() { tail -c +129 "$T/o/deep/$1.npy" | od -An -v "$2" | tr -s ' \n' ' '; }
infer linear "$X" x "$T/row.npy"
is 'infer' "$(answers | tail -n 1)" 'FMWORK OK'
is 'a name as one part of a path, and its values' "$(numbers y_out -tf4)" ' 0 1.25 '
ask "{\"op\":\"open\",\"model\":{\"path\":\"$data/external.onnx\",\"weights\":\"$data/weights\"},\"inputs\":[$W]}" \
    "{\"op\":\"infer\",\"inputs\":[{\"name\":\"x\",\"file\":\"$T/three.npy\"}],\"outdir\":\"$T/o/deep\"}"
is 'with weights from their file' "$(numbers y -tf4)" ' 11 22 28 '
infer types "$N" x "$T/three.npy"
is 'every element type' "$(for f in "$T/o/deep"/*.npy; do
	printf '%s %s;' "$(basename "$f" .npy)" \
	    "$(head -c 128 "$f" | tr -d '\000' | sed -n "s/.*'descr': '\([^']*\)'.*/\1/p")"
done)" 'bfloat16 <V2;bool |b1;double <f8;float <f4;float16 <f2;int16 <i2;int32 <i4;int64 <i8;int8 |i1;uint16 <u2;uint32 <u4;uint64 <u8;uint8 |u1;'
is 'int8' "$(numbers int8 -td1)" ' 1 2 -2 '
is 'int64' "$(numbers int64 -td8)" ' 1 2 -2 '
is 'double' "$(numbers double -tf8)" ' 1 2 -2 '
is 'float16' "$(numbers float16 -tx2)" ' 3c00 4000 c000 '
is 'bfloat16' "$(numbers bfloat16 -tx2)" ' 3f80 4000 c000 '
infer nonzero "$N" x "$T/three.npy"
is 'a shape that depends on the values' "$(numbers where -td8)" ' 0 1 2 '
infer sequence "$N" x "$T/three.npy"
like 'a sequence cannot be written' "$T/out" \
    "ERR usage 0 0 0 output 'parts' is not a tensor but a sequence, map or optional value"
infer twice "$N" x "$T/three.npy"
like 'outputs of one name' "$T/out" \
    'ERR nomodel 0 0 0 the model has 2 outputs, and only 1 names for them'
told() { like "$1" "$T/out" "^FMWORK ERR [a-z]+ 0 0 0 $2\$"; }
infer linear "$X" y "$T/row.npy"
told 'infer: an unknown name' "the model has no input 'y'; it has: x"
infer linear "$X" x "$T/ints.npy"
told 'infer: another type' "input 'x' must be float\[batch,3\], the file has int32\[1,3\]"
infer linear "$X" x "$T/three.npy"
told 'infer: another rank' "input 'x' must be float\[batch,3\], the file has float\[3\]"
infer linear "$X" x "$T/none.npy"
told 'infer: no such file' ".*/none\.npy.*"
ask "$(open linear '' "$X")" "{\"op\":\"infer\",\"inputs\":[],\"outdir\":\"$T/o\"}" \
    '{"op":"infer","inputs":[]}'
told 'infer: a missing one' "input 'x' is missing: float\[batch,3\]"
told 'infer: no folder' 'infer needs "outdir"'
ask "$(open linear '' "$X,$N")" "{\"op\":\"infer\",\"inputs\":[{\"name\":\"x\",\"file\":\"$T/row.npy\"}],\"outdir\":\"$T/req/o\"}"
told 'infer: dimensions that disagree' "input 'x' must be float\[n\], the file has float\[1,3\]"
infer linear "$X" x "$T/row.npy"
rm -rf "$T/o"
ask "$(open linear '' "$X")" "$run1" \
    "{\"op\":\"infer\",\"inputs\":[{\"name\":\"x\",\"file\":\"$T/row.npy\"}],\"outdir\":\"$T/o\"}" "$run1"
is 'infer between runs' "$(reps)/$(ls "$T/o")" 8/y_out.npy
ask "$(open linear '' '{"name":"x","type":"float","shape":["batch",3],"fill":{"file":"'"$T/row.npy"'"}}')" \
    '{"op":"run","dims":{"batch":1},"reps":2}' '{"op":"run","dims":{"batch":2},"reps":2}'
is 'inputs from a file in timed runs' "$(reps)" 2
told 'of the wrong size' "input 'x' must be float\[2,3\], '.*/row\.npy' has float\[1,3\]"
finish
