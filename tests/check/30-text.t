#!/bin/sh
# What can be said about the sources by looking at their text: how files
# begin, how long they are, words that must not stand in them.
# shellcheck disable=SC2086
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

c=$(find lib bin backends tests -name '*.[ch]' 2>/dev/null)
scripts=$(find share tests examples .ci backends \
    \( -name '*.sh' -o -name '*.t' -o -name '*.py' -o -path .ci/run \) \
    2>/dev/null)
sh=$(echo "$scripts" | grep -v '\.py$')
# Everything a person wrote; data of tests is not looked at.
text=$(find . -type f ! -path './build*' ! -path './.git*/*' ! -name .git \
    ! -path './tests/cases/*' ! -path './tests/data/*' \
    ! -path './tests/fuzz/*/*' ! -name '*.json' -exec grep -Il . {} +)

# found NAME: nothing was
found() {
	if [ -s "$T/found" ]; then
		fail "$1"
		head -40 "$T/found" | note
	else
		pass "$1"
	fi
}

# --- C

awk 'FNR == 1 { if (n && n < 3) print file ": " n " lines"
		n = 0; on = /^\/\*/; file = FILENAME
		if (!on) print file ": does not begin with a comment" }
/^\/\* Written by .* \*\/$/ { n = 3 } # a table that a script made
on { n++ }
/\*\// { on = 0 }
END { if (n < 3) print file ": " n " lines" }' $c >"$T/found"
found 'a C file begins by saying what it is'

# A function is what stands between braces in column 0.
awk '/^[a-z].*\(/ { name = $1 } /^\{/ { from = FNR }
/^\}/ && from { if (FNR - from > 100)
	print FILENAME ": " name " " FNR - from " lines"
	from = 0 }' $c >"$T/found"
found 'no function is over 100 lines'

grep -nE '\<(system|popen|strcpy|strcat|v?sprintf|ato[ilf]|strtok|tmpnam|gets) *\(' \
    $c >"$T/found"
found 'nobody calls a banned function'

# --- scripts

awk 'FNR == 1 { said = /^"""/ }
FNR == 2 && !said && !/^(#|""")/ {
	print FILENAME ": does not begin with a comment" }' $scripts >"$T/found"
found 'a script begins by saying what it is'

if command -v shellcheck >/dev/null; then
	shellcheck $sh >"$T/found"
	found shellcheck
else
	skip shellcheck 'no shellcheck'
fi

# --- all

wc -l $c $scripts | awk '$1 > 600 && $2 != "total"' >"$T/found"
found 'no file is over 600 lines'
grep -nE '[[:space:]]+$' $text >"$T/found"
found 'no line ends in a blank'
grep -nwE 'TOD[O]|FIXM[E]|XX[X]' $text >"$T/found"
found 'open questions are marked NEEDSWORK'
grep -niE 'pypi[.]org|[p]ythonhosted|[n]pmjs|deb[.]debian|[/]work/|tmp/[v]env' \
    $text >"$T/found"
found 'no package host, no folder of one machine'

if command -v mandoc >/dev/null; then
	for page in man/*.[1-9]; do
		[ ! -f "$page" ] || mandoc -Tlint -Wwarning "$page"
	done >"$T/found"
	found 'mandoc finds nothing in the man pages'
else
	skip 'mandoc finds nothing in the man pages' 'no mandoc'
fi
finish
