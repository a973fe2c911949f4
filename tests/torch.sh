# For tests of the torch backend: finds the Python, as the backend does.
# shellcheck shell=sh disable=SC2154,SC2034
# Source it after lib.sh; skips the test when torch or transformers is not
# there. Nothing is fetched from a hub.
HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
export HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
py=${FM_PYTHON:-$B/libexec/fm/torch-venv/bin/python}
[ -n "${FM_PYTHON:-}" ] || [ -x "$py" ] || py=python3
"$py" -c 'import importlib.util as u, sys
sys.exit(not all(map(u.find_spec, ("torch", "transformers"))))' 2>/dev/null ||
    skip_all 'no torch and transformers: fm-driver --setup torch, or FM_PYTHON'
export FM_PYTHON="$py"
# A GPU is tested where there is one.
gpu=$("$py" -c 'import os, shutil
print("cuda" if shutil.which("nvidia-smi") and os.path.exists("/dev/nvidia0")
      else "")')
