#!/bin/sh
# The rules of the code, checked on the objects: who uses whom, who may print
# or end the program, which functions nobody may call, no variables in the
# library. Reads nm, not the sources.
. "$(dirname "$0")/../lib.sh"

obj=$B/obj
[ -d "$obj/lib" ] || skip_all 'nothing is built'
cd "$obj" || exit 1
! nm lib/buf.o | grep -q __asan || skip_all 'sanitizers change the objects'

# Every symbol of every object: file, section ("*UND*"), name. Only objects
# whose source is still there count.
find lib bin backends -name '*.o' 2>/dev/null | sort | while read -r o; do
	[ ! -f "$top/${o%.o}.c" ] || nm -f sysv "$o" |
	    awk -F '|' -v o="$o" 'NF == 7 { gsub(/ /, "")
		print o, ($3 == "U" ? "*UND*" : $7), $1 }'
done >"$T/symbols"

# none NAME FILE: FILE is empty
none() {
	if [ -s "$2" ]; then fail "$1"; note <"$2"; else pass "$1"; fi
}

# --- layers: a module uses only what stands before it. A module has the file
# of its name, those that begin with its name and '_', and those after '='.
cat >"$T/layers" <<'X'
0 alloc buf err strs num clock log
1 io opt json yaml csv hash stat tensor fill npy cpus
1 pyval=pyarith,pylit,pyrepr subopt host compare=judge expr
2 record sweep proc noise cache model
3 prog peer=pump backend=feed,hangup
X
awk -v layers="$T/layers" '
function module(o) {
	if (o ~ /^lib\/model\//) return "model"
	sub(/^lib\//, "", o); sub(/\.o$/, "", o)
	if (o in part) return part[o]
	if (!(o in place)) sub(/_.*/, "", o)
	return o
}
function add(word, at,    w, parts, i) {
	split(word, w, "=")
	place[w[1]] = ++n; layer[w[1]] = at
	for (i = split(w[2], parts, ","); i > 0; i--) part[parts[i]] = w[1]
}
BEGIN {
	while ((getline <layers) > 0)
		for (i = 2; i <= NF; i++) add($i, $1)
}
$1 !~ /^lib\// { next }
{
	m = module($1)
	if (!(m in place) && !seen[$1]++) print $1 ": in no layer"
	if ($2 == "*UND*") uses[m, $3] = $1; else home[$3] = m
}
END {
	for (u in uses) {
		split(u, p, SUBSEP)
		to = home[p[2]]
		if (to != "" && place[to] > place[p[1]])
			print uses[u] " (layer " layer[p[1]] ") uses " p[2] \
			    " of " to " (layer " layer[to] ")"
	}
}' "$T/symbols" | sort >"$T/found"
none 'modules use only what stands before them' "$T/found"

# --- only alloc, prog and backend end the program or print; io knows stdout
# as the file that "-" names, and proc ends a child that cannot be started.
awk '$1 ~ /^lib\// && $2 == "*UND*" &&
    $1 !~ /^lib\/(alloc|prog|backend)\.o/ &&
    $3 ~ /^(exit|_exit|_Exit|quick_exit|abort|raise|v?printf|puts|putchar|perror|psignal|v?errx?|v?warnx?|stderr|stdout|__printf_chk)$/ &&
    !($1 == "lib/io.o" && $3 == "stdout") &&
    !($1 == "lib/proc.o" && $3 == "_exit") { print $1 " uses " $3 }' \
    "$T/symbols" >"$T/found"
none 'the library neither prints nor exits' "$T/found"

# --- no variables; fm_buf_empty is the text of every empty buffer
awk '$1 ~ /^lib\// && $2 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ &&
    $2 !~ /^\.data\.rel\.ro/ && $3 != "fm_buf_empty" {
	print $1 " has the variable " $3 " (" $2 ")" }' \
    "$T/symbols" >"$T/found"
none 'the library has no variables' "$T/found"

# --- each vendor library in one place; json_t is everywhere above layer 0
awk '$2 != "*UND*" { next }
$3 ~ /^yaml_/ && $1 != "lib/yaml.o" ||
$3 ~ /^csv_/ && $1 != "lib/csv.o" ||
$3 ~ /^XXH/ && $1 != "lib/hash.o" ||
$3 ~ /^(protobuf_c|onnx__)/ && $1 !~ /^lib\/model\// ||
$3 ~ /^dl(open|sym)$/ && $1 !~ /^backends\// ||
$3 ~ /^json_/ && $1 ~ /^lib\/(alloc|buf|clock|err|log|num|strs)\.o/ {
	print $1 " uses " $3 }' "$T/symbols" >"$T/found"
none 'a vendor library is used in one module' "$T/found"

# --- functions with no good use here
awk '$2 == "*UND*" { sub(/^__/, "", $3); sub(/_chk$/, "", $3) }
$2 == "*UND*" && $3 ~ /^(system|popen|strcpy|stpcpy|strcat|strncat|v?sprintf|ato[ilf]|atoll|strtok|gets|tmpnam|tempnam|mktemp|setlocale|alloca|rand|srand|localtime|gmtime|ctime|asctime)$/ {
	print $1 " uses " $3 }' "$T/symbols" >"$T/found"
none 'nobody calls a banned function' "$T/found"

# --- names
find lib -name '*.o' | while read -r o; do
	[ ! -f "$top/${o%.o}.c" ] || nm -g --defined-only "$o" |
	    awk -v o="$o" '$3 !~ /^fm_/ { print o " exports " $3 }'
done >"$T/found"
none 'what the library exports is called fm_' "$T/found"
finish
