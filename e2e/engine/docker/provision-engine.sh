#!/usr/bin/env bash
#
# Why    The scenarios need a Docker engine with Compose v2 and buildx. CI runners bring one; a bare Debian machine or
#        sandbox brings none, and Debian 12's own package has no Compose v2.
#
# What   start   does nothing where an engine with Compose v2 and buildx already answers. Elsewhere it installs what is
#                missing from Debian 13 (trixie), whose packages also run on Debian 12, then starts dockerd and waits
#                for its socket. Mirror and key are the machine's own, used through a temporary apt configuration:
#                nothing is added to /etc/apt, and stray files there cannot get in the way.
#        stop    ends only the dockerd that start launched (by its pid and start time), waits until it and its
#                containerd are gone, and removes the state folder. Packages, images and volumes stay.
#        status  prints one line.
#
# Usage  provision-engine.sh start|stop|status
#        State and log: ${TMPDIR:-/tmp}/walproof-engine/
#
# Exit   0  start: an engine with Compose v2 and buildx answers; stop: nothing of ours runs; status: an engine answers
#        3  status: no engine answers
#       64  wrong usage
#       69  this machine does not allow it; the message names the reason and the next step
#       70  dockerd was started but died or did not answer in time; its last log lines are printed
set -euo pipefail

readonly INSTALL_SUITE='trixie'
readonly SOCKET='/var/run/docker.sock'
readonly STATE_DIR="${TMPDIR:-/tmp}/walproof-engine"
readonly PID_FILE="$STATE_DIR/dockerd.pid"
readonly LOG_FILE="$STATE_DIR/dockerd.log"
# Written when an engine answered before we did anything, so that stop can say why it stops nothing.
readonly FOREIGN_FILE="$STATE_DIR/started-nothing"
readonly CGROUP_FILE="$STATE_DIR/mounted-cgroup2"
readonly TOOLS_DIR="$STATE_DIR/tools"
readonly CONTAINERD_PID_FILE='/var/run/docker/containerd/containerd.pid'
readonly START_DEADLINE_SECONDS=60
readonly STOP_DEADLINE_SECONDS=60
readonly ORPHAN_DEADLINE_SECONDS=10
readonly LOCK_DEADLINE_SECONDS=300
# A CLI call to an engine that hangs must not hang the script.
readonly CLI_DEADLINE_SECONDS=10
# Debian keeps dockerd and iptables in sbin, which a user's PATH may lack.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf 'provision-engine: %s\n' "$*" >&2; }

# fail EXIT_CODE NAME SEEN NEXT_STEP
fail() {
  say "$2: $3"
  say "next: $4"
  exit "$1"
}

# --- what answers

engine_version() { timeout "$CLI_DEADLINE_SECONDS" docker "$@" version --format '{{.Server.Version}}' 2>/dev/null; }

compose_version() { timeout "$CLI_DEADLINE_SECONDS" docker compose version --short 2>/dev/null; }

buildx_version() { timeout "$CLI_DEADLINE_SECONDS" docker buildx version 2>/dev/null | awk '{print $2}'; }

has_compose_v2() {
  local version
  version="$(compose_version)" || return 1
  version="${version#v}"
  [[ "${version%%.*}" =~ ^[0-9]+$ ]] && ((${version%%.*} >= 2))
}

has_buildx() { [[ -n "$(buildx_version)" ]]; }

# --- processes

# Prints "state starttime" of a pid. A pid alone is no identity: after a reboot or a wrap it names somebody else.
process_stat() {
  local line
  { line="$(<"/proc/$1/stat")"; } 2>/dev/null || return 1
  # The command name may hold spaces and brackets, so the fields are counted from the last bracket.
  line="${line##*) }"
  awk '{print $1, $20}' <<<"$line"
}

# True while the very process (pid, start time) runs; a zombie that nobody reaped has ended.
is_running() {
  local state start_time
  read -r state start_time < <(process_stat "$1") || return 1
  [[ "$state" != Z && "$start_time" == "$2" ]]
}

