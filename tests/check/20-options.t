#!/bin/sh
# The option tables against everything that repeats them: man pages,
# completion, tests.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

is 'generated text is fresh (else: make generated)' \
    "$(B=$B tests/check/generated.sh)" ''

# What --help prints, of the program and of each of its commands.
helps() {
	"$1" --help
	"$1" --help | sed -n "/^Commands:/,/^\$/s/^  $1 \([a-z]*\) .*/\1/p" |
	    while read -r sub; do "$1" "$sub" --help; done
}
options() {
	sed -n 's/^  .\{4\}--\([a-z][a-z0-9_]*\).*/\1/p' "$1" | sort -u |
	    grep -vx -e help -e version
}

for p in bin/*/; do
	p=$(basename "$p")
	[ -x "$B/bin/$p" ] || continue
	like "$p has a man page" "man/$p.1" "^\.Nm $p"
	helps "$p" >"$T/help"
	options "$T/help" >"$T/options"
	# A flag can be taken back: --no_NAME.
	{ cat "$T/options"; sed 's/^/no_/' "$T/options"; } >"$T/known"
	sed -n '/BEGIN GENERATED/,/END GENERATED/d
	    s/.*Fl -\([a-z][a-z0-9_]*\).*/\1/p' "man/$p.1" |
	    sort -u | grep -vxFf "$T/known" \
	    -e help -e version >"$T/unknown"
	is "$p: the man page speaks of no other options" \
	    "$(cat "$T/unknown")" ''
	# An option that no test gives is an option that need not work. Tests
	# may give it in either form.
	while read -r o; do
		letter=$(sed -n "s/^  -\(.\), --$o\>.*/\1/p" "$T/help" | head -1)
		grep -rqE -e "--$(echo "$o" | sed 's/_/[-_]/g')\>" \
		    -e "$p.* -${letter:--$o} " \
		    tests/*.t tests/cases examples Makefile 2>/dev/null ||
		    echo "$o"
	done <"$T/options" >"$T/untested"
	is "$p: every option is tested" "$(cat "$T/untested")" ''
done
finish
