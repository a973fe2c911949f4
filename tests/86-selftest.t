#!/bin/sh
# --selftest: what the harness costs, and what can be told apart.
. "$(dirname "$0")/lib.sh"

fm-driver --selftest >"$T/out" 2>"$T/err" </dev/null
rc=$?
# A machine on which other things run may really not be able.
case $rc in
0) like 'able' "$T/out" '^able to tell 2 % on this machine$' ;;
1) like 'not able' "$T/out" '^NOT able to tell 2 % on this machine as it is' ;;
*) fail "status $rc" ;;
esac
like 'clock' "$T/out" '^clock  *[0-9]* ns a reading, steps of [0-9]* ns$'
like 'timing' "$T/out" '^timing  *[0-9]* ns of an empty repetition'
like 'repetition' "$T/out" '^repetition  *[0-9.]* us from one to the next'
like 'process' "$T/out" '^process  *[0-9.]* ms to start a backend'
is 'two devices, three speeds' \
    "$(grep -c ' of 8 called right, median [+-][0-9.]* %, ' "$T/out")" 6
is 'status 0 says that all were called right' \
    "$([ $rc = 0 ] && grep -c ' 8 of 8 called' "$T/out" || echo 6)" 6
# Times that follow the clock show what was put in, whatever else runs.
awk '/given time/ { on = 1 } /given work/ { on = 0 }
    on && / of 8 / { sub(/.*median/, ""); v[++n] = $1 }
    END { exit !(v[1] < .5 && v[1] > -.5 && v[2] > 1.5 && v[2] < 2.5 &&
	v[3] > 4.5 && v[3] < 5.5) }' "$T/out"
is 'what was put in is found' $? 0

FM_BACKEND_PATH=$T/bin
export FM_BACKEND_PATH
mkdir "$T/bin"
printf '#!/bin/sh\nexit 3\n' >"$T/bin/fm-backend-null"
chmod +x "$T/bin/fm-backend-null"
run 4 fm-driver --selftest
like 'without its device' "$T/err" "backend 'null' died: exit status 3"
finish