# await_end PID START_TIME SECONDS: false when the process outlives the deadline.
await_end() {
  local deadline=$((SECONDS + $3))
  while is_running "$1" "$2"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

is_command() { [[ "$(cat "/proc/$1/comm" 2>/dev/null)" == "$2" ]]; }

# Prints "pid starttime" of our dockerd, if it runs.
our_dockerd() {
  local pid start_time
  [[ -s "$PID_FILE" ]] || return 1
  read -r pid start_time <"$PID_FILE" || return 1
  is_running "$pid" "$start_time" && echo "$pid $start_time"
}

# A pid file whose process ended, or now belongs to another program, makes dockerd refuse to start, or wait for a
# containerd that never comes. A process that does carry the right name is left alone.
drop_stale_pid_file() {
  local file="$1" command="$2" pid
  [[ -e "$file" ]] || return 0
  pid="$(tr -cd '0-9' <"$file")"
  if [[ -n "$pid" ]] && is_command "$pid" "$command" && [[ "$(process_stat "$pid")" != Z* ]]; then
    return 0
  fi
  say "removing stale $file"
  rm -f "$file"
}

# --- what the machine allows

require_machine() {
  [[ "$(id -u)" == 0 ]] ||
    fail 69 ENGINE_NOT_ROOT "expected root, running as uid $(id -u)" 'run it as root, or start your own Docker engine'
  if [[ ! "${DOCKER_HOST:-unix://$SOCKET}" =~ ^unix://(/var)?/run/docker\.sock$ ]]; then
    fail 69 ENGINE_DOCKER_HOST "DOCKER_HOST points elsewhere ($DOCKER_HOST) and nothing answers there" \
      'start that engine, or unset DOCKER_HOST'
  fi
  unshare --mount true 2>/dev/null ||
    fail 69 ENGINE_NO_MOUNT 'this machine does not let root mount (CAP_SYS_ADMIN is missing)' \
      'use a virtual machine or a privileged container, or point DOCKER_HOST at an engine'
}

# Containers need their cgroups; a machine booted without systemd may have none mounted.
ensure_cgroups() {
  grep -q ' cgroup2\? ' /proc/mounts && return 0
  mount -t cgroup2 cgroup2 /sys/fs/cgroup ||
    fail 69 ENGINE_NO_CGROUPS 'no cgroup hierarchy is mounted and cgroup2 could not be mounted' \
      'mount one on /sys/fs/cgroup, or use a machine that has it'
  : >"$CGROUP_FILE"
}

# Tries the two rules that Docker's bridge cannot do without, in a chain of our own.
iptables_works() {
  local chain="WALPROOF-PROBE-$$" result=1
  "$1" -t nat -N "$chain" 2>/dev/null || return 1
  "$1" -t nat -A "$chain" -m addrtype --dst-type LOCAL -j RETURN 2>/dev/null &&
    "$1" -t nat -A "$chain" -j MASQUERADE 2>/dev/null && result=0
  "$1" -t nat -F "$chain" && "$1" -t nat -X "$chain"
  return "$result"
}

# Kernels differ in which of the two iptables back ends they carry. The other one is offered to dockerd alone, by a
# folder in front of its PATH: the machine's own choice stays as it is.
choose_iptables() {
  iptables_works iptables && return 0
  local backend
  for backend in nft legacy; do
    if ! command -v "iptables-$backend" >/dev/null || ! iptables_works "iptables-$backend"; then continue; fi
    mkdir -p "$TOOLS_DIR"
    ln -sf "$(command -v "iptables-$backend")" "$TOOLS_DIR/iptables"
    ln -sf "$(command -v "ip6tables-$backend")" "$TOOLS_DIR/ip6tables"
    say "using iptables-$backend"
    return 0
  done
  fail 69 ENGINE_NO_IPTABLES 'neither iptables-nft nor iptables-legacy can set a NAT rule on this kernel' \
    'load the modules nf_nat, xt_addrtype and xt_MASQUERADE, or use another machine'
}

# --- packages

missing_packages() {
  command -v dockerd >/dev/null || echo docker.io
  command -v docker >/dev/null || echo docker-cli
  command -v iptables >/dev/null || echo iptables
  has_compose_v2 || echo docker-compose
  has_buildx || echo docker-buildx
}

os_release() { sed -nE "s/^$1=\"?([^\"]*)\"?$/\\1/p" /etc/os-release; }

# Copies the machine's own Debian sources, and adds the same for the suite to install from: mirror, key and options
# carry over. Sources of other vendors stay out, so that a broken one cannot fail the update.
write_sources() {
  local folder="$1" codename line_start='^deb ([[][^]]*[]] )?[^ ]+'
  codename="$(os_release VERSION_CODENAME)"
  if [[ -r /etc/apt/sources.list.d/debian.sources ]]; then
    cp /etc/apt/sources.list.d/debian.sources "$folder/own.sources"
    [[ "$codename" == "$INSTALL_SUITE" ]] ||
      sed "/^URIs:/I!s/\b$codename\b/$INSTALL_SUITE/g" "$folder/own.sources" >"$folder/suite.sources"
  elif grep -qsE "$line_start $codename .*\bmain\b" /etc/apt/sources.list; then
    sed -nE "/$line_start $codename(-updates|-security)? .*\bmain\b/p" /etc/apt/sources.list >"$folder/own.list"
    [[ "$codename" == "$INSTALL_SUITE" ]] ||
      sed -E "s/(${line_start}) $codename/\1 $INSTALL_SUITE/" "$folder/own.list" >"$folder/suite.list"
  else
    return 1
  fi
}

# Runs apt on the temporary sources and lists of folder $1; dpkg's own state stays the machine's.
apt_with() {
  local folder="$1"
  shift
  DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$folder/sources" \
    -o "Dir::Etc::Preferences=$folder/pin" \
    -o "Dir::State::Lists=$folder/lists" -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache= \
    -o Acquire::Languages=none -o DPkg::Lock::Timeout=120 "$@"
}

remove_apt_folder() { [[ -z "${apt_folder:-}" ]] || rm -rf "$apt_folder"; }

install_packages() {
  local package wanted=("$@")
  case "$(os_release ID) $(os_release VERSION_CODENAME)" in
    'debian bookworm' | 'debian trixie') ;;
    *)
      fail 69 ENGINE_NOT_DEBIAN "missing: ${wanted[*]}; expected Debian 12 or 13, found $(os_release PRETTY_NAME)" \
        'install Docker Engine, Compose v2 and buildx yourself (Ubuntu: docker.io docker-compose-v2 docker-buildx)'
      ;;
  esac
  say "installing from Debian $INSTALL_SUITE: ${wanted[*]}"
  apt_folder="$(mktemp -d "${TMPDIR:-/tmp}/walproof-apt.XXXXXX")"
  trap remove_apt_folder EXIT
  # apt drops to user _apt for downloads, which must be able to enter.
  chmod 755 "$apt_folder"
  mkdir -p "$apt_folder/sources" "$apt_folder/lists/partial"
  printf 'Package: *\nPin: release n=%s*\nPin-Priority: 50\n' "$INSTALL_SUITE" >"$apt_folder/pin"
  write_sources "$apt_folder/sources" ||
    fail 69 ENGINE_NO_SOURCE 'no Debian source for this release found in /etc/apt' \
      'add the main component of your release to /etc/apt/sources.list.d/debian.sources'
  # iptables stays with the machine's release: its libraries belong to the base system.
  for package in "${!wanted[@]}"; do
    [[ "${wanted[package]}" == iptables ]] || wanted[package]+="/$INSTALL_SUITE"
  done
  # dpkg's progress is noise unless it fails.
  if ! { apt_with "$apt_folder" update && apt_with "$apt_folder" install -y --no-install-recommends "${wanted[@]}"; } \
    >"$apt_folder/output" 2>&1 9>&-; then
    tail -n 15 "$apt_folder/output" >&2
    fail 69 ENGINE_INSTALL_FAILED "apt could not install ${wanted[*]}" \
      'read the lines above; often the mirror does not answer'
  fi
  remove_apt_folder
}

# --- dockerd

# Docker's default MTU of 1500 on a path that carries less lets large packets vanish: npm hangs inside containers.
mtu_arguments() {
  local interface mtu
  interface="$(awk '$2 == "00000000" {print $1; exit}' /proc/net/route)"
  [[ -n "$interface" ]] || return 0
  mtu="$(<"/sys/class/net/$interface/mtu")"
  ((mtu < 1500)) || return 0
  grep -qs '"mtu"' /etc/docker/daemon.json || echo "--mtu=$mtu"
  # --mtu reaches the default bridge only; Compose makes networks of its own.
  if grep -qs '"default-network-opts"' /etc/docker/daemon.json; then return 0; fi
  # Engines before 24 do not know the option.
  [[ "$(dockerd --help)" != *--default-network-opt* ]] ||
    echo "--default-network-opt=bridge=com.docker.network.driver.mtu=$mtu"
}

# The containerd of a dockerd that was killed may linger without answering; a new dockerd then waits 15 s for it and
# gives up. One that still has its dockerd is left alone.
end_orphan_containerd() {
  local pid start_time parent
  [[ -s "$CONTAINERD_PID_FILE" ]] || return 0
  pid="$(<"$CONTAINERD_PID_FILE")"
  is_command "$pid" containerd && read -r _ start_time < <(process_stat "$pid") || return 0
  parent="$(awk '/^PPid:/ {print $2}' "/proc/$pid/status")" || return 0
  if is_command "$parent" dockerd; then return 0; fi
  say "ending containerd (pid $pid), left behind by a dockerd that is gone"
  kill -TERM "$pid"
  await_end "$pid" "$start_time" "$ORPHAN_DEADLINE_SECONDS" || kill -KILL "$pid"
  await_end "$pid" "$start_time" "$ORPHAN_DEADLINE_SECONDS" ||
    fail 70 ENGINE_ORPHAN "containerd (pid $pid) cannot be ended" 'restart the machine'
}

launch_dockerd() {
  local pid start_time
  drop_stale_pid_file /var/run/docker.pid dockerd
  end_orphan_containerd
  drop_stale_pid_file "$CONTAINERD_PID_FILE" containerd
  rm -f "$PID_FILE"
  : >"$LOG_FILE"
  # The new session keeps dockerd alive when the caller's terminal goes; the lock (fd 9) must not be inherited. In a
  # script, a background child leads no process group, so setsid execs in place and $! is dockerd's own pid.
  PATH="$TOOLS_DIR:$PATH" setsid dockerd "$@" >>"$LOG_FILE" 2>&1 </dev/null 9>&- &
  # Kept at once: a process substitution changes $!.
  pid=$!
  # No start time means that it has ended already; await_socket reports that.
  if read -r _ start_time < <(process_stat "$pid"); then echo "$pid $start_time" >"$PID_FILE"; fi
}

# The last log lines, without containerd's list of its plugins.
print_log() {
  say "last lines of $LOG_FILE:"
  awk '!/loading plugin/' "$LOG_FILE" | tail -n 20 >&2
}

# Waits until the socket answers. Returns 1 as soon as dockerd has ended.
await_socket() {
  local deadline=$((SECONDS + START_DEADLINE_SECONDS))
  until [[ -S "$SOCKET" ]] && engine_version --host "unix://$SOCKET" >/dev/null; do
    our_dockerd >/dev/null || return 1
    if ((SECONDS >= deadline)); then
      print_log
      stop_dockerd
      fail 70 ENGINE_NO_ANSWER "dockerd did not answer on $SOCKET within $START_DEADLINE_SECONDS s" \
        'read the log lines above'
    fi
    sleep 0.1
  done
}

run_dockerd() {
  local arguments driver
  mapfile -t arguments < <(mtu_arguments)
  launch_dockerd "${arguments[@]}"
  await_socket && return 0
  # dockerd finds the driver that works by itself, except when leftovers of several lie in its data folder. A driver
  # named in daemon.json is the owner's choice.
  for driver in overlay2 vfs; do
    grep -q 'error initializing graphdriver' "$LOG_FILE" || break
    if grep -qs '"storage-driver"' /etc/docker/daemon.json; then break; fi
    say "the storage driver failed, trying $driver"
    launch_dockerd "${arguments[@]}" "--storage-driver=$driver"
    await_socket && return 0
  done
  print_log
  rm -f "$PID_FILE"
  fail 70 ENGINE_DIED 'dockerd ended before its socket answered' 'read the log lines above'
}

# Ends our dockerd and waits for it and for the containerd it started.
stop_dockerd() {
  local pid start_time containerd_pid='' containerd_start=''
  read -r pid start_time < <(our_dockerd) || return 0
  if [[ -s "$CONTAINERD_PID_FILE" ]]; then
    containerd_pid="$(<"$CONTAINERD_PID_FILE")"
    read -r _ containerd_start < <(process_stat "$containerd_pid") || containerd_start=''
  fi
  kill -TERM "$pid"
  await_end "$pid" "$start_time" "$STOP_DEADLINE_SECONDS" ||
    fail 70 ENGINE_DOES_NOT_STOP "dockerd (pid $pid) did not end within $STOP_DEADLINE_SECONDS s" \
      "read $LOG_FILE; kill -KILL $pid ends it"
  [[ -z "$containerd_start" ]] || await_end "$containerd_pid" "$containerd_start" "$STOP_DEADLINE_SECONDS" ||
    fail 70 ENGINE_DOES_NOT_STOP "its containerd (pid $containerd_pid) outlived dockerd" \
      "the next start ends it, or kill -KILL $containerd_pid"
}

# --- commands

# A folder with a known name in a shared temporary folder could be somebody else's.
make_state_dir() {
  if [[ ! -e "$STATE_DIR" && ! -L "$STATE_DIR" ]]; then mkdir -m 700 "$STATE_DIR"; fi
  [[ -d "$STATE_DIR" && ! -L "$STATE_DIR" && -O "$STATE_DIR" ]] ||
    fail 69 ENGINE_STATE_DIR "$STATE_DIR is no folder of this user's" \
      'remove it, or set TMPDIR to a folder of your own'
}

# Another user's state folder means that the engine is that user's: nothing to note then.
note_foreign_engine() {
  [[ ! -e "$STATE_DIR" || -O "$STATE_DIR" ]] || return 0
  make_state_dir
  : >"$FOREIGN_FILE"
}

# Two starts at once would launch two daemons. The lock sits on the parent folder, so that no lock file is left behind.
take_lock() {
  exec 9<"${TMPDIR:-/tmp}"
  flock -w "$LOCK_DEADLINE_SECONDS" 9 ||
    fail 69 ENGINE_LOCKED "another start or stop holds the lock for over $LOCK_DEADLINE_SECONDS s" 'wait for it to end'
}

print_status() {
  local version owner pid
  if ! version="$(engine_version)"; then
    echo 'not running: no Docker engine answers'
    return 3
  fi
  if read -r pid _ < <(our_dockerd); then
    owner="started by this script, pid $pid, log $LOG_FILE"
  else
    owner='not started by this script'
  fi
  echo "running: engine $version, compose $(compose_version || echo missing), buildx $(buildx_version || true), $owner"
}

start() {
  take_lock
  if engine_version >/dev/null && has_compose_v2 && has_buildx; then
    our_dockerd >/dev/null || note_foreign_engine
    print_status
    return 0
  fi
  local engine_answered=no missing
  if engine_version >/dev/null; then
    engine_answered=yes
    [[ "$(id -u)" == 0 ]] ||
      fail 69 ENGINE_NO_COMPOSE 'an engine answers, but docker compose (v2) or docker buildx is missing' \
        'install both CLI plugins, or run this as root on Debian'
  else
    require_machine
  fi
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  hash -r
  make_state_dir
  rm -f "$FOREIGN_FILE"
  # Under systemd the package's own service may have started the engine already.
  if [[ "$engine_answered" == yes ]] || engine_version >/dev/null; then
    our_dockerd >/dev/null || note_foreign_engine
  elif our_dockerd >/dev/null; then
    # Ours runs, yet the CLI got no answer: it is still starting, or the CLI asks another engine.
    await_socket || fail 70 ENGINE_DIED 'dockerd ended before its socket answered' "read $LOG_FILE"
  else
    ensure_cgroups
    choose_iptables
    run_dockerd
  fi
  engine_version >/dev/null ||
    fail 69 ENGINE_CONTEXT "dockerd answers on $SOCKET, but the docker CLI asks another engine" \
      "run 'docker context use default'"
  if ! has_compose_v2 || ! has_buildx; then
    fail 69 ENGINE_NO_PLUGIN "$(command -v docker) finds no compose (v2) or buildx plugin" \
      'put a docker CLI first on PATH that looks in /usr/libexec/docker/cli-plugins (20.10 or newer)'
  fi
  print_status
}

stop() {
  take_lock
  if our_dockerd >/dev/null; then
    stop_dockerd
    if [[ -e "$CGROUP_FILE" ]] && ! umount /sys/fs/cgroup; then say '/sys/fs/cgroup is in use and stays mounted'; fi
    echo 'stopped: dockerd and its containerd ended'
  elif [[ -e "$FOREIGN_FILE" ]]; then
    echo 'nothing to stop: the engine that answers was not started by this script'
  else
    echo 'nothing to stop: this script has no engine running'
  fi
  [[ ! -d "$STATE_DIR" || -L "$STATE_DIR" ]] || rm -rf "$STATE_DIR"
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  status) print_status ;;
  *)
    say 'usage: provision-engine.sh start|stop|status'
    exit 64
    ;;
esac
