#!/bin/sh
# fm-driver --setup torch against a stand-in for python3: what it asks for,
# and what it says when that fails.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"

# Makes an environment whose Python notes what pip is asked for, and has all
# packages after the last one; $T/refuse names what pip refuses.
cat >"$T/python" <<'X'
#!/bin/sh
case "$*" in
'-m venv '*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
*'pip install'*)
	echo "${*##*--disable-pip-version-check }" >>"$T/asked"
	! grep -qF -e "$(cat "$T/refuse")" "$T/asked" ;;
*find_spec*) grep -q transformers "$T/asked" ;;
esac
X
chmod +x "$T/python"
mkdir "$T/none"
printf '#!/bin/sh\nexit 1\n' >"$T/none/nvidia-smi"
chmod +x "$T/none/nvidia-smi"
export T PYTHON="$T/python" PATH="$T/none:$PATH"
setup() { "$top/share/setup/torch.sh" --libexec "$T/l"; }

echo nothing >"$T/refuse"
: >"$T/asked"
run 0 setup
printf '%s\n' 'torch==2.13.0+cpu' 'transformers>=4.50 onnx onnxscript' \
    >"$T/want"
same 'without a GPU: the build for processors' "$T/asked" "$T/want"
ok 'into an environment of its own' test -x "$T/l/torch-venv/bin/python"
run 0 setup
is 'nothing left to do, nothing said' "$(cat "$T/err")" ''
same 'nor asked for' "$T/asked" "$T/want"

rm -r "$T/l"
: >"$T/asked"
printf '#!/bin/sh\necho GPU 0\n' >"$T/none/nvidia-smi"
run 0 setup
is 'with a GPU: the other one' "$(head -n 1 "$T/asked")" 'torch==2.13.0'

rm -r "$T/l"
: >"$T/asked"
echo torch >"$T/refuse"
run 1 setup
like 'torch is not to be had' "$T/err" '^setup: could not install torch 2.13.0'
PYTHON=$T/nosuch
run 1 setup
like 'no Python' "$T/err" "^setup: no '.*nosuch': install python3\$"

run 2 fm-driver --setup nosuch
like 'nothing to set up' "$T/err" "^fm-driver: --setup: there is none for 'nosuch'\$"
mkdir -p "$T/p/bin" "$T/p/share"
cp "$B/bin/fm-driver" "$T/p/bin"
ln -s "$top/share" "$T/p/share/fm"
run 1 "$T/p/bin/fm-driver" --setup torch
like 'through fm-driver' "$T/err" "^setup: no '.*nosuch'"
finish
