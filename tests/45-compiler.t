#!/bin/sh
# The backend's own stage of a build: what its compiler makes is kept, found
# again, and made anew for another size, option or version.
. "$(dirname "$0")/lib.sh"
C=$FM_CACHE_DIR
mkdir "$T/bin"
cp "$top/tests/shims/compiler" "$T/bin/fm-backend-compiler"
ln -s "$B/libexec/fm/fm-backend-null" "$T/bin/fm-backend-idle"
export FM_BACKEND_PATH="$T/bin"
cp -r "$top/tests/data/model/bert/model" "$T/bert"
cp "$top/tests/data/ort/batch.onnx" "$T/m.onnx"
stages() { sed -n 's/^FMWORK STAGE \([a-z]*\) [0-9.]* \([a-z]*\) .*/\1 \2/p' "$T/out" | tr '\n' ' '; }
drive() { want_status=$1; shift; run "$want_status" fm-driver --backend compiler --reps 1 "$@"; }

# --- a stage like any other ---
drive 0 "$T/bert" --input_sizes 8 --build_name one
is "the compiler is the last stage" "$(stages)" "import ok check ok build ok "
like "what it prints is its log" "$C/one/log_build.txt" "^compiling model.onnx"
like "all of it" "$C/one/log_build.txt" "^warning: all warnings are in the log"
like "its version is there" "$C/one/log_build.txt" "^chipc 2.1"
is "what it made is named" "$(sed -n 's/^artifact: //p' "$C/one/state.yaml")" out/program.bin
like "and has a hash" "$C/one/state.yaml" "path: out/program.bin"
like "open is given it" "$T/out" '"opened":\{"batch":1,"sequence":8\}'
drive 0 "$T/bert" --input_sizes 8 --build_name one
is "it is made once" "$(stages)" "import cached check cached build cached "
run 0 fm-cache verify
echo x >"$C/one/out/program.bin"
run 1 fm-cache verify
like "verify looks into folders" "$T/out" "^one: 'out/program.bin' has another size"
rm "$C/one/out/program.bin"
run 1 fm-cache verify
like "a missing one" "$T/out" "^one: 'out/program.bin' is missing"
drive 0 "$T/bert" --input_sizes 8 --build_name one --rebuild always --lean_cache
ok "lean: nothing stays of it" test ! -e "$C/one/out"

# --- the key ---
why() { like "$1" "$T/err" "  - $2\$"; is "and nothing else" "$(grep -c '  - ' "$T/err")" 1; }
drive 0 "$T/bert" --input_sizes 8 --build_name one
drive 0 "$T/bert" --input_sizes 8 --build_name one --compiler:cores 2
why "an option" "the options of stage 'build' changed from \{\} to \{\"cores\":\"2\"\}"
drive 0 "$T/bert" --input_sizes 8 --build_name one --compiler:cores 2 --env LEVEL=3
why "the environment" "the env of stage 'build' changed from none to \{\"LEVEL\":\"3\"\}"
COMPILER_VERSION=2.2 drive 0 "$T/bert" --input_sizes 8 --build_name one --compiler:cores 2 --env LEVEL=3
why "a version" "the version of stage 'build' changed from 'chipc 2.1' to 'chipc 2.2'"
drive 0 "$T/m.onnx" --batch_sizes 1 --build_name shape
drive 0 "$T/m.onnx" --batch_sizes 8 --build_name shape
why "a size" "the batch input changed from \[1,128\] to \[8,128\]"
run 0 fm-driver --explain --backend compiler "$T/m.onnx" --batch_sizes 1 --build_name shape
like "explain knows it" "$T/out" "^the batch input changed from \[8,128\] to \[1,128\]"
run 0 fm-cache why shape "$T/m.onnx" -- --backend compiler --batch_sizes 1
like "why, too" "$T/out" "^the batch input changed from \[8,128\] to \[1,128\]"
drive 0 "$T/m.onnx" --batch_sizes 1 --build_name shape --rebuild never
like "never: the other size's" "$T/err" "is used all the same"

# --- one open for each size ---
drive 0 "$T/bert" --input_sizes 8,16 --batch_sizes 1,2
is "each is built" "$(stages)" "import cached check cached build cached import ok check ok build ok import ok check ok build ok import ok check ok build ok "
is "each is opened" "$(grep -c '^FMWORK SETUP' "$T/out")" 4
is "each is measured" "$(grep -c '^FMWORK RES .* BertModel ' "$T/out")" 4
run 0 fm-driver --backend compiler --build_only "$T/bert" --input_sizes 8,16 --batch_sizes 1,2
is "--build_only makes them all" "$(grep -c '^FMWORK STAGE build 0.000000 cached' "$T/out")" 4
drive 0 "$T/bert" --input_sizes 5,6,7 --lean_cache
is "lean: all of them are cleaned" "$(fm-cache list -l | grep -c cleaned)" 3
COMPILER_FAULT=big drive 1 "$T/bert" --input_sizes 8 --batch_sizes 8,1,8,1
is "one that is too large is a row" "$(sed -n 's/^FMWORK \(RES\|ERR oom\) .*/\1/p' "$T/out" | tr '\n' ' ')" \
    "ERR oom RES ERR oom RES "

