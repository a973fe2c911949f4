#!/bin/sh
# Models in Python scripts: found, described, exported, kept as builds, and
# measured by ONNX Runtime and by PyTorch; scripts that behave badly.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/torch.sh
. "$top/tests/torch.sh"
scripts=$top/examples/scripts
ort() { fm-driver --platform cpu --list_devices >/dev/null 2>&1; }
# stage NAME: how the stage ended, of each model
stage() { sed -n "s/^FMWORK STAGE $1 [0-9.]* \\([a-z]*\\) .*/\\1/p" "$T/out" | tr '\n' ' '; }

# --- one script to the end ---
run 0 fm-driver "$scripts/two_models.py" --analyze_only
is 'a warning that it runs' "$(sed "s#$top/##" "$T/err")" \
    'fm-driver: running examples/scripts/two_models.py: be sure that it is safe to run'
sed -n '/^mlp/,/Hash/p' "$T/out" | sed 's/- .*s)/- Ns)/' >"$T/got"
hash=$(sed -n 's/ *Hash: *//p' "$T/got")
cat >"$T/want" <<END
mlp (executed 1x - Ns)
    Model Type:  Pytorch (torch.nn.Module)
    Class:       Sequential (torch.nn.modules.container)
    Location:    two_models.py, line 11
    Parameters:  18696 (<0.1 MB)
    Inputs:      input float32[4,64]
    Hash:        $hash
END
same 'what is told of a model' "$T/got" "$T/want"
is 'two models' "$(grep -c Hash "$T/out")" 2
run 0 fm-driver "$scripts/two_models.py" "$scripts/hello_world.py" --analyze_only --json
ok 'as JSON, of all scripts' "$py" -c 'import json, os, sys
v = json.load(open(sys.argv[1]))
at = [os.path.basename(m["location"]) for m in v]
assert at == ["two_models.py"] * 2 + ["hello_world.py"], at
assert v[0]["hash"] == sys.argv[2] and v[0]["inputs"] == {
    "input": ["float32", 4, 64]}, v[0]' "$T/out" "$hash"
for how in '' --json; do
	# shellcheck disable=SC2086
	fm-driver "$scripts/hello_world.py" --analyze_only $how 2>"$T/err" >/dev/full
	is "a full disk is told $how" \
	    "$? $(grep -c 'cannot write .*No space' "$T/err")" '3 1'
done
build=two_models_$hash
if ort; then
	run 0 fm-driver "$scripts/two_models.py::$hash" --device cpu --reps 5
	is 'a hash names the same model again' \
	    "$(sed -n 's/^FMWORK RES [^ ]* [^ ]* \([^ ]*\) onnx 0 4 .*/\1/p' "$T/out")" \
	    "$build"
	is 'and that one only' "$(grep -c '^FMWORK RES' "$T/out")" 1
	is 'the export is a stage' "$(stage export)" 'ok '
	fm-process --metadata_id x "$T/out" >"$T/json"
	like 'its record' "$T/json" "\"model\": \"$build\""
	is 'it is a build of the cache' "$(fm-cache list)" "$build"
	ok 'with the inputs of the script' test -s "$T/cache/$build/input.npy"

	run 0 fm-driver "$scripts/two_models.py::$hash" --reps 2 --lean_cache
	is 'which is found again' "$(stage export)" 'cached '
	ok 'lean: without artifacts' test ! -e "$T/cache/$build/model.onnx" \
	    -a ! -e "$T/cache/$build/input.npy"
	ok 'with its logs' test -e "$T/cache/$build/log_export.txt"
	run 0 fm-driver "$scripts/two_models.py::$hash" --explain
	is 'that is a reason' "$(tr '\n' ';' <"$T/out")" \
	    "$build: would be built again;the build is not complete (cleaned);"
	run 2 fm-driver "$scripts/two_models.py::$hash" --rebuild never
	like 'never is never' "$T/err" "build '$build' .*cleaned.*--rebuild never"

	mkdir "$T/other"
	sed 's/seed(0)/seed(1)/' "$scripts/two_models.py" >"$T/other/two_models.py"
	run 0 fm-driver "$T/other/two_models.py" "$scripts/two_models.py" \
	    --build_only --rebuild always
	is 'of each of two scripts, both models' "$(stage export)" 'ok ok ok ok '
	like 'same structure, other weights: another build' "$T/err" \
	    '  - the weights changed from '
	cat "$scripts/hello_world.py" - >"$T/count.py" <<'END'
