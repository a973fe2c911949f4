#!/bin/sh
# Text that is made from the option tables and committed: bash completion, and
# in the man pages what stands between two lines
#
#     .\" BEGIN GENERATED fm-driver --synopsis
#     .\" END GENERATED
#
# of which the first names the command that prints it. Prints the names of the
# files that are stale, status 1 then; with --write brings them up to date.
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$top/build}
PATH=$B/bin:$PATH
export PATH
new=$(mktemp) || exit 3
trap 'rm -f "$new"' EXIT
write=$1 status=0
cd "$top" || exit 3

# settle FILE: is $new what it should hold?
settle() {
	cmp -s "$new" "$1" && return
	if [ "$write" = --write ]; then
		cat "$new" >"$1"
	else
		echo "$1"
		status=1
	fi
}

[ "$write" != --write ] || mkdir -p share/completion
for p in bin/*/; do
	[ -d "$p" ] || continue
	p=$(basename "$p")
	"$p" --bash_completion >"$new" || status=1
	settle "share/completion/$p"
done
for page in man/*.1; do
	[ -f "$page" ] || continue
	awk '/^\.\\" END GENERATED/ { inside = 0 }
	!inside { print }
	/^\.\\" BEGIN GENERATED/ {
		inside = 1
		sub(/.*GENERATED */, "")
		if (system($0) != 0) exit 1
		fflush()
	}' "$page" >"$new" || { echo "$page: a command failed"; status=1; }
	settle "$page"
done
exit $status
