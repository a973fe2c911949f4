#!/bin/sh
# The system fails at the worst moment: full disks, failing syncs and renames,
# no memory, interrupted calls. What is said, what is left behind.
. "$(dirname "$0")/lib.sh"
! sanitized || skip_all 'the sanitizers want to be loaded first'

so=$B/tests/preload/fault.so
[ -f "$so" ] || skip_all 'no library of faults'
# with FAULT COMMAND...
with() {
	fault=$1
	shift
	env FM_FAULT="$fault" LD_PRELOAD="$so" "$@"
}
null() { with "$1" fm-driver --platform null --reps 3; }

mkdir "$T/dir"
fm-driver --platform null --reps 3 >"$T/log"

# --- the driver's log

for fault in 'write:1!:EINTR' 'write:2!:EINTR' 'write:2!:EAGAIN'; do
	run 0 null "$fault"
	is "$fault: nothing is lost" "$(grep -c 'FMWORK RE[PS]' "$T/out")" 4
done
run 3 null write:2:ENOSPC
is 'full disk: says so once' "$(cat "$T/err")" \
    'fm-driver: cannot write the log: No space left on device'
for at in 3 4 5 6 7 8; do
	null write:$at:EIO >"$T/out" 2>"$T/err"
	rc=$?
	case $rc in
	0 | 3 | 4) pass "write $at fails: status $rc" ;;
	*) fail "write $at fails: status $rc" ;;
	esac
	is "write $at fails: no line is torn" "$(tail -c 1 "$T/out")" ''
done
if [ -w /dev/full ]; then
	fm-driver --platform null --reps 3 >/dev/full 2>"$T/err"
	is 'the driver on a full disk: status' $? 3
	fm-process "$T/log" >/dev/full 2>"$T/err"
	is 'fm-process on a full disk: status' $? 3
	like 'fm-process on a full disk: says so' "$T/err" \
	    'No space left on device'
else
	skip 'a full disk' 'no /dev/full'
fi

# closed COMMAND...: standard output is closed from the beginning
closed() {
	"$@" >&- 2>"$T/err"
	is "closed output: $1: status" $? 3
	like "closed output: $1: says so" "$T/err" 'Bad file descriptor'
}
closed fm-driver --platform null --reps 3
closed fm-process "$T/log"
closed fm-cache --help
fm-driver --platform null --reps 3 --log "$T/other" >&- 2>"$T/err"
is 'closed output: nobody needs it' $? 0

# --- a file that exists only when it is complete

cd "$T/dir" || exit 1
for fault in fsync:1:EIO rename:1:EACCES; do
	echo before >records.json
	run 3 with $fault fm-process -o records.json "$T/log"
	like "$fault: says so" "$T/err" "cannot write 'records.json'"
	is "$fault: the old file is as it was" "$(cat records.json)" before
	is "$fault: nothing is left behind" "$(ls)" records.json
done
run 3 with open:1:EMFILE fm-process "$T/log"
like 'no descriptors: says so' "$T/err" 'Too many open files'

# --- memory

for at in 1 2 3 5 8 13 21 34 55 89; do
	with malloc:$at fm-process "$T/log" >"$T/out" 2>"$T/err"
	is "allocation $at of fm-process fails: status" $? 3
	like '... and says so' "$T/err" 'out of memory'
	with malloc:$at fm-driver --platform null --reps 3 \
	    >"$T/out" 2>"$T/err"
	is "allocation $at of fm-driver fails: status" $? 3
done
finish
