#!/bin/sh
# examples/cron: a night, one that is broken off, the mail, rotation; and what
# cron, systemd and logrotate say to their files.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
cron=$top/examples/cron
mkdir "$T/bin" "$T/mailless"
cp "$cron/fm-nightly" "$cron/fm-regression-mail" "$T/bin"
PATH=$T/bin:$PATH
FM_LOCK_DIR=$T/lock
export T PATH FM_LOCK_DIR
null='--platform null -i 1-4 --reps 5 --null:latency_ms'

# --- a night ---
# shellcheck disable=SC2086
run 0 fm-nightly "$T/fm" $null 1 --runs 4
is 'its log is closed' "$(ls "$T/fm")" 'logs
records'
is 'a log and its records' \
    "$(ls "$T/fm/logs" "$T/fm/records" | sed -n 's/^[-0-9]*T[0-9]*Z//p' |
	tr '\n' ' ')" '.log .jsonl '
is 'a record for each point and run' \
    "$(cat "$T/fm/records"/*.jsonl | wc -l)" 16
grep -o '"metadata_id": *"[^"]*"' "$T/fm/records"/*.jsonl | sort -u >"$T/ids"
is 'one id' "$(wc -l <"$T/ids")" 1

# --- broken off, and gone on with ---
# shellcheck disable=SC2086
run 0 fm-nightly "$T/whole" $null 30 --reps 10
mkdir -p "$T/cut"
# shellcheck disable=SC2086
fm-driver --log "$T/cut/sweep.log" $null 30 --reps 10 >/dev/null 2>&1 &
driver=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q '^FMWORK RES' "$T/cut/sweep.log" 2>/dev/null && break
	sleep 0.1
done
kill -9 $driver
wait $driver 2>/dev/null
ok 'it has measured something' grep -q '^FMWORK RES' "$T/cut/sweep.log"
# shellcheck disable=SC2086
run 0 fm-nightly "$T/cut" $null 30 --reps 10
is 'every point once' "$(sed -n 's/^FMWORK RES .* \([0-9]*\) 1 [0-9.]* [0-9.]*$/\1/p' \
    "$T/cut/logs"/*.log | tr '\n' ' ')" '1 2 3 4 '
is 'as many records as without' "$(cat "$T/cut/records"/*.jsonl | wc -l)" \
    "$(cat "$T/whole/records"/*.jsonl | wc -l)"
# shellcheck disable=SC2086
run 1 fm-nightly "$T/bad" $null 1 --null:fault oom@2
is 'a failed point is a record; the night is through' \
    "$(grep -c '"status": *"ERR_oom"' "$T/bad/records"/*.jsonl)" 1
run 2 fm-nightly "$T/usage" --platform null --null:nosuch 1
is 'a wrong option closes nothing' "$(ls "$T/usage/logs")" ''
run 2 fm-nightly
: >"$T/file"
run 3 fm-nightly "$T/file/x" --platform null

# A log from days ago that nobody went on with.
mkdir "$T/old"
fm-driver --log "$T/old/sweep.log" --platform null -i 7 >/dev/null
touch -d '2 days ago' "$T/old/sweep.log"
run 0 fm-nightly "$T/old" --platform null -i 7
is 'it is closed, and the sweep begins anew' \
    "$(cat "$T/old/records"/*.jsonl | wc -l)" 2
is 'each in a file of its own' "$(ls "$T/old/logs" | wc -l)" 2

# Two at once.
mkdir "$T/two"
: >"$T/two/sweep.log"
if command -v flock >/dev/null; then
	run 4 flock "$T/two/sweep.log" fm-nightly "$T/two" --platform null
	is 'the second one leaves' "$(ls "$T/two/logs")" ''
else
	skip 'the second one leaves' 'no flock'
fi

# --- the mail ---
cat >"$T/bin/mail" <<'X'
#!/bin/sh
[ -z "$MAIL_FAILS" ] || exit 1
{ printf '%s|' "$@"; echo; cat; } >>"$T/mails"
X
chmod +x "$T/bin/mail"
mails() { [ ! -f "$T/mails" ] || cat "$T/mails"; rm -f "$T/mails"; }
run 0 fm-regression-mail "$T/none" me
run 0 fm-regression-mail "$T/fm" me
is 'the first night: nothing to compare with' "$(mails)" ''
# A device that has become slower: the option is the same.
mkdir "$T/slow"
cat >"$T/slow/fm-backend-null" <<'X'
#!/bin/sh
sed -u '/"open"/s/"latency_ms": *[^,}]*/"latency_ms":3/' |
    exec "$B/libexec/fm/fm-backend-null"
