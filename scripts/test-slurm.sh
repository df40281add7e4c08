#!/usr/bin/env bash
# Runs table 1, scaled down, as a job array on a real Slurm on this machine, in a scratch directory, and kills one task
# in the middle. The result must have the same bits as that of the same table without Slurm. The test needs root, Slurm
# and munge, which --install tries to install with apt-get. If it cannot run, it prints the reason and succeeds. If
# slurmdbd and MariaDB are there, too, Slurm keeps accounts, and the test queries the ended tasks.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
	echo "test-slurm: skipped: $*"
	exit 0
}
fail() {
	echo "test-slurm: FAILED: $*" >&2
	tail -n 20 "$scratch"/*.log "$scratch"/cluster/plans/*/logs/*.log >&2 2>/dev/null || true
	exit 1
}
missing() {
	for command in munged slurmctld slurmd sbatch; do
		PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || echo "$command"
	done
}

[ "$(uname)" = Linux ] || skip "it needs Linux"
[ "$(id -u)" = 0 ] || skip "it starts Slurm's daemons, which needs root"
if [ -n "$(missing)" ] && [ "${1:-}" = --install ] && command -v apt-get >/dev/null; then
	echo "test-slurm: installing slurm-wlm and munge"
	DEBIAN_FRONTEND=noninteractive timeout 150 apt-get install -y -q --no-install-recommends slurm-wlm munge >/dev/null 2>&1 || true
fi
if [ "${1:-}" = --install ] && command -v apt-get >/dev/null && ! PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null; then
	echo "test-slurm: installing slurmdbd and mariadb-server"
	DEBIAN_FRONTEND=noninteractive timeout 150 apt-get install -y -q --no-install-recommends slurmdbd mariadb-server >/dev/null 2>&1 || true
fi
[ -z "$(missing)" ] || skip "there is no $(missing | paste -sd ' ') (packages slurm-wlm and munge)"
id munge >/dev/null 2>&1 || skip "there is no user munge"
PATH=$PATH:/usr/sbin

program=$PWD/bin/backfire
[ -x "$program" ] || skip "there is no bin/backfire (make build)"
scratch=$(mktemp -d)
chmod 755 "$scratch"
host=$(hostname -s)
port=$((20000 + $$ % 20000))

finish() {
	for daemon in slurmd slurmctld slurmdbd db/mariadbd munge/munged; do
		[ -f "$scratch/$daemon.pid" ] && kill "$(cat "$scratch/$daemon.pid")" 2>/dev/null || true
	done
	for _ in $(seq 50); do
		alive=
		for daemon in slurmd slurmctld slurmdbd db/mariadbd; do
			[ -f "$scratch/$daemon.pid" ] && alive=1
		done
		[ -z "$alive" ] && break
		sleep 0.1
	done
	rm -rf "$scratch"
}
trap finish EXIT

mkdir "$scratch/munge" "$scratch/state" "$scratch/spool"
head -c 1024 /dev/urandom >"$scratch/munge/key"
chmod 400 "$scratch/munge/key"
chown -R munge "$scratch/munge"
runuser -u munge -- "$(command -v munged)" --force --key-file="$scratch/munge/key" --socket="$scratch/munge/socket" \
	--pid-file="$scratch/munge/munged.pid" --log-file="$scratch/munge/log" --seed-file="$scratch/munge/seed" ||
	skip "munged does not start here"

export SLURM_CONF=$scratch/slurm.conf
# Starts a database and slurmdbd, if both are installed. The database accepts every request from this machine. It exists
# for this test only.
keep_accounts() {
	for command in slurmdbd mariadbd mariadb-install-db; do
		PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || return 1
	done
	id mysql >/dev/null 2>&1 || return 1
	mkdir "$scratch/db"
	chown mysql "$scratch/db"
	local database=(--no-defaults --user=mysql --datadir="$scratch/db")
	mariadb-install-db "${database[@]}" --skip-test-db >"$scratch/mariadb.log" 2>&1 || return 1
	mariadbd "${database[@]}" --skip-grant-tables --skip-name-resolve --bind-address=127.0.0.1 --port=$((port + 2)) \
		--socket="$scratch/db/socket" --pid-file="$scratch/db/mariadbd.pid" >>"$scratch/mariadb.log" 2>&1 &
	cat >"$scratch/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$scratch/munge/socket
DbdHost=localhost
DbdPort=$((port + 3))
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 2))
StorageUser=slurm
StorageLoc=slurm_acct
LogFile=$scratch/slurmdbd.log
PidFile=$scratch/slurmdbd.pid
CONF
	chmod 600 "$scratch/slurmdbd.conf"
	for _ in $(seq 100); do
		mariadb --no-defaults --socket="$scratch/db/socket" -e 'SELECT 1' >/dev/null 2>&1 && break
		sleep 0.2
	done
	slurmdbd 2>>"$scratch/slurmdbd.log" || return 1
	configure "AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePass=$scratch/munge/socket
AccountingStoragePort=$((port + 3))"
	for _ in $(seq 60); do
		timeout 5 sacctmgr --noheader list tres 2>/dev/null | grep -q cpu && return
		sleep 0.5
	done
	return 1
}
configure() { # writes slurm.conf, with additional lines
	cat >"$SLURM_CONF" <<CONF
ClusterName=scratch
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$scratch/munge/socket
CredType=cred/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES State=UP
$1
CONF
}
accounts=1
keep_accounts || {
	accounts=
	echo "test-slurm: without accounts: slurmdbd and MariaDB (packages slurmdbd and mariadb-server) are not there or do not start"
	configure ""
}
slurmctld 2>>"$scratch/slurmctld.log" || skip "slurmctld does not start here: $(tail -n 1 "$scratch/slurmctld.log")"
slurmd 2>>"$scratch/slurmd.log" || skip "slurmd does not start here: $(tail -n 1 "$scratch/slurmd.log")"
for _ in $(seq 300); do
	timeout 5 sinfo --noheader --format=%T 2>/dev/null | grep -q idle && break
	kill -0 "$(cat "$scratch/slurmctld.pid")" 2>/dev/null || break
	sleep 0.2
done
timeout 5 sinfo --noheader --format=%T | grep -q idle || skip "Slurm has no idle node here: $(tail -n 1 "$scratch/slurmctld.log")"
echo "test-slurm: $(sinfo --version) runs on $host"

# A small run, but with enough epochs to be killed between two of them, and with triggers that must reach a low ASR alone.
settings=(--preset quick --set trigger.min_single_asr=0.01 --set pool.size=300 --set train.epochs=16 --set model.width=2 --set device=cpu --set threads=1 --set workers=1)
"$program" table 1 "${settings[@]}" --set workers=2 --store "$scratch/local" --out "$scratch/local-tables" >/dev/null 2>"$scratch/local.log" ||
	fail "the table without Slurm"
job=$("$program" submit slurm table 1 "${settings[@]}" --store "$scratch/cluster" --array-size 2 --time 10m --one-host)
plan=$(echo "$scratch"/cluster/plans/*)
echo "test-slurm: array $job submitted"

# Kill a task that has a checkpoint. First stop its process and its engine, so that its model is not complete before the
# kill, or in the moment for which Slurm resumes the process before that.
tell() { # sends a signal to a process and its children
	# shellcheck disable=SC2046 # one word per child
	kill "-$1" "$2" $(cat /proc/"$2"/task/*/children 2>/dev/null) 2>/dev/null
}
holders() { # prints the processes that are training and have a checkpoint
	for checkpoint in "$scratch"/cluster/.work/*/checkpoint.safetensors; do
		[ -f "$checkpoint" ] || continue
		ls "$scratch/cluster/.locks/$(basename "$(dirname "$checkpoint")")" 2>/dev/null | cut -d '~' -f 2
	done
}
killed=
for _ in $(seq 3000); do
	for process in $(holders); do
		task=$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | sed -n 's/^SLURM_ARRAY_TASK_ID=//p')
		[ -n "$task" ] && tell STOP "$process" || continue
		if holders | grep -qx "$process"; then
			killed=$process
			break 2
		fi
		tell CONT "$process"
	done
	sleep 0.1
done
[ -n "$killed" ] || fail "no task ever had a checkpoint"
scancel --signal=KILL --full "${job}_$task"
for _ in $(seq 600); do
	kill -0 "$killed" 2>/dev/null || break
	sleep 0.1
done
! kill -0 "$killed" 2>/dev/null || fail "task $task still runs"
echo "test-slurm: task $task killed in the middle of a model"
"$program" status "$plan"

for _ in $(seq 900); do
	[ -z "$(squeue --noheader 2>/dev/null)" ] && break
	sleep 1
done
[ -z "$(squeue --noheader)" ] || fail "the jobs did not end: $(squeue --noheader)"
"$program" status "$plan" | tee "$scratch/status.log"
grep -q ' 0 running, 0 waiting, 0 failed' "$scratch/status.log" || fail "models are left"
ended() { # checks that the other task and the tables are complete, and the killed task is cancelled
	grep -q "Slurm's tasks that completed: 2" "$scratch/status.log" && grep -q "Slurm's task ${job}_$task: CANCELLED" "$scratch/status.log"
}
if [ -n "$accounts" ]; then
	for _ in $(seq 60); do # accounts arrive with a delay
		"$program" status "$plan" >"$scratch/status.log"
		ended && break
		sleep 1
	done
	ended || fail "the accounts do not match the tasks: $(cat "$scratch/status.log")"
	echo "test-slurm: the accounts have the killed task as cancelled and the others as completed"
fi
grep -Eq '(goes on|resume[sd]) (after|from) epoch' "$plan"/logs/*.log || fail "the killed task's model was not resumed from its checkpoint"

# Compare the models and their bits, but not the record of the run itself (times).
python3 - "$scratch/local" "$scratch/cluster" <<'PYTHON' || fail "the results differ"
import json, os, sys
local, cluster = sys.argv[1:]
models = lambda d: sorted(n for n in os.listdir(d) if len(n) == 64)
assert models(local) and models(local) == models(cluster), "other models"
for model in models(local):
    for name in ("cell.yaml", "poison.csv", "predictions.bin"):
        a, b = (open(os.path.join(d, model, name), "rb").read() for d in (local, cluster))
        assert a == b, f"{model}/{name}"
    a, b = (json.load(open(os.path.join(d, model, "result.json"))) for d in (local, cluster))
    a.pop("run", None), b.pop("run", None)
    assert a == b, f"{model}/result.json"
print(f"test-slurm: {len(models(local))} models, the same bits as without Slurm")
PYTHON
for table in "$scratch"/local-tables/*.csv; do
	cmp "$table" "$scratch/cluster/tables/$(basename "$table")" || fail "the tables differ"
done
[ -s "$plan/report.html" ] || fail "there is no report"
echo "test-slurm: passed"
