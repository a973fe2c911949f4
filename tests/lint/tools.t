#!/bin/sh
# What other people's checkers say about the sources: the formatter, cppcheck
# and clang-tidy. Each finding is one line of the report.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

sources=$(find lib bin backends -name '*.c' 2>/dev/null | sort)
tests=$(find tests -name '*.c' | sort)
headers=$(find lib bin backends tests -name '*.h' 2>/dev/null | sort)
# clean NAME TOOL COMMAND...: the command prints nothing and succeeds
clean() {
	name=$1 tool=$2
	shift 2
	if ! command -v "$tool" >/dev/null; then
		skip "$name" "no $tool"
	elif "$@" >"$T/found" 2>&1 && [ ! -s "$T/found" ]; then
		pass "$name"
	else
		fail "$name"
		grep -E 'error|warning|style|performance|portability' \
		    "$T/found" | head -60 | note
	fi
}

# Versions of the formatter differ; the tree is formatted by 14.
format=$(command -v clang-format-14 || command -v clang-format)
case $("${format:-false}" --version 2>/dev/null) in
*' 14.'*)
	# shellcheck disable=SC2086
	clean 'formatted as .clang-format says' "$format" \
	    "$format" --dry-run -Werror $sources $tests $headers
	;;
*) skip 'formatted as .clang-format says' 'no clang-format 14' ;;
esac

# shellcheck disable=SC2086
clean cppcheck cppcheck cppcheck -q -j2 --std=c11 --inline-suppr \
    --error-exitcode=1 --enable=warning,style,performance,portability \
    --suppress=missingIncludeSystem --suppress=variableScope \
    --suppress=redundantContinue --suppress=unusedStructMember \
    '-Djson_object_foreach(o,k,v)=for(v=first(o,&k);v;v=next(o,&k))' \
    '-Djson_array_foreach(a,i,v)=for(i=0;i<length(a)&&at(a,i,&v);i++)' \
    -Ilib $sources

# It counts the warnings it does not show. Flags: compile_flags.txt.
# shellcheck disable=SC2317,SC2086
tidy() {
	printf '%s\n' $sources | xargs -P2 -n4 clang-tidy --quiet 2>&1 |
	    sed '/^[0-9]* warnings\{0,1\} generated\.$/d'
}
clean clang-tidy clang-tidy tidy
finish