X
chmod +x "$T/slow/fm-backend-null"
night() { # DATE [OPTIONS]
	d=$1; shift
	# shellcheck disable=SC2086
	fm-driver $null 2 --runs 4 "$@" >"$T/n.log" 2>/dev/null
	fm-process --format jsonl -o "$T/n/records/$d.jsonl" "$T/n.log"
}
mkdir -p "$T/n/records"
night 2026-11-01T010000Z
night 2026-11-02T010000Z
run_mail() { fm-regression-mail "$@" >"$T/out" 2>"$T/err" </dev/null; rc=$?; }
run_mail -a "$T/n" me
ok 'nothing slower, or not to be told: no alarm' \
    [ "$rc" = 0 -o "$rc" = 5 ]
mails >"$T/got"
like '-a writes all the same' "$T/got" \
    '^-s\|fm on .*: (nothing is slower|inconclusive)\|me\|$'
run_mail "$T/n" me
is 'else not' "$(mails)" ''
export FM_BACKEND_PATH="$T/slow"
night 2026-11-03T010000Z
run 1 fm-regression-mail "$T/n" me@example.org
mails >"$T/got"
like 'slower: a mail' "$T/got" '^-s\|fm on .*: SLOWER\|me@example.org\|$'
like 'which says what is compared' "$T/got" \
    '^2026-11-03T010000Z.jsonl against 2026-11-02T010000Z.jsonl$'
ok 'and has the table' [ "$(wc -l <"$T/got")" -gt 6 ]
is 'nothing is printed' "$(cat "$T/out")" ''
night 2026-11-04T010000Z
run_mail "$T/n" me
is 'the next night is compared with that one' "$(mails)" ''
cp "$T/n/records/2026-11-01T010000Z.jsonl" "$T/n/baseline.jsonl"
run 1 fm-regression-mail "$T/n" me
mails >"$T/got"
like 'a baseline that stays goes on complaining' "$T/got" \
    '^2026-11-04T010000Z.jsonl against baseline.jsonl$'
unset FM_BACKEND_PATH
night 2026-11-05T010000Z -i 1-3
run 6 fm-regression-mail "$T/n" me
mails >"$T/got"
like 'points that are missing' "$T/got" 'points are missing'
echo garbage >"$T/n/records/2026-11-06T010000Z.jsonl"
run 3 fm-regression-mail "$T/n" me
mails >"$T/got"
like 'records that cannot be read' "$T/got" 'failed with status 3'
export MAIL_FAILS=1
run 3 fm-regression-mail "$T/n" me
unset MAIL_FAILS
rm "$T/n/records/2026-11-06T010000Z.jsonl"
run 6 fm-regression-mail "$T/n"
like 'nobody to write to: stdout' "$T/out" '^fm on .*: points are missing$'
mv "$T/bin/mail" "$T/mailless"
cat >"$T/bin/sendmail" <<'X'
#!/bin/sh
{ printf '%s|' "$@"; echo; cat; } >>"$T/mails"
X
chmod +x "$T/bin/sendmail"
if command -v mail >/dev/null; then
	skip 'sendmail' 'mail is installed'
else
	run 6 fm-regression-mail "$T/n" me
	mails >"$T/got"
	like 'by sendmail' "$T/got" '^-t\|$'
	like 'with its headers' "$T/got" '^To: me$'
	is 'a blank line ends them' "$(sed -n 4p "$T/got")" ''
fi

