#!/bin/sh
# --host: backend and model are found on another machine or copied there, and
# the points are measured there. First behind a double that does to words what
# ssh does; then, where there is one, behind real sshds on the loopback.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sshd.sh"

shims=$top/tests/shims
set -- --platform null --input_sizes 8,16 --batch_sizes 1,2 --reps 3
export FM_SSH="$shims/rsh" RSH_HOME="$T/it's a \"home\"" RSH_LOCKS="$T/locks"
mkdir -p "$RSH_HOME"

# rows REGEX: how many lines of the log match
rows() { grep -Ec "$1" "$T/out"; }
# What is on a host, with the numbers of the files and without times.
there() {
	(cd "$1/.cache/fm/remote" && find . ! -name '*.pyc' ! -type d |
	    sort | while read -r f; do ls -i "$f"; done)
}
# The log without what differs from run to run.
points() {
	awk '$2 == "KEY" || $2 == "ERR" { print }
	    $2 == "REP" { print $2, $3, $4 }
	    $2 == "RES" { print $2, $5, $6, $7, $8 }
	    /^RUN/ { print }' "$1"
}
# begin COMMAND...: in the background, as $pid
begin() {
	: >"$T/out"
	"$@" >"$T/out" 2>"$T/err" &
	pid=$!
}
mkdir "$T/tmp"
export TMPDIR="$T/tmp"
temporary() { find "$TMPDIR" -maxdepth 1 -name 'fm-ssh.*' | sort; }

# --- what is asked for ---

run 2 fm-driver --backend remote "$@"
like 'remote without a host' "$T/err" '^fm-driver: which host\? --host '
run 2 fm-driver --host , "$@"
like 'a list of none' "$T/err" '^fm-driver: which host\? --host '
run 2 fm-driver --host far --via 'ssh far' "$@"
like 'two ways at once' "$T/err" '--host and --via exclude one another'
run 2 fm-driver --host=-oProxyCommand=true "$@"
like 'an option is no host' "$T/err" \
    "--host: '-oProxyCommand=true' is no name of a host"
run 2 env FM_SSH="ssh 'x" fm-driver --host far "$@"
like 'a quote that is not closed' "$T/err" 'FM_SSH: .*closing quotation mark'
run 2 env FM_SSH=' ' fm-driver --host far "$@"
like 'no words' "$T/err" 'FM_SSH: no words'
run 4 env FM_SSH=/no/such/ssh fm-driver --host far "$@"
like 'no ssh here' "$T/err" \
    "host 'far': cannot start '/no/such/ssh': No such file or directory"

# --- the double ---

temporary >"$T/before"
run 0 fm-driver --host far "$@"
is 'every repetition comes' "$(rows '^FMWORK REP')" 12
is 'every point has its result' "$(rows '^FMWORK RES')" 4
is 'no banner is in the log' "$(rows 'Welcome|message of the day')" 0
there "$RSH_HOME" >"$T/first"
like 'the backend is there' "$T/first" '/libexec/fm/fm-backend-null$'
run 0 fm-driver --host far,far "$@"
there "$RSH_HOME" >"$T/second"
same 'the next time nothing is copied' "$T/second" "$T/first"
is 'nothing half copied lies about' \
    "$(find "$RSH_HOME/.cache/fm/remote/files" -name '.*')" ''
run 0 env FM_HOST=far fm-driver --backend remote "$@"
is 'the hosts of FM_HOST' "$(rows '^FMWORK RES')" 4
temporary >"$T/after"
same 'no folder is left here' "$T/after" "$T/before"

run 0 env RSH_BANNER=64 fm-driver --host far "$@"
is '64 lines of a banner' "$(rows '^FMWORK RES')" 4

# Shells that people have chosen to log in with.
for shell in dash bash 'busybox sh' zsh ksh mksh csh tcsh fish; do
	if ! command -v "${shell%% *}" >"$T/.which"; then
		skip "login shell $shell" 'not installed'
		continue
	fi
	rm -rf "$RSH_HOME/.cache"
	RSH_SHELL=$shell fm-driver --host far "$@" >"$T/out" 2>"$T/err"
	is "login shell $shell" "$(rows '^FMWORK RES')" 4
done

run 4 fm-driver --host down "$@"
is 'a host that does not answer: one line' "$(cat "$T/err")" \
    "fm-driver: host 'down': ssh: connect to host down port 22: Connection refused"
