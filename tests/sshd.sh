# Real sshds on the loopback, each with a key, a port and a configuration of
# its own, run by whoever runs the test. Source it after lib.sh, then
#
#   sshd_have || skip ...   is there an ssh and an sshd? else $sshd_why
#   sshd_start NAME [LINE...]   starts one that ssh calls NAME, with more lines
#                               for its configuration; $sshd_why when it fails
#   sshd_kill NAME          ends its sessions, and it goes on
#   sshd_stop NAME          ends it, and its sessions
#
# $sshd_ssh is the command that knows them; $T/ssh/NAME.log is what they log.
# shellcheck shell=sh disable=SC2034

sshd_ssh="ssh -F $T/ssh/config"
sshd_port=$((20000 + $$ % 20000))

sshd_have() {
	sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v "${SSHD:-sshd}")
	sshd_why='no ssh or no sshd here'
	[ -n "$sshd" ] && command -v ssh >"$T/.which" || return 1
	# Where a package has not been started yet, its folder is missing.
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	mkdir -m 700 "$T/ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$T/ssh/host" &&
	    ssh-keygen -q -t ed25519 -N '' -f "$T/ssh/id" || return 1
	cp "$T/ssh/id.pub" "$T/ssh/authorized_keys"
	trap 'sshd_stop_all; rm -rf "$T"' EXIT
}

sshd_start() {
	name=$1
	shift
	# A port that is ours while we look is most likely free when sshd asks.
	sshd_port=$((sshd_port + 1))
	{
		cat <<-X
		ListenAddress 127.0.0.1:$sshd_port
		HostKey $T/ssh/host
		PidFile none
		AuthorizedKeysFile $T/ssh/authorized_keys
		StrictModes no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PrintMotd no
		X
		printf '%s\n' "$@"
	} >"$T/ssh/$name.conf"
	printf '[127.0.0.1]:%s %s\n' "$sshd_port" \
	    "$(cut -d' ' -f1,2 "$T/ssh/host.pub")" >>"$T/ssh/known_hosts"
	cat >>"$T/ssh/config" <<-X
	Host $name
	HostName 127.0.0.1
	Port $sshd_port
	IdentityFile $T/ssh/id
	IdentitiesOnly yes
	IdentityAgent none
	UserKnownHostsFile $T/ssh/known_hosts
	X
	sshd_again "$name" || return 1
	# It may let nobody in: an account without a shell, or locked.
	if ! $sshd_ssh -oBatchMode=yes "$name" true >"$T/.login" 2>&1 \
	    </dev/null; then
		sshd_why="sshd: $(tail -1 "$T/.login" | tr -d '\r')"
		return 1
	fi
}

# sshd_again NAME: starts one that was stopped, on the same port
sshd_again() {
	"$sshd" -D -e -f "$T/ssh/$1.conf" 2>>"$T/ssh/$1.log" &
	echo $! >"$T/ssh/$1.pid"
	i=0
	until grep -q 'Server listening' "$T/ssh/$1.log"; do
		i=$((i + 1))
		if [ $i -ge 50 ] || ! kill -0 $! 2>/dev/null; then
			sshd_why="sshd: $(tail -1 "$T/ssh/$1.log" | tr -d '\r')"
			return 1
		fi
		sleep 0.1
	done
}

# The processes that an sshd has started.
sshd_children() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/([^)]*)/-/' |
	    awk -v parent="$(cat "$T/ssh/$1.pid")" '$4 == parent { print $1 }'
}
sshd_kill() {
	for child in $(sshd_children "$1"); do
		kill -9 "$child" 2>/dev/null
	done
}
sshd_stop() {
	children=$(sshd_children "$1")
	read -r daemon <"$T/ssh/$1.pid"
	kill -9 "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	for child in $children; do
		kill -9 "$child" 2>/dev/null
	done
	: >"$T/ssh/$1.log"
}
sshd_stop_all() {
	for pid_file in "$T"/ssh/*.pid; do
		[ ! -f "$pid_file" ] || sshd_stop "$(basename "$pid_file" .pid)"
	done
}
