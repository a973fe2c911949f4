#!/bin/sh
# Makes the Python environment of the torch backend: a virtual environment
# beside the backend with PyTorch, transformers and what exports to ONNX.
# Says nothing when it is there and complete.
#
# usage: torch.sh [--libexec DIR]
#
# The environment is DIR/torch-venv (DIR: build/libexec/fm). Without an NVIDIA
# GPU the build of PyTorch for processors is taken, if pip knows where it is
# (PIP_EXTRA_INDEX_URL). PYTHON names another
# python3, PIP_* settings are pip's own. Exit: 0, or 1 when something lacks.
set -u
TORCH=2.13.0
PACKAGES='transformers>=4.50 onnx onnxscript'

libexec=build/libexec/fm
python=${PYTHON:-python3}

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }
complete() {
	"$venv/bin/python" -c \
	    'import importlib.util as u, sys
sys.exit(not all(map(u.find_spec, ("torch", "transformers", "onnxscript"))))' \
	    >/dev/null 2>&1
}
pip() {
	"$venv/bin/python" -m pip install --quiet \
	    --disable-pip-version-check "$@"
}
has_gpu() { nvidia-smi -L 2>/dev/null | grep -q GPU; }

# The package for processors is a tenth of the one for GPUs.
torch() {
	if has_gpu; then
		pip "torch==$TORCH"
	else
		pip "torch==$TORCH+cpu" 2>/dev/null || pip "torch==$TORCH"
	fi
}

while [ $# -gt 0 ]; do
	case $1 in
	--libexec) libexec=${2:?}; shift 2 ;;
	*) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
	esac
done
venv=$libexec/torch-venv
! complete || exit 0
command -v "$python" >/dev/null || fail "no '$python': install python3"
mkdir -p "$libexec" || exit 1
if [ ! -x "$venv/bin/python" ]; then
	"$python" -m venv "$venv" ||
	    fail "cannot make '$venv': install python3-venv"
fi
say "installing PyTorch $TORCH and transformers into $venv"
torch || fail "could not install torch $TORCH: see above"
# shellcheck disable=SC2086
pip $PACKAGES || fail "could not install transformers: see above"
complete || fail "'$venv' is not complete: remove it and try again"
