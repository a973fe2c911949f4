#!/bin/sh
# A sweep for cron: keeps the log of every run, and appends its records to a
# history.
#
#   examples/nightly.sh FOLDER OPTIONS-OF-FM-DRIVER...
set -u
folder=$1
shift
now=$(date -u +%Y%m%dT%H%M%SZ)
log=$folder/$now.log

mkdir -p "$folder" || exit 3
status=0
# A point that fails is a row with its reason, and status 1.
fm-driver "$@" >"$log" || status=$?
fm-process --metadata_id "$(uname -n)-$now" --format jsonl "$log" \
    >>"$folder/history.jsonl" || status=$?
exit "$status"