export = torch.onnx.export


def counted(*args, **kwargs):
    print("exported", file=open(os.environ["COUNT"], "a"))
    return export(*args, **kwargs)


import os
torch.onnx.export = counted
END
	COUNT=$T/count
	export COUNT
	for how in '' '--optimize basic' "--sequence $T/seq.yaml"; do
		echo 'sequence: [import, {optimize: {level: all}}]' >"$T/seq.yaml"
		: >"$COUNT"
		# shellcheck disable=SC2086
		for _ in 1 2; do
			run 0 fm-driver "$T/count.py" --build_only $how
		done
		is "exported once ${how%% *}" "$(cat "$COUNT")" exported
	done
	run 2 fm-driver "$scripts/two_models.py" --build_only --build_name x
	like 'a name is for one' "$T/err" "^fm-driver: --build_name: '.*' has 2 models"

	FM_BIN=$B/bin "$py" "$top/tests/torch/from-python.py" \
	    "$top/share/python" "$scripts/two_models.py" "$T/cache" >"$T/fm" 2>"$T/err"
	is 'from Python' $? 0
	grep -A2 -v '^ok' "$T/fm" | note
else
	skip 'measured' 'ONNX Runtime is not here'
fi
# --- a script that closes its output and goes away; a model without inputs ---
mkdir "$T/odd"
cat >"$T/odd/closes.py" <<'END'
import io, os, sys, threading, torch


class Bare(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.p = torch.nn.Parameter(torch.ones(3))

    def forward(self):
        return self.p * 2


bare = Bare()
bare()
fc = torch.nn.Linear(4, 4)
thread = threading.Thread(target=fc, args=(torch.rand(7, 4),))
thread.start()
thread.join()
os.chdir("/")
sys.stdin.close()
sys.stdout.close()
sys.stderr = io.StringIO()
END
run 0 fm-driver "$T/odd/closes.py" --backend torch --reps 2
is 'exported and measured' "$(grep -c '^FMWORK RES .* GraphModule 0 [17] ' "$T/out")" 2
like 'called from a library, in a thread' "$T/out" 'Location:    threading.py, line '

# --- arguments by name, and what is no tensor between them ---
cat >"$T/odd/named.py" <<'END'
import os, torch


class Order(torch.nn.Module):
    def forward(self, a, b=None, c=None, d=None):
        return a + 2 * c - 3 * d


class Between(torch.nn.Module):
    def forward(self, x, plus, y, scale=2.0, mask=None):
        return (x * scale + y if plus else x * scale - y) * mask


class Free(torch.nn.Module):
    def forward(self, *xs, **others):
        return xs[0] - 2 * xs[1] + others["k"] * others["bias"]


torch.manual_seed(0)
a, b, c, d = torch.rand(4, 3).unbind()
wanted = [Order()(a, d=d, c=c), Between()(a, False, b, mask=c),
          Free()(a, b, k=5, bias=d)]
torch.save(wanted, os.environ["WANTED"])
END
run 0 env WANTED="$T/wanted" fm-driver "$T/odd/named.py" --build_only --out "$T/odd"
i=0
while ort && [ $i -lt 3 ]; do
	dir=$(sed -n 's/^FMWORK STAGE export .* ok //p' "$T/out" | sed -n $((i + 1))p)
	fm-driver "$dir/model.onnx" --infer "$dir" --out "$dir/got" 2>"$T/err"
	"$py" - "$T/wanted" $i "$dir"/got/*.npy 2>>"$T/err" <<'END'
import sys, numpy, torch
want = torch.load(sys.argv[1])[int(sys.argv[2])].numpy()
sys.exit(not numpy.allclose(want, numpy.load(sys.argv[3]), 1e-5))
END
	is "each input is fed what it was: ${dir##*/}" $? 0
	i=$((i + 1))
done

run 0 fm-driver "$scripts/multiple_invocations.py" --platform cpu \
    --backend torch --reps 2
like 'the torch backend runs them, too' "$T/out" \
    '^FMWORK RES .* multiple_invocations_[0-9a-f]{8} GraphModule 0 8 '
is 'as programs of its own' "$(fm-cache list |
    sed -n 's/multiple_invocations_.*_torch/x/p' | tr '\n' ' ')" 'x x '
run 0 fm-driver "$scripts/hello_world.py" --dry_run
like 'points without a run' "$T/out" '^cpu	hello_world_[0-9a-f]{8}	0	3	'