is 'which is a row' "$(rows '^FMWORK ERR died 0 0 0 host .down.')" 1

# A backend that dies over there is no connection that is lost.
run 1 fm-driver --host far --null:fault die@3 "$@"
is 'one that dies costs its point' "$(rows '^FMWORK RES')" 3
is 'which is a row' "$(rows '^FMWORK ERR died 8 1 2 ')" 1
is 'the connection is not lost' "$(grep -c 'lost' "$T/err")" 0

run 0 env RSH_HOME="$T/other" fm-driver --host far --list_devices \
    --platform null
run 0 fm-driver --host far --dry_run "$@"

# --- where nothing can be written ---

run 3 env RSH_HOME=/dev/null fm-driver --host far "$@"
like 'no place: host and path' "$T/err" \
    "host 'far': cannot write '/dev/null/.cache/fm/remote': mkdir: .*"
is 'in one line' "$(wc -l <"$T/err")" 1
mkdir "$T/full"
run 3 env RSH_HOME="$T/full" RSH_BLOCKS=8 fm-driver --host far "$@"
like 'a full disk: host and path' "$T/err" \
    "host 'far': cannot write '$T/full/.cache/fm/remote/files/[0-9a-f]*': "
is 'nothing half written is left' \
    "$(find "$T/full" -type f)" ''

# --- other machines ---

mkdir "$T/arm"
printf '#!/bin/sh\necho Linux aarch64\n' >"$T/arm/uname"
chmod +x "$T/arm/uname"
run 4 env RSH_PATH="$T/arm" RSH_HOME="$T/armhome" fm-driver --host far "$@"
like 'another kind of machine' "$T/err" \
    "host 'far' is Linux aarch64, and '.*/fm-backend-null' is not for that; install fm there, or put an 'fm-backend-null' into its PATH"
cp "$B/libexec/fm/fm-backend-null" "$T/arm/"
run 0 env RSH_PATH="$T/arm" RSH_HOME="$T/armhome" fm-driver --host far "$@"
is 'which has a backend of its own' "$(rows '^FMWORK RES')" 4
is 'nothing is copied' "$(find "$T/armhome" -type f 2>/dev/null)" ''
rm "$T/arm/fm-backend-null"
mkdir -p "$T/armhome/.local/libexec/fm"
cp "$B/libexec/fm/fm-backend-null" "$T/armhome/.local/libexec/fm/"
run 0 env RSH_PATH="$T/arm" RSH_HOME="$T/armhome" fm-driver --host far "$@"

# Without hard links.
printf '#!/bin/sh\nexit 1\n' >"$T/arm/ln" && rm "$T/arm/uname"
chmod +x "$T/arm/ln"
run 0 env RSH_PATH="$T/arm" RSH_HOME="$T/copies" fm-driver --host far "$@"
is 'a folder without hard links' "$(find "$T/copies" -links +1 -type f)" ''

# One that is only there, and one that cannot run there.
mkdir "$T/path"
cp "$B/libexec/fm/fm-backend-null" "$T/path/fm-backend-elsewhere"
run 0 env RSH_PATH="$T/path" fm-driver --host far --backend elsewhere "$@"
is 'a backend that is only there' "$(rows '^FMWORK RES')" 4
run 4 fm-driver --host far --backend nowhere "$@"
like 'one that is nowhere' "$T/err" \
    "host 'far' has no 'fm-backend-nowhere', and there is none here"
mkdir "$T/broken"
printf '#!/bin/sh\necho no such library >&2; exit 127\n' \
    >"$T/broken/fm-backend-broken"
chmod +x "$T/broken/fm-backend-broken"
run 4 env FM_BACKEND_PATH="$T/broken" fm-driver --host far \
    --backend broken "$@"
like 'one that cannot run there' "$T/err" \
    "host 'far': a copy of '.*/fm-backend-broken' cannot run there: no such library; install fm"

# --- env, models, inputs ---

# It keeps what it is told, and answers.
cat >"$T/broken/fm-backend-ears" <<'X'
#!/bin/sh
while IFS= read -r line; do
	printf '%s\n' "$line" >>"$HOME/heard"
	case $line in
	*'"hello"'*) echo 'FMWORK HELLO 1 ears' ;;
	*'"open"'*) echo 'FMWORK SYS {}' ;;
	*'"run"'*) echo 'FMWORK REP 1 1 1.000000000 2.000000000 1.000000000' ;;
	esac
	echo 'FMWORK OK'
