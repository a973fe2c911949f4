#!/bin/sh
# Prepares the model here and measures it on another machine, which has the
# backend and sees the model under the same path.
#
#   examples/remote.sh HOST FOLDER-OF-BACKENDS-THERE MODEL OPTIONS...
set -u
host=$1 there=$2 model=$3
shift 3
exec fm-driver "$model" --via "ssh -T $host $there/" "$@"