# --- models in files ---
mkdir "$T/files"
"$py" -W ignore "$top/tests/torch/files.py" "$T/files" >"$T/made" 2>&1
is 'models in files' $? 0
note <"$T/made"
run 0 fm-driver "$T/files/program.pt2" --analyze_only
like 'what a file has' "$T/out" \
    '^    Inputs:      ids int64\[1,5\] x float32\[1,5,4\]$'
like 'is what it is' "$T/out" 'Model Type:  Pytorch \(torch.export\)'
run 0 fm-driver "$T/files/script.pt" --platform cpu --backend torch \
    --infer "$T/files/in" --inputs "$T/files/in" --expect "$T/files/out"
if ort; then
	run 0 fm-driver "$T/files/script.pt" --infer "$T/files/in" \
	    --inputs "$T/files/in" --out "$T/files/got"
	ok 'the same through ONNX' "$py" -c 'import glob, numpy, sys
a, b = [numpy.load(*glob.glob(d + "/*.npy")) for d in sys.argv[1:]]
assert numpy.allclose(a, b, 1e-4, 1e-5)' "$T/files/got" "$T/files/out"
fi
# find_models PATH MORE: a request to find models
find_models() { printf '{"op":"find","outdir":"%s/found","script":"%s"%s}\n' "$T" "$@"; }
# file NAME MORE: a request to load it
file() { printf '{"op":"open","model":{"kind":"file","path":"%s/files/%s"}%s}\n' "$T" "$@"; }
{
	file script.pt
	file pickled.pt
	file numbers.pt
	file junk.pt2
	file none.pt
	file program.pt2 ',"eval":true'
	file program.pt2 ',"sets":{"model":{"x":1}}'
	file program.pt2 ',"generate":true'
	file program.pt2 ',"compile":true,"sets":{"compile":{"backend":"eager"}}'
	echo '{"op":"run","reps":2}'
	file traced.pt ',"eval":true'
	echo '{"op":"run","reps":2}'
	echo '{"op":"profile"}'
	echo '{"op":"export","hash":"0"}'
	find_models "$T/files/traced.pt" ''
	find_models "$scripts/hello_world.py" ',"hashes":["00000000"],"analyze_only":true'
	find_models "$T/none.py" ''
} >"$T/requests"
"$B/libexec/fm/fm-backend-torch" <"$T/requests" 2>"$T/err" |
    cut -c1-300 >"$T/said"
# says TEXT: some answer
says() { like "  $1" "$T/said" "^FMWORK ERR $1"; }
says "usage .* does not tell the shape of its inputs ids, x: give --inputs DIR with ids.npy"
says "nomodel .*pickled.pt' is no TorchScript file, as torch.jit.save makes them: "
says "nomodel .* input 'n' is int, and only tensors can be given"
says "nomodel .*junk.pt2' is no program that torch.export.save has made: "
says "nomodel .* there is no file '.*/none.pt'"
says "usage .* --eval: '.*' runs in the mode that it was exported in"
says "usage .* is loaded as it is; --model: it takes no arguments"
says 'nomodel .* GraphModule keeps no KV cache: it cannot generate'
is '  both forms run' "$(grep -c '^FMWORK REP' "$T/said")" 4
says 'usage .* a model that is compiled, or comes from a file, has no layers'
says "usage .* no model '0' was found"
like '  shapes that were traced' "$T/said" \
    '^FMWORK FOUND .*"inputs":\{"ids":\["int64",1,5\],"x":\["float32",1,5,4\]\}'
says "nomodel .* has no model '00000000'; it has: [0-9a-f]{8}$"
says "nomodel .* there is no script '.*/none.py'"