# npy FILE ROWS: floats[ROWS,128], all of them 0
npy() {
	printf "\\223NUMPY\\001\\000v\\000%-117s\\n" \
	    "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, 128), }" >"$1"
	head -c $(($2 * 512)) /dev/zero >>"$1"
}
mkdir -p "$T/cases/0" "$T/cases/1" "$T/cases/2"
npy "$T/cases/0/batch.npy" 3; npy "$T/cases/1/batch.npy" 5; npy "$T/cases/2/batch.npy" 3
run 0 fm-driver --backend compiler "$T/m.onnx" --infer "$T/cases" --out "$T/o"
is "--infer builds for the sizes of its cases, each once" \
    "$(cat "$C"/obj/*/out/program.bin | grep -c '"batch_size":[35]')" 2

# --- what goes wrong ---
bad() { fault=$1; shift; COMPILER_FAULT=$fault drive "$@" "$T/bert" --input_sizes 4 --build_name bad; }
bad refuse 2
like "a model it refuses" "$T/err" "stage build: operator Frob is not supported"
is "the build has failed" "$(sed -n 's/^build_status: //p' "$C/bad/state.yaml")" failed_build
bad die 4
like "a crash" "$T/err" "stage build: .*exit status 139: Segmentation fault in pass 7"
like "its log says so" "$C/bad/log_build.txt" "^Segmentation fault in pass 7"
bad lies 4
like "what it has not made" "$T/err" "stage build: the backend's artifact 'program.bin' was not made"
bad away 4
like "a file elsewhere" "$T/err" "stage build: the backend's artifact '../../program.bin' is no file of the build"
bad odd 4
like "a use nobody knows" "$T/err" "stage build: the backend's artifact 'x dance' is of no known use"
bad mute 4
like "no version" "$T/err" "backend 'compiler' does not tell its version"
bad none 0
is "repaired" "$(sed -n 's/^build_status: //p' "$C/bad/state.yaml")" successful_build
drive 2
like "without a model nothing is built for it" "$T/err" "there is no program"

# --- sequences ---
echo 'sequence: [import, build]' >"$T/seq.yaml"
drive 0 "$T/bert" --input_sizes 8 --sequence "$T/seq.yaml"
is "a stage of a sequence" "$(stages)" "import ok build ok "
echo 'sequence: [import, build, check]' >"$T/seq.yaml"
drive 2 "$T/bert" --input_sizes 8 --sequence "$T/seq.yaml"
like "the last" "$T/err" "the stage 'build' must be the last"
echo 'sequence: [import, build]' >"$T/seq.yaml"
run 2 fm-driver --backend ort "$T/bert" --input_sizes 8 --sequence "$T/seq.yaml"
like "a backend without" "$T/err" "stage 'build': backend 'ort' has no compiler"

# --- GroqView ---
drive 0 "$T/bert" --input_sizes 8 --build_name plain
run 2 fm-cache open plain --with groqview
like "open explains" "$T/err" "build 'plain' holds nothing for GroqView: .*--groqview"
drive 0 "$T/bert" --input_sizes 8 --build_name plain --groqview
why "it is an input" "the groqview of stage 'build' changed from none to true"
run 4 env "PATH=$B/bin" fm-cache open plain --with groqview
like "or how to get the viewer" "$T/err" "groqview is not installed: it comes with Groq's SDK. The file to open is '.*/view'"
printf '#!/bin/sh\necho "viewer $*"\n' >"$T/bin/groqview"; chmod +x "$T/bin/groqview"
run 0 env "PATH=$T/bin:$PATH" fm-cache open plain --with groqview
like "it is started" "$T/out" "^viewer .*/obj/[0-9a-f]{32}/view\$"
COMPILER_FAULT=blind drive 0 "$T/bert" --input_sizes 8 --groqview
like "a compiler without --groqview: a clear line" "$T/err" \
    "groqview: backend 'compiler' makes nothing that GroqView shows"

# --- in C: the null backend under another name ---
idle() { want_status=$1; shift; run "$want_status" fm-driver --backend idle --reps 1 "$T/bert" --input_sizes 8,9 "$@"; }
idle 0 --idle:artifact program --build_name idle
is "its build" "$(stages)" "import ok check ok build ok "
like "is given to open" "$T/out" '"program":"program"'
like "its log" "$C/idle/log_build.txt" "^compiling for nothing"
like "what it was asked for" "$C/idle/program" '^\{"op":"build","options":.*"inputs":\[\{"name":"input_ids",'
is "one open for all sizes" "$(grep -c '^FMWORK SETUP' "$T/out")" 1
like "its version is fm's" "$C/idle/state.yaml" "version: null [0-9]"
idle 0 --build_name nothing
is "a build that makes nothing" "$(sed -n 's/^artifact: //p' "$C/nothing/state.yaml")" ""
idle 3 --idle:artifact no/folder --build_name idle2
like "one that cannot write" "$T/err" "stage build: .*no/folder"
talk() { printf '%s\n' "$1" | "$B/libexec/fm/fm-backend-$2" | tail -1; }
is "no dir" "$(talk '{"op":"build"}' null)" 'FMWORK ERR usage 0 0 0 build needs "dir"'
is "nothing to build" "$(talk '{"op":"build"}' ort)" "FMWORK ERR usage 0 0 0 backend ort has nothing to build"
is "no artifact" "$(talk '{"op":"open","model":{"artifact":"/no/thing"}}' null)" \
    "FMWORK ERR nomodel 0 0 0 there is no artifact '/no/thing'"
finish