done
X
chmod +x "$T/broken/fm-backend-ears"
run 0 env FM_BACKEND_PATH="$T/broken" fm-driver --host far --backend ears \
    --env "WORDS=it's \$HOME \`x\` \"y\"" --reps 1
ok 'the environment travels in the request' grep -qF \
    "\"env\":{\"WORDS\":\"it's \$HOME \`x\` \\\"y\\\"\"}" "$RSH_HOME/heard"

# Devices are locked where they are.
if command -v flock >"$T/.which"; then
	run 0 env FM_BACKEND_PATH="$T/broken" fm-driver --host far \
	    --backend ears --reps 1 --lock fail
	ok 'a device is locked over there' test -e "$T/locks/cpu.lock"
	(exec 9<"$T/locks/cpu.lock" && flock 9 && echo held >"$T/held" &&
	    exec sleep 60) &
	holder=$!
	i=0
	until [ -s "$T/held" ] || [ $i -gt 100 ]; do
		i=$((i + 1)); sleep 0.05
	done
	run 4 env FM_BACKEND_PATH="$T/broken" fm-driver --host far \
	    --backend ears --reps 1 --lock fail
	like 'one that is in use' "$T/err" \
	    "device cpu of host 'far' is in use by another fm-driver"
	begin env FM_BACKEND_PATH="$T/broken" fm-driver --host far \
	    --backend ears --reps 1 --lock wait
	i=0
	until grep -q 'waiting' "$T/err" || [ $i -gt 100 ]; do
		i=$((i + 1)); sleep 0.05
	done
	kill $holder
	wait $holder 2>"$T/.wait"
	wait $pid
	is 'or waited for' "$?, $(rows '^FMWORK RES')" '0, 1'
	like 'which is told' "$T/err" \
	    "waiting for device cpu of host 'far', which another fm-driver uses"
	printf '#!/bin/sh\nexit 127\n' >"$T/path/flock"
	chmod +x "$T/path/flock"
	run 0 env FM_BACKEND_PATH="$T/broken" RSH_PATH="$T/path" fm-driver \
	    --host far --backend ears --reps 1 --lock fail
	like 'a host without flock' "$T/err" \
	    "host 'far' has no flock: others may use its devices"
	rm "$T/path/flock"
	run 3 env FM_BACKEND_PATH="$T/broken" RSH_LOCKS=/dev/null/x fm-driver \
	    --host far --backend ears --reps 1
	like 'no place for locks' "$T/err" \
	    "host 'far': cannot lock device cpu: .*/dev/null/x"
else
	skip 'locks of devices' 'no flock here'
fi

mkdir "$T/it's" && cp -r "$top/examples/models/Llama-2-7B" "$T/it's/a \"model\""
run 0 fm-driver --platform sim:A800 "$T/it's/a \"model\"" --host far \
    --input_sizes 8 --output_sizes 1 --reps 1
like 'odd names of models' "$T/out" "^FMWORK RES .* $T/it's/a \"model\" "
is 'are sent as they are' "$(find "$RSH_HOME/.cache" -path '*/a "model"/*' |
    sed 's/.*remote.trees.[0-9a-f]*.//')" 'a "model"/config.json'

mkdir "$T/moved"
data=$top/tests/data/infer
if [ -e "$B/libexec/fm/libonnxruntime.so.1" ]; then
	run 0 fm-driver "$data/mix.onnx" --host far --infer "$data/case" \
	    --out "$T/outputs" --expect "$data/want"
	is 'outputs come back' "$(cd "$T/outputs" && echo *)" \
	    "$(cd "$data/want" && echo *)"
	is 'and are removed there' \
	    "$(find "$RSH_HOME/.cache/fm/remote/out" -type f)" ''
	run 0 fm-driver "$data/mix.onnx" --host far --inputs "$data/case" \
	    --reps 2
	is 'timed runs on given inputs' "$(rows '^FMWORK REP')" 2
	cp "$top/tests/data/ort/external.onnx" "$top/tests/data/ort/weights/w.bin" \
	    "$T/moved/"
	run 0 fm-driver "$T/moved/external.onnx" --host far --reps 2
	is 'weights in files of their own' "$(rows '^FMWORK REP')" 2