# --- all the examples: what is found in each ---
cp "$scripts"/*.py "$T"
for odd in exits forks babbles keras; do
	printf '#!/usr/bin/env python3\n"""%s"""\nimport os, sys, torch\n%s\n' \
	    "$odd" 'm = torch.nn.Linear(4, 4); m(torch.rand(2, 4))' >"$T/$odd.py"
done
cat >>"$T/exits.py" <<'END'
assert sys.argv[1:] == ["--size=8", "x"], sys.argv
assert sys.stdin.read() == ""
sys.exit(3)
END
cat >>"$T/forks.py" <<'END'
if os.fork() == 0:
    print("child")
    m(torch.rand(5, 4))
else:
    os.wait()
    child = os.fork()
    if child == 0:
        import time
        time.sleep(600)
    with open(os.environ["T"] + "/child", "w") as f:
        f.write(str(child))
END
cat >>"$T/babbles.py" <<'END'
os.write(1, b"FMWORK OK\n\xff\xfe" + b"x" * 3000000)
act = torch.nn.ReLU()
act(torch.rand(2, 4))
torch.compile(torch.nn.Linear(3, 3), backend="eager")(torch.rand(1, 3))
END
cat >>"$T/keras.py" <<'END'
import types
keras = types.ModuleType("keras")
class Model: pass
class Dense(Model): pass
keras.Model = Model
sys.modules["keras"] = keras
other = Dense()
class Odd(torch.nn.Module):
    def forward(self, x):
        return torch.linalg.eigvals(x)
odd = Odd(); odd(torch.ones(4, 4))
END
export T
run 1 fm-driver --all --search_dir "$T" --build_only --out "$T/built" \
    --max_depth 1 --script_args --size=8,x --onnx_opset 17
of() { sed -n "s#^FMWORK STAGE export [0-9.]* ok .*/$1_.*#x#p" "$T/out" | wc -l; }
is 'a model and its layer' "$(of hello_world)" 2
is 'two shapes are two builds, a third call adds none' "$(of multiple_invocations)" 2
is 'a model and its parts, one level down' "$(of max_depth)" 3
is 'one before the error' "$(of error_in_the_middle)" 1
is 'parts of a Sequential but not its activation' "$(of two_models)" 4
is 'sys.exit, and nothing to read' "$(of exits)" 1
is 'what a forked child calls is its own' "$(of forks)" 1
ok 'and it ends with the script' "$py" -c 'import os, sys
pid = int(open(sys.argv[1] + "/child").read())
try: state = open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0]
except OSError: state = "gone"
sys.exit(state not in ("gone", "Z", "X"))' "$T"
is 'neither activations nor what is compiled' "$(of babbles)" 1
is 'a failed export does not stop the others' "$(of keras)" 1
like 'how a script failed is said' "$T/err" \
    'error_in_the_middle.py: the script failed: RuntimeError: no data for the second model$'
like 'an exit status, too' "$T/err" 'exits.py: the script failed: exit 3$'
like 'Keras is refused by name' "$T/err" \
    "keras.py: 'Dense' is a Keras model: export it to ONNX"
like 'a failed export is a stage' "$T/out" '^FMWORK STAGE export [0-9.]* failed '
ok 'with this opset' "$py" -c 'import glob, sys
for f in glob.glob(sys.argv[1]): # opset_import { version }, last in the file
    assert open(f, "rb").read().endswith(b"\20\21"), f' "$T/built/hello*/model.onnx"
ok 'inputs lie beside the model' test -s \
    "$(sed -n 's/^FMWORK STAGE export .* ok \(.*hello_world_.*\)/\1/p' "$T/out" | head -n 1)/x.npy"
if ort; then
	run 1 fm-driver "$T/keras.py" --reps 2
	is 'one measured' "$(grep -c '^FMWORK RES' "$T/out")" 1
	like 'and a row of the other' "$T/out" \
	    '^FMWORK ERR nomodel 0 0 0 stage export: '
	ok 'whose log is kept' grep -qs '^failed: ' \
	    "$T"/cache/keras_*/log_export.txt
fi

# --- what is wrong ---
run 2 fm-driver --platform null --analyze_only
like 'a script is needed' "$T/err" 'which model'
run 2 fm-driver --all model
like 'all or one' "$T/err" 'takes everything in --search_dir'
mkdir "$T/empty"
run 2 fm-driver --all --search_dir "$T/empty"
like 'no scripts' "$T/err" 'holds no script'
cat "$scripts/hello_world.py" - >"$T/empty/leaves.py" <<'END'
import os
if os.fork() == 0:
    os._exit(0)
os._exit(7)
END
run 1 fm-driver "$T/empty/leaves.py" --analyze_only
like 'one that leaves at once' "$T/err" 'leaves.py: the script failed: exit 7$'
like 'what it had found is told, too' "$T/out" 'Hash:  '
cat "$scripts/hello_world.py" - >"$T/empty/waits.py" <<'END'
import time
while True:
    try:
        time.sleep(600)
    except Exception:
        pass
END
run 1 fm-driver "$T/empty/waits.py" --analyze_only --timeout 4
like 'a script that never ends' "$T/err" \
    'waits.py: the script failed: did not end within 4 s$'
like 'what it had found is told' "$T/out" 'Hash:  '
finish
