#!/bin/sh
# Models in Python scripts: found, described, exported, measured by ONNX
# Runtime; scripts that behave badly.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/torch.sh
. "$top/tests/torch.sh"
scripts=$top/examples/scripts
ort() { fm-driver --platform cpu --list_devices >/dev/null 2>&1; }

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
if ort; then
	run 0 fm-driver "$scripts/two_models.py::$hash" --platform cpu --reps 5
	is 'a hash names the same model again' \
	    "$(sed -n 's/^FMWORK RES [^ ]* [^ ]* \([^ ]*\) onnx 0 4 .*/\1/p' "$T/out")" \
	    "two_models_$hash"
	is 'and that one only' "$(grep -c '^FMWORK RES' "$T/out")" 1
	like 'the export is a stage' "$T/out" \
	    "^FMWORK STAGE export [0-9.]* ok two_models_$hash\$"
	fm-process --metadata_id x "$T/out" >"$T/json"
	like 'its record' "$T/json" "\"model\": \"two_models_$hash\""
	FM_BIN=$B/bin "$py" "$top/tests/torch/from-python.py" \
	    "$top/share/python" "$scripts/two_models.py" >"$T/fm" 2>&1
	is 'from Python' $? 0
	grep -A2 -v '^ok' "$T/fm" | note
else
	skip 'measured' 'ONNX Runtime is not here'
fi

# --- all the examples: what is found in each ---
cp "$scripts"/*.py "$T"
for odd in exits forks babbles keras; do
	printf '#!/usr/bin/env python3\n"""%s"""\nimport os, sys, torch\n%s\n' \
	    "$odd" 'm = torch.nn.Linear(4, 4); m(torch.rand(2, 4))' >"$T/$odd.py"
done
cat >>"$T/exits.py" <<'END'
assert sys.argv[1:] == ["--size=8", "x"], sys.argv
sys.exit(3)
END
cat >>"$T/forks.py" <<'END'
if os.fork() == 0:
    print("child")
    m(torch.rand(5, 4))
else:
    os.wait()
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
run 1 fm-driver --all --search_dir "$T" --build_only --out "$T/built" \
    --max_depth 1 --script_args --size=8,x
of() { sed -n "s/^FMWORK STAGE export [0-9.]* ok $1_.*/x/p" "$T/out" | wc -l; }
is 'a model and its layer' "$(of hello_world)" 2
is 'two shapes are two builds, a third call adds none' "$(of multiple_invocations)" 2
is 'a model and its parts, one level down' "$(of max_depth)" 3
is 'one before the error' "$(of error_in_the_middle)" 1
is 'parts of a Sequential but not its activation' "$(of two_models)" 4
is 'sys.exit' "$(of exits)" 1
is 'what a forked child calls is its own' "$(of forks)" 1
is 'neither activations nor what is compiled' "$(of babbles)" 1
is 'a failed export does not stop the others' "$(of keras)" 1
like 'how a script failed is said' "$T/err" \
    'error_in_the_middle.py: the script failed: RuntimeError: no data for the second model$'
like 'an exit status, too' "$T/err" 'exits.py: the script failed: exit 3$'
like 'Keras is refused by name' "$T/err" \
    "keras.py: 'Dense' is a Keras model: export it to ONNX"
like 'a failed export is a stage' "$T/out" '^FMWORK STAGE export [0-9.]* failed keras_'
like 'inputs lie beside the model' "$T/out" 'ok hello_world_'
ok 'the files' test -s "$T/built/$(sed -n \
    's/.* ok \(hello_world_.*\)/\1/p' "$T/out" | head -n 1)/x.npy"

# --- what is wrong ---
run 2 fm-driver "$scripts/hello_world.py::00000000" --analyze_only
like 'no such hash' "$T/err" "has no model '00000000'; it has: [0-9a-f]{8}$"
run 2 fm-driver "$T/none.py"
like 'no such script' "$T/err" "there is no script '.*/none.py'"
run 2 fm-driver --platform null --analyze_only
like 'a script is needed' "$T/err" 'which model'
run 2 fm-driver --all model
like 'all or one' "$T/err" 'takes everything in --search_dir'
mkdir "$T/empty"
run 2 fm-driver --all --search_dir "$T/empty"
like 'no scripts' "$T/err" 'holds no script'
printf '#!/usr/bin/env python3\n"""Never ends."""\nimport time\ntime.sleep(600)\n' \
    >"$T/empty/waits.py"
run 4 fm-driver "$T/empty/waits.py" --analyze_only --timeout 8
like 'a script that never ends' "$T/err" 'no answer|timeout|within'
run 0 fm-driver "$scripts/hello_world.py" --build_only --onnx_opset 15 \
    --out "$T/old"
ok 'an opset' grep -q . "$T/old"/hello_world_*/model.onnx
finish