else
	skip 'outputs come back' 'no ONNX Runtime here'
fi

# --- sshd ---

if ! sshd_have; then
	skip 'over ssh' "$sshd_why"
	finish
fi
FM_SSH=$sshd_ssh
home="$T/far home"
mkdir "$home"
if ! sshd_start here "SetEnv \"HOME=$home\""; then
	skip 'over ssh' "$sshd_why"
	finish
fi
# Until the log has so many lines like that, ten seconds at most.
until_rows() {
	i=0
	until [ "$(rows "$1")" -ge "$2" ] || [ $i -gt 200 ]; do
		i=$((i + 1)); sleep 0.05
	done
}
logins() { grep -c 'Accepted publickey' "$T/ssh/here.log"; }
temporary >"$T/before"

run 0 fm-driver --host here "$@"
is 'over ssh: every repetition comes' "$(rows '^FMWORK REP')" 12
there "$home" >"$T/first"
had=$(logins)
run 0 fm-driver --host here,here --platform null,null,null --input_sizes 8,16 \
    --reps 3
is 'over ssh: three sessions' "$(rows '^FMWORK RES')" 6
is 'over ssh: share one connection' "$(logins)" "$((had + 1))"
there "$home" >"$T/second"
same 'over ssh: nothing is copied twice' "$T/second" "$T/first"
run 0 fm-driver --host here --platform sim:A800 "$T/it's/a \"model\"" \
    --input_sizes 8,16 --output_sizes 1 --reps 1
there "$home" >"$T/first"
cp -r "$T/it's/a \"model\"" "$T/copy" &&
    mv "$T/copy" "$T/moved/a \"model\""
run 0 fm-driver --host here --platform sim:A800 "$T/moved/a \"model\"" \
    --input_sizes 8,16 --output_sizes 1 --reps 1
there "$home" >"$T/second"
same 'over ssh: a model is sent once, wherever it lies' \
    "$T/second" "$T/first"

# A connection that is lost, twice and at any moment, in a sweep of forty
# points: the log is that of a quiet night.
sweep='--platform null --input_sizes 1-40 --reps 4 --null:latency_ms 5'
# shellcheck disable=SC2086
fm-driver $sweep >"$T/local"
points "$T/local" >"$T/local.points"
random() { awk -v s="$1" 'BEGIN { srand(s); print rand() * 0.6 }'; }
round=0
while [ $round -lt "${FM_ROUNDS:-2}" ]; do
	round=$((round + 1))
	# shellcheck disable=SC2086
	begin fm-driver --host here $sweep
	until_rows '^RUN' 1
	for seed in $((2 * round)) $((2 * round + 1)); do
		sleep "$(random $seed)"
		sshd_kill here
	done
	wait $pid
	is "round $round: status" $? 0
	points "$T/out" >"$T/out.points"
	same "round $round: each point once" "$T/out.points" "$T/local.points"
	[ "$bad" = 0 ] || note <"$T/err"
done
like 'a loss is told' "$T/err" \
    "host 'here': the connection is lost; trying again \(1 of 10\)"

# One that does not come back.
# shellcheck disable=SC2086
begin env FM_SSH_RETRIES=2 fm-driver --host here $sweep
until_rows '^FMWORK RES' 5
sshd_stop here
wait $pid
is 'a host that does not come back: status' $? 1
is 'it is told how often' "$(grep -c 'trying again (2 of 2)' "$T/err")" 1
is 'every point has its row' \
    "$(($(rows '^FMWORK RES') + $(rows '^FMWORK ERR died')))" 40
like 'and a reason' "$T/out" \
    "^FMWORK ERR died [0-9]+ 1 1 host 'here': ssh: connect to host 127.0.0.1 "
sshd_again here

