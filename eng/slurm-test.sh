#!/usr/bin/env bash
# Proves deploy/slurm on a real Slurm: installs slurm-wlm and munge where they are missing, starts a controller and three nodes on this machine,
# under a folder of its own, and runs a batch of morphs and an evaluation as arrays of parts, then both by leases in a shared folder.
# On the way a node is killed with all that runs on it, and another is drained. Each merged result must equal that of one process, row for row.
#
#   eng/slurm-test.sh            # as root on Debian or Ubuntu; COSTATE=path to a built tool saves the build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }

if ! command -v slurmctld munged >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq slurm-wlm munge >/dev/null
fi
if [[ -z ${COSTATE:-} ]]; then
  dotnet build -c Release src/Costate.Cli >/dev/null
  COSTATE=$(echo "$root"/src/Costate.Cli/bin/Release/net10.0/*/Costate.Cli)
fi

work=$(mktemp -d)
host=$(hostname -s)
nodes=(n1 n2 n3)
export SLURM_CONF=$work/slurm.conf OMP_WAIT_POLICY=passive COSTATE_LEASE_SECONDS=20

kill_node() {
  local script pid
  kill -9 "$(cat "$work/slurmd.$1.pid" 2>/dev/null)" 2>/dev/null || true
  # All that its jobs have started, as when a machine loses its power.
  for script in $(ps -eo pid=,args= | awk -v of="$work/spool.$1/" 'index($0, of) { print $1 }'); do
    pid=$(ps -o ppid= -p "$script" | tr -d ' ' || true)
    kill_tree "${pid:-$script}"
  done
}

kill_tree() {
  local child
  kill -STOP "$1" 2>/dev/null || return 0
  for child in $(ps -o pid= --ppid "$1"); do kill_tree "$child"; done
  kill -9 "$1" 2>/dev/null || true
}

finish() {
  set +e
  scontrol shutdown >/dev/null 2>&1 || true
  for node in "${nodes[@]}"; do kill_node "$node"; done
  kill "$(cat "$work/munged.pid")" 2>/dev/null || true
  [[ ${KEEP:-} ]] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/state" && dd if=/dev/urandom of="$work/munge.key" bs=1024 count=1 status=none && chmod 400 "$work/munge.key"
munged --force --key-file="$work/munge.key" --socket="$work/munge.sock" --pid-file="$work/munged.pid" --log-file="$work/munged.log" \
  --seed-file="$work/munge.seed"
cat >"$SLURM_CONF" <<END
ClusterName=costate
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=17000
AuthType=auth/munge
AuthInfo=socket=$work/munge.sock,cred_expire=15
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool.%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=5
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17003] CPUs=1 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
slurmctld
for node in "${nodes[@]}"; do mkdir -p "$work/spool.$node" && slurmd -N "$node"; done
until [[ $(sinfo -h -t idle -o %D) == 3 ]]; do sleep 1; done
say "$(slurmd -V): $(sinfo -h -o '%D nodes, %T')"

cd "$work"
"$COSTATE" faces draw --people 6 --pictures 1 --output faces >/dev/null
files=(faces/face-*.png)
{
  echo "a,b,name"
  for i in 0 1 2 3 4 5; do echo "${files[i]},${files[(i + 1) % 6]},pair-$i"; done
  echo "faces/none.png,${files[0]},bad"
} >pairs.csv
morph=("$COSTATE" morph --batch "$work/pairs.csv" --group 1 --steps 6 --encode-steps 8 --iterations 8)
edit=("$COSTATE" evaluate editing --faces 6 --methods ddim,rex-euler --steps 8 --batch 1)

say "one process"
"${morph[@]}" --threads 1 --output one-morph >/dev/null 2>&1 || [[ $? == 1 ]]
"${edit[@]}" --threads 1 --output one-edit >/dev/null 2>&1

# What differs from run to run is how long it took: the last column of editing.csv.
same() {
  local rows
  if ! diff <(cat "one-$1/$2" | sed "$3") <(cat "$4/$2" | sed "$3") >difference; then
    cat difference
    say "$4/$2 DIFFERS from that of one process"
    exit 1
  fi
  rows=$(wc -l <"$4/$2")
  say "$4/$2: $((rows - 1)) rows, equal to those of one process"
}

running() { [[ $(squeue -h -r -t PD,R,CG | wc -l) -gt 0 ]]; }

disturb() {
  local killed
  # Until tasks are at work.
  until [[ $(squeue -h -r -t R | wc -l) -ge 2 ]]; do sleep 0.5; done
  sleep "$1"
  killed=$(squeue -h -r -t R -o %N | sort -u | head -1)
  say "node $killed is killed with $(squeue -h -r -w "$killed" -o '%F_%K')"
  kill_node "$killed"
  drained=$(squeue -h -r -t R -o %N | sort -u | grep -v "$killed" | tail -1 || true)
  [[ $drained ]] || drained=$(printf '%s\n' "${nodes[@]}" | grep -v "$killed" | tail -1)
  say "node $drained is drained: it ends what it has, and gets no more"
  scontrol update "NodeName=$drained" State=DRAIN Reason=test
  until [[ $(sinfo -h -n "$killed" -o %t) == down* ]]; do sleep 1; done
  say "the controller has found $killed dead; in the queue: $(squeue -h -r -t PD -o '%F_%K' | tr '\n' ' ')"
  slurmd -N "$killed"
}

for shard in auto dynamic; do
  for what in morph edit; do
    output=$shard-$what
    declare -n command=$what
    say "$output: $(SHARD=$shard "$root/deploy/slurm/submit.sh" --time=00:10:00 4 "$output" "${command[@]}")"
    disturb 6
    while running; do sleep 2; done
    scontrol update "NodeName=$drained" State=RESUME
    if [[ $what == morph ]]; then same morph morphs.csv '' "$output"; else same edit editing.csv 's/,[^,]*$//' "$output"; fi
  done
done
say "all equal; $(grep -c 'requeue' slurmctld.log || true) lines of the controller's log are of tasks put back"
