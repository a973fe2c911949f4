# A real Slurm of one node for tests: its own munge, slurmctld and slurmd, with
# keys, ports and files of their own, none of it under systemd.
# shellcheck shell=sh
# Source it after lib.sh, then:
#   slurm_start    0, or 1 with the reason in $slurm_why
#   slurm_stop     ends all of it

slurm=$T/cluster
slurm_why=''

# Logs of the three, for who has to find out why something failed.
slurm_log() { tail -n 5 "$slurm"/log/* 2>/dev/null; }

slurm_has() {
	for c in munged slurmctld slurmd sbatch squeue scontrol scancel; do
		command -v $c >/dev/null || { slurm_why="no $c here"; return 1; }
	done
}

# Two queues, of which one gives way to the other.
slurm_conf() {
	host=$(hostname -s) user=$(id -un)
	# Ports that are ours while we look are most likely free later.
	port=$((20000 + $$ % 20000))
	cat <<END
ClusterName=fmtest
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmctldLogFile=$slurm/log/slurmctld
SlurmdLogFile=$slurm/log/slurmd
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES State=UP PriorityTier=1
PartitionName=first Nodes=ALL State=UP PriorityTier=2
END
}

# slurm_up: do the three run, and does the node take jobs?
slurm_up() {
	i=0
	until [ "$(sinfo -h -p debug -o %t 2>/dev/null)" = idle ]; do
		[ $((i += 1)) -le 100 ] || return 1
		sleep 0.1
	done
}

slurm_start() {
	PATH=$PATH:/usr/sbin:/sbin
	slurm_has || return
	mkdir -p "$slurm/state" "$slurm/spool" "$slurm/log"
	# munge looks at every folder on the way to its socket.
	chmod 755 "$T" "$slurm" "$slurm/log"
	head -c 128 /dev/urandom >"$slurm/munge.key"
	chmod 400 "$slurm/munge.key"
	slurm_conf >"$slurm/slurm.conf"
	SLURM_CONF=$slurm/slurm.conf
	export SLURM_CONF
	munged --force --num-threads=1 --key-file="$slurm/munge.key" \
	    --socket="$slurm/munge.socket" --pid-file="$slurm/munged.pid" \
	    --seed-file="$slurm/munge.seed" --log-file="$slurm/log/munged" \
	    >"$slurm/log/out" 2>&1 &&
	    slurmctld -c >>"$slurm/log/out" 2>&1 &&
	    slurmd -c >>"$slurm/log/out" 2>&1 && slurm_up && return
	# shellcheck disable=SC2034 # the test says it
	slurm_why="it does not start: $(tail -qn 1 "$slurm/log/out" \
	    "$slurm/log/slurmd" 2>/dev/null | tail -n 1)"
	slurm_stop
	return 1
}

# One that has ended may stay for a while, where process 1 is slow.
slurm_alive() { grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }

# Jobs first: what they have started is slurmd's to end. The controller has
# nothing worth saving.
slurm_stop() {
	[ -s "$slurm/slurmd.pid" ] || return 0
	scancel -f -u "$(id -un)" >/dev/null 2>&1
	i=0
	while [ -n "$(squeue -h 2>/dev/null)" ] && [ $((i += 1)) -le 50 ]; do
		sleep 0.1
	done
	for c in slurmd.TERM slurmctld.KILL munged.TERM; do
		[ ! -s "$slurm/${c%.*}.pid" ] || pid=$(cat "$slurm/${c%.*}.pid")
		kill -s "${c#*.}" "$pid" 2>/dev/null || continue
		i=0
		while slurm_alive "$pid" && [ $((i += 1)) -le 50 ]; do
			sleep 0.1
		done
	done
}
