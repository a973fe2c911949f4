#!/bin/sh
# What the manual pages, README and examples/ tell people to type: every such
# line runs as it stands, but for the number of repetitions. In a manual page these are the lines that begin
# with "$ " under EXAMPLES, in README.md the indented ones.
. "$(dirname "$0")/lib.sh"

# A folder like that of a reader: programs in the path, models, a log, and
# other machines that are this one.
mkdir -p "$T/here/models" "$T/bin" || exit 1
cd "$T/here" || exit 1
ln -s "$B" build
ln -s "$top/examples" "$top/share" "$top/tests" .
ln -s "$top/examples/models/granite-embedding-125m-english" models/
if [ -f "$minilm/model.safetensors" ]; then
	ln -s "$minilm" models/all-MiniLM-L6-v2
else
	ln -s "$top/examples/models/all-MiniLM-L6-v2" models/
fi
cat >"$T/bin/ssh" <<'X'
#!/bin/sh
[ "$1" = -T ] && shift 2 && exec sh -c "$*"
X
cat >"$T/bin/make" <<'X'
#!/bin/sh
echo "$@" >>"$T/made"
X
chmod +x "$T/bin"/*
PATH=$T/bin:$PATH
export T PATH
ln -s "$top/examples/models/all-MiniLM-L6-v2" models/granite
fm-driver models/granite --build_only --build_name granite \
    --load_format dummy >build.log 2>&1 || note <build.log
fm-driver --platform null -i 8,16 --reps 5 >run.log
fm-process run.log >null.json

# Commands of a page, one a line; a line that ends in "|" or "\" goes on.
of_page() {
	awk '/^\.Sh/ { on = /EXAMPLES/ } !on { next }
	/^\.Dl \$ / { sub(/^\.Dl \$ /, ""); print; next }
	/^\.Bd -literal/ { text = 1; next }
	/^\.Ed/ { text = 0; next }
	text && /^\$ / { sub(/^\$ /, ""); more = 1 }
	text && more {
		gsub(/\\e/, "\\"); more = /(\\|\|)$/; sub(/\\$/, "")
		printf more ? "%s " : "%s\n", $0
	}' "$1"
}
of_readme() {
	awk '/^    \$ / { sub(/^    \$ /, ""); more = 1 }
	more { more = /(\\|\|)$/; sub(/\\$/, "")
		printf more ? "%s " : "%s\n", $0 }' "$1"
}
# try COMMANDS-FILE NAME: each command in one shell, as a person would type
# them one after another; "cd" lasts until the end of the page.
try() {
	while IFS= read -r line; do
		printf '%s\n' "$line" | sed "s#/opt/fm/libexec#$B/libexec#g
		    s/--reps [0-9]*/--reps 3/"
	done <"$1" >"$T/lines"
	here=.
	while IFS= read -r line; do
		case $line in
		'cd '*)
			here=${line#cd }
			[ -d "$here" ] && continue
			skip "$2: $line" 'no such folder here'
			break
			;;
		esac
		(cd "$here" && eval "$line") >"$T/out" 2>"$T/err" </dev/null
		rc=$?
		case $rc:$line in
		0:* | 1:*fault*) pass "$2: $line" ;;
		*)
			fail "$2: $line"
			{ echo "status $rc"; tail -n 5 "$T/err"; } | note
			;;
		esac
	done <"$T/lines"
}
if [ ! -e "$B/libexec/fm/libonnxruntime.so.1" ] &&
    ! ldconfig -p 2>/dev/null | grep -q libonnxruntime.so; then
	skip_all 'no ONNX Runtime'
fi
for page in "$top"/man/*.[1-9]; do
	of_page "$page" >"$T/commands"
	try "$T/commands" "$(basename "$page")"
done
of_readme "$top/README.md" >"$T/commands"
ok 'README.md shows commands' [ -s "$T/commands" ]
try "$T/commands" README.md

# --- examples/

run 0 examples/nightly.sh history --platform null --reps 5
run 0 examples/nightly.sh history --platform null --reps 5
is 'nightly.sh keeps a history' "$(wc -l <history/history.jsonl)" 2
run 1 examples/nightly.sh history --platform null -i 1,2 --null:fault oom@2
run 0 examples/overhead.sh 1000
like 'overhead.sh prints nanoseconds' "$T/out" '^median [0-9]+ p99 [0-9]+$'
run 0 examples/remote.sh node7 "$B/libexec/fm" "$PWD/models/all-MiniLM-L6-v2" \
    --reps 3 -i 8
like 'remote.sh measures' "$T/out" '^FMWORK RES .* 8 1 '
run 0 env FM_BACKEND_PATH=examples fm-driver --backend sleep --reps 3 \
    --sleep:seconds 0.02
like 'a backend in shell measures' "$T/out" \
    '^FMWORK REP 3 3 [0-9]+\.[0-9]{9} [0-9]+\.[0-9]{9} 0\.[0-9]{9}$'
run 0 examples/table.sh null.json
is 'table.sh prints a line for each record' "$(wc -l <"$T/out")" 3
finish