# --- the files of cron, systemd, logrotate ---
here() { sed "s#/usr/local/bin#$T/bin#g;s#/var/lib/fm#$T/long#g" "$1"; }
grep -v '^#' "$cron/fm.crontab" | grep -v '^[A-Z]*=' | grep . >"$T/jobs"
is 'jobs' "$(wc -l <"$T/jobs")" 3
is 'each with five fields of time' \
    "$(awk '{ for (i = 1; i <= 5; i++) if ($i !~ /^[0-9*\/,-]+$/) print }' \
	"$T/jobs")" ''
if command -v crontab >/dev/null && crontab -T "$cron/fm.crontab" \
    >"$T/out" 2>&1; then
	pass 'crontab takes it'
else
	skip 'crontab takes it' 'no crontab with -T'
fi
# Each job as a shell runs it, on a null device.
job() {
	sed -n "$1p" "$T/jobs" | sed 's/^\([^ ]* *\)\{5\}//
	    s#--sweep [^ ]*#--platform null --reps 2#;s#--model_root [^ ;]*##
	    s#--require_quiet 300#--require_quiet 0#;s#--cpus 0-1##' |
	    sed "s#/var/lib/fm#$T/cronned#g"
}
mkdir -p "$T/cronned"
run 0 sh -c "$(job 1)"
run 0 sh -c "$(job 2)"
sh -c "$(job 3)" >"$T/out" 2>&1
note <"$T/out"
like 'the long one writes its log' "$T/cronned/long.log" '^FMWORK RES'
fm-driver --sweep "$cron/sweep.yaml" --model_root "$top/examples/models" \
    --load_format dummy --dry_run >"$T/out" 2>"$T/err"
is 'sweep.yaml is a plan' "$?:$(wc -l <"$T/out")" '0:8'

if command -v systemd-analyze >/dev/null; then
	mkdir "$T/units"
	for unit in fm-nightly.service fm-nightly.timer; do
		here "$cron/$unit" | sed '/^User=/d' >"$T/units/$unit"
	done
	systemd-analyze verify --man=no "$T/units/fm-nightly.service" \
	    "$T/units/fm-nightly.timer" >"$T/out" 2>&1
	is 'systemd takes the units' "$?:$(cat "$T/out")" '0:'
	run 0 systemd-analyze calendar \
	    "$(sed -n 's/^OnCalendar=//p' "$cron/fm-nightly.timer")"
else
	skip 'systemd takes the units' 'no systemd-analyze'
fi
is 'service and crontab run the same' \
    "$(sed -n 's#^ExecStart=/usr/local/bin/##p' "$cron/fm-nightly.service")" \
    "$(sed -n '1s/^\([^ ]* *\)\{5\}//p' "$T/jobs")"

logrotate=$(command -v logrotate || ls /usr/sbin/logrotate 2>/dev/null)
if [ -n "$logrotate" ] && command -v flock >/dev/null; then
	mkdir -p "$T/long"
	here "$cron/fm.logrotate" | sed '/^	su /d' >"$T/rotate"
	chmod 644 "$T/rotate"
	chmod 755 "$T/long"
	rotate() {
		"$logrotate" -f -s "$T/state" "$T/rotate" >"$T/out" 2>&1
	}
	fm-driver --log "$T/long/long.log" --resume -i 1-3 --platform null
	flock "$T/long/long.log" "$logrotate" -f -s "$T/state" "$T/rotate" \
	    >"$T/out" 2>&1
	is 'a log that is being written is left alone' "$(ls "$T/long")" \
	    long.log
	rotate
	is 'else renamed' "$(ls "$T/long" | sed 's/[0-9]\{8\}/DATE/')" \
	    long.log-DATE
	note <"$T/out"
	run 0 fm-driver --log "$T/long/long.log" --resume -i 1-3 \
	    --platform null
	is 'a new sweep begins' \
	    "$(grep -c '^FMWORK RES' "$T/long/long.log")" 3
	is 'the old log is whole' \
	    "$(cat "$T/long"/long.log-* | grep -c '^FMWORK RES')" 3
else
	skip 'rotation' 'no logrotate or no flock'
fi

# --- README.md ---
is 'README names each file' "$(for f in "$cron"/*; do
	b=$(basename "$f")
	[ "$b" = README.md ] || grep -qF "$b" "$cron/README.md" || echo "$b"
done)" ''
finish
