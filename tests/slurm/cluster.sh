#!/usr/bin/env bash
# A real Slurm of one node with fake GPUs, from Debian's packages, on a machine without one; as root, without systemd.
#
#   tests/slurm/cluster.sh up                        install what is missing, start, wait until the node is idle
#   tests/slurm/cluster.sh restart DAEMON [SECONDS]  kill slurmd or slurmctld at once, wait (2 seconds), start it again
#   tests/slurm/cluster.sh down                      stop every daemon and remove what `up` made
#   tests/slurm/cluster.sh run COMMAND...            up, the command, and down whatever happens; nothing at all, said in a line,
#                                                    on a machine on which no Slurm can be brought up; runs take turns
#
# Memory limits and GPU devices are enforced by cgroup (v1) where it can be written; elsewhere Slurm itself kills jobs over memory.
set -euo pipefail
ROOT=${SLURM_TEST_ROOT:-/var/tmp/polyglot-slurm}
GPUS=${SLURM_TEST_GPUS:-8} CPUS=${SLURM_TEST_CPUS:-16} MEMORY=${SLURM_TEST_MEMORY:-256000}
ETC=$ROOT/etc RUN=$ROOT/run LOG=$ROOT/log SPOOL=$ROOT/spool
HOST=$(hostname -s)
CGROUP=/sys/fs/cgroup

fail() { echo "tests/slurm: $*" >&2; exit 1; }
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

obstacle() { # why no Slurm can be brought up here
  if [ "$(id -u)" != 0 ]; then
    echo "a Slurm can only be brought up as root (in a container, say)"
  elif [ ! -r /etc/debian_version ]; then
    echo "a Slurm is brought up from Debian's packages, and this is not Debian"
  elif [ -e /etc/slurm/slurm.conf ] && [ "$(readlink /etc/slurm/slurm.conf)" != "$ETC/slurm.conf" ]; then
    echo "this machine has a Slurm of its own (/etc/slurm/slurm.conf), which is left alone"
  fi
}

install_packages() {
  local missing=()
  for package in slurmctld slurmd slurm-client munge environment-modules; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local policy=/usr/sbin/policy-rc.d made=
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; made=$policy; } # start nothing yet
  export DEBIAN_FRONTEND=noninteractive
  local done=yes
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$LOG/apt.log" 2>&1 || done=no
  [ -z "$made" ] || rm "$made"
  [ $done = yes ] || fail "${missing[*]} cannot be installed: $(tail -n 3 "$LOG/apt.log")"
}

cgroup_is_writable() {
  for controller in memory devices freezer; do
    mkdir "$CGROUP/$controller/polyglot-probe" 2>/dev/null && rmdir "$CGROUP/$controller/polyglot-probe" || return 1
  done
}

write_configuration() {
  : >"$ETC/gres.conf"
  local devices=yes
  for ((i = 0; i < GPUS; i++)); do
    [ -e "$ROOT/gpu$i" ] || mknod "$ROOT/gpu$i" c 195 "$i" 2>/dev/null || { touch "$ROOT/gpu$i"; devices=no; }
    echo "NodeName=$HOST Name=gpu Type=h200 File=$ROOT/gpu$i" >>"$ETC/gres.conf"
  done
  if cgroup_is_writable; then
    local track=proctrack/cgroup tasks=task/cgroup gather=jobacct_gather/none over=
  else
    local track=proctrack/linuxproc tasks=task/none gather=jobacct_gather/linux over=JobAcctGatherParams=OverMemoryKill
  fi
  cat >"$ETC/cgroup.conf" <<CONF
CgroupPlugin=cgroup/v1
CgroupMountpoint=$CGROUP
ConstrainCores=no
ConstrainRAMSpace=yes
ConstrainDevices=$devices
CONF
  cat >"$ETC/slurm.conf" <<CONF
ClusterName=polyglot
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$SPOOL/ctld
SlurmdSpoolDir=$SPOOL/d
SlurmctldPidFile=$RUN/slurmctld.pid
SlurmdPidFile=$RUN/slurmd.pid
SlurmctldLogFile=$LOG/slurmctld.log
SlurmdLogFile=$LOG/slurmd.log
ProctrackType=$track
TaskPlugin=$tasks
JobAcctGatherType=$gather
JobAcctGatherFrequency=1
$over
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
MinJobAge=86400
MaxJobCount=20000
MessageTimeout=5
KillWait=2
SlurmdTimeout=30
SlurmdParameters=config_overrides
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$CPUS Boards=1 SocketsPerBoard=1 CoresPerSocket=$CPUS ThreadsPerCore=1 RealMemory=$MEMORY Gres=gpu:h200:$GPUS State=UNKNOWN
PartitionName=cpu Nodes=$HOST Default=YES MaxTime=1-00:00:00 State=UP
PartitionName=gpu Nodes=$HOST MaxTime=1-00:00:00 State=UP
CONF
  mkdir -p /etc/slurm
  for file in slurm gres cgroup; do ln -sfn "$ETC/$file.conf" "/etc/slurm/$file.conf"; done
}