# A driver that is killed leaves nothing over there.
# shellcheck disable=SC2317 # ok calls it
# gone PATTERN: until no process has such a word in its command
gone() {
	i=0
	while [ "$i" -lt 100 ]; do
		i=$((i + 1))
		cat /proc/[0-9]*/cmdline 2>"$T/.gone" | tr '\0' '\n' \
		    >"$T/.words"
		grep -qF "$1" "$T/.words" || return 0
		sleep 0.1
	done
	false
}
begin fm-driver --host here "$@" --null:latency_ms 50 --reps 1000
until_rows '^RUN' 1
kill -s KILL $pid
wait $pid 2>"$T/.wait"
ok 'kill -9 leaves no backend there' gone "$home/.cache"
ok 'and no ssh here' gone "$T/ssh/config"
rm -rf "$T"/tmp/fm-ssh.*
begin fm-driver --host here "$@" --null:latency_ms 50 --reps 1000
until_rows '^RUN' 1
kill -s TERM $pid
wait $pid
is 'SIGTERM stops it' $? 143
ok 'and the backend there' gone "$home/.cache"
temporary >"$T/after"
same 'no folder of a connection is left' "$T/after" "$T/before"

# What ssh says is passed on, in one line.
reason() {
	is "$1: one line" "$(wc -l <"$T/err")" 1
	like "$1: its reason" "$T/err" "^fm-driver: host '$2': .*$3"
}
ssh-keygen -q -t ed25519 -N '' -f "$T/ssh/stranger"
sed "s#$T/ssh/id#$T/ssh/stranger#" "$T/ssh/config" >"$T/ssh/config.stranger"
run 4 env FM_SSH="ssh -F $T/ssh/config.stranger" fm-driver --host here "$@"
reason 'a key that is refused' here 'Permission denied \(publickey'
sed "s#$T/ssh/known_hosts#$T/ssh/other_hosts#" "$T/ssh/config" \
    >"$T/ssh/config.other"
sed "s#^\([^ ]*\) .*#\1 $(cut -d' ' -f1,2 "$T/ssh/stranger.pub")#" \
    "$T/ssh/known_hosts" >"$T/ssh/other_hosts"
run 4 env FM_SSH="ssh -F $T/ssh/config.other" fm-driver --host here "$@"
reason 'a host with another key' here 'Host key verification failed'
run 4 env FM_SSH="$sshd_ssh -oPort=1" fm-driver --host here "$@"
reason 'nobody listens' here 'port 1: Connection refused'

# Where no key opens the door, a connection that the user keeps open does.
$sshd_ssh -oControlPath="$T/ssh/kept" -oControlMaster=yes -N here &
kept=$!
i=0
until $sshd_ssh -oControlPath="$T/ssh/kept" -O check here 2>"$T/.check"; do
	i=$((i + 1))
	[ "$i" -lt 100 ] || break
	sleep 0.05
done
mv "$T/ssh/authorized_keys" "$T/ssh/no_keys"
run 0 env FM_SSH="$sshd_ssh -oControlPath='$T/ssh/kept'" \
    fm-driver --host here "$@"
is 'a connection that is kept open is used' "$(rows '^FMWORK RES')" 4
ok 'and kept' kill $kept
mv "$T/ssh/no_keys" "$T/ssh/authorized_keys"

# A second host that chats and allows one channel for a connection.
mkdir "$T/second home"
if sshd_start chatty "SetEnv \"HOME=$T/second home\"" 'MaxSessions 1' \
    'ForceCommand echo Welcome; echo "FMWORK OK"; exec sh -c "$SSH_ORIGINAL_COMMAND"'
then
	run 0 fm-driver --host chatty "$@"
	is 'a chatty host' "$(rows '^FMWORK RES')" 4
	run 0 fm-driver --host here,chatty "$@"
	is 'two hosts' "$(rows '^FMWORK RES')" 4
	# shellcheck disable=SC2086
	run 0 fm-driver --host here,chatty $sweep
	is 'they share the points' "$(points "$T/out" | grep KEY | sort)" \
	    "$(grep KEY "$T/local.points" | sort)"
	begin env FM_SSH_RETRIES=1 fm-driver --host here,chatty \
	    --platform null --input_sizes 1-40 --reps 4 --null:latency_ms 25
	until_rows '^FMWORK SYS' 2
	sshd_stop chatty
	wait $pid
	is 'one of them is lost: status' $? 1
	is 'it costs one point' \
	    "$(rows '^FMWORK RES'), $(rows '^FMWORK ERR died')" '39, 1'
	like 'which is told' "$T/err" \
	    "host 'chatty' does not come back: the other lanes go on without it"
else
	skip 'a second host' "$sshd_why"
fi
finish