start_munge() {
  [ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none
  mkdir -p /run/munge
  chown -R munge: /etc/munge /run/munge /var/log/munge /var/lib/munge
  chmod 400 /etc/munge/munge.key
  chmod 755 /run/munge
  munge -n >/dev/null 2>&1 || runuser -u munge -- /usr/sbin/munged --force --pid-file=/run/munge/munged.pid 9>&-
}

wait_for_node() { # a node that still completes a job is up: a job that ended while slurmctld was away does so for a minute
  for _ in $(seq 120); do
    ! sinfo --noheader --format %T 2>/dev/null | grep -qxE '(idle|mixed|allocated|completing|planned)[^*]*' || return 0
    sleep 0.5
  done
  fail "the node does not come up: $(sinfo --noheader --format "%T (%E)" 2>&1) $(tail -n 5 "$LOG"/slurm*.log)"
}

up() {
  local why
  why=$(obstacle)
  [ -z "$why" ] || fail "$why"
  mkdir -p "$ETC" "$RUN" "$LOG" "$SPOOL/ctld" "$SPOOL/d"
  install_packages
  start_munge
  write_configuration
  alive "$RUN/slurmctld.pid" || slurmctld 9>&-
  alive "$RUN/slurmd.pid" || slurmd 9>&-
  wait_for_node
  sinfo --noheader --format "partition %P: %c CPUs, %m MB, %G"
}

restart() {
  kill -9 "$(cat "$RUN/$1.pid")"
  sleep "${2:-2}"
  "$1"
  wait_for_node
}

down() {
  scancel --quiet --user "$(id -un)" 2>/dev/null || true
  for daemon in slurmd slurmctld; do
    ! alive "$RUN/$daemon.pid" || kill "$(cat "$RUN/$daemon.pid")"
  done
  for _ in $(seq 40); do
    alive "$RUN/slurmd.pid" || alive "$RUN/slurmctld.pid" || break
    sleep 0.25
  done
  ! alive /run/munge/munged.pid || kill "$(cat /run/munge/munged.pid)"
  for file in slurm gres cgroup; do
    [ "$(readlink "/etc/slurm/$file.conf")" != "$ETC/$file.conf" ] || rm "/etc/slurm/$file.conf"
  done
  rm -rf "$ROOT"
}

run() {
  local why
  why=$(obstacle)
  [ -z "$why" ] || { echo "tests/slurm: left out: $why" >&2; return 0; }
  exec 9>"$ROOT.lock" # this process's alone: what it starts has it closed
  flock --nonblock 9 || { echo "tests/slurm: another run has a Slurm on this machine; waiting for its end" >&2; flock 9; }
  trap down EXIT
  trap 'exit 130' INT TERM
  up
  POLYGLOT_SLURM="$ETC/slurm.conf" "$@" 9>&-
}

case ${1:-} in
up | down) "$1" ;;
restart | run) "$1" "${@:2}" ;;
*) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
