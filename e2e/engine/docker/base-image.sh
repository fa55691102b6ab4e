#!/usr/bin/env bash
#
# Why    The Dockerfiles build FROM node:24-bookworm-slim. Where no container registry answers, that image must come
#        from what does answer: a Debian mirror and the npm registry.
#
# What   Does nothing where the tag is present locally, pulls it where a registry answers, and otherwise builds a
#        stand-in under the same tag: Debian 12 (bookworm) essential packages with CA certificates and libstdc++, the
#        Node 24 binary of npm's `node` package, npm, and user `node` (uid and gid 1000). The host's CA bundle goes into
#        the image, because `npm ci` fails with SELF_SIGNED_CERT_IN_CHAIN on a network that re-signs TLS. The image is
#        for this machine: do not push it. It carries the label walproof=base-image.
#
# Usage  base-image.sh [TAG]        default: node:24-bookworm-slim
#        WALPROOF_NO_PULL=1         do not ask a registry
#        To renew a stand-in: docker rmi TAG, then run this again. Needs root on Debian to build.
#
# Exit   0  the tag exists locally now
#       64  wrong usage
#       69  no registry answers and this machine does not allow building; the message names the reason and the next step
#       70  the stand-in was built but does not run; its tag was removed
set -euo pipefail

readonly SUITE='bookworm'
readonly NODE_MAJOR=24
readonly NPM_SPEC='npm@11'
readonly TAG="${1:-node:24-bookworm-slim}"
# A registry that exists names the image within a second or two; only then is the long deadline granted.
readonly REGISTRY_DEADLINE_SECONDS=10
readonly PULL_DEADLINE_SECONDS=600
readonly IMAGE_CA_BUNDLE='/etc/ssl/certs/ca-certificates.crt'
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
readonly ROOT
PATH="$PATH:/usr/sbin:/sbin"

work=''
pull_pid=''

say() { printf 'base-image: %s\n' "$*" >&2; }

# fail EXIT_CODE NAME SEEN NEXT_STEP
fail() {
  say "$2: $3"
  say "next: $4"
  exit "$1"
}

clean_up() {
  if [[ -n "$pull_pid" ]]; then kill "$pull_pid" 2>/dev/null || true; fi
  if [[ -n "$work" ]]; then rm -rf "$work"; fi
}

check_usage() {
  if (($# > 1)) || [[ ! "$TAG" =~ ^[a-z0-9][a-z0-9._/:-]*$ ]]; then
    say "usage: base-image.sh [TAG], got: $*"
    exit 64
  fi
  # A stand-in must be what its name says.
  if [[ "$TAG" =~ (trixie|bullseye|alpine) ]] ||
    [[ "$TAG" =~ ^node:([0-9]+) && "${BASH_REMATCH[1]}" != "$NODE_MAJOR" ]]; then
    fail 64 BASE_TAG "the stand-in is Node $NODE_MAJOR on Debian $SUITE, the tag says otherwise: $TAG" \
      'choose another tag, or pull that image where a registry answers'
  fi
}

# --- pull

# Waits until the pull has ended, or until condition "$2" (a pattern in its output) holds, within $1 seconds.
await_pull() {
  local deadline=$((SECONDS + $1)) pattern="${2:-}"
  while kill -0 "$pull_pid" 2>/dev/null; do
    if [[ -n "$pattern" ]] && grep -q "$pattern" "$work/pull"; then return 0; fi
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.1
  done
}

pull_image() {
  docker pull "$TAG" >"$work/pull" 2>&1 &
  pull_pid=$!
  if await_pull "$REGISTRY_DEADLINE_SECONDS" 'Pulling from' &&
    await_pull "$PULL_DEADLINE_SECONDS" && wait "$pull_pid"; then
    pull_pid=''
    return 0
  fi
  kill "$pull_pid" 2>/dev/null || true
  wait "$pull_pid" 2>/dev/null || true
  pull_pid=''
  return 1
}

# --- parts of the stand-in

require_machine() {
  [[ "$(id -u)" == 0 ]] ||
    fail 69 BASE_NOT_ROOT "$TAG cannot be pulled, and building it needs root (running as uid $(id -u))" \
      'run it as root, or load the image on this machine with docker load'
  command -v mmdebstrap >/dev/null && return 0
  command -v apt-get >/dev/null ||
    fail 69 BASE_NOT_DEBIAN "$TAG cannot be pulled, and building it needs Debian's mmdebstrap" \
      'install mmdebstrap, or load the image on this machine with docker load'
  say 'installing mmdebstrap'
  # An out-of-date package list is the usual reason for a refusal, so it is renewed before the second attempt.
  export DEBIAN_FRONTEND=noninteractive
  if apt-get -qq install -y --no-install-recommends mmdebstrap >"$work/apt" 2>&1; then return 0; fi
  if apt-get -qq update >"$work/apt" 2>&1 &&
    apt-get -qq install -y --no-install-recommends mmdebstrap >>"$work/apt" 2>&1; then return 0; fi
  tail -n 10 "$work/apt" >&2
  fail 69 BASE_NO_MMDEBSTRAP 'apt could not install mmdebstrap' 'read the lines above; often the mirror does not answer'
}

# The machine's own Debian mirror and key, for the suite of the image.
write_sources() {
  local codename
  codename="$(sed -nE 's/^VERSION_CODENAME="?([^"]*)"?$/\1/p' /etc/os-release)"
  if [[ -n "$codename" && -r /etc/apt/sources.list.d/debian.sources ]]; then
    sed "/^URIs:/I!s/\b$codename\b/$SUITE/g" /etc/apt/sources.list.d/debian.sources >"$work/own.sources"
    echo "$work/own.sources"
  elif [[ -n "$codename" ]] && grep -qsE "^deb .* $codename .*\bmain\b" /etc/apt/sources.list; then
    sed -nE "s/^(deb .*) $codename(-updates|-security)? (.*)\bmain\b.*/\1 $SUITE\2 main/p" /etc/apt/sources.list \
      >"$work/own.list"
    echo "$work/own.list"
  fi
}

# Prints a Node binary of the right major that runs without libraries of its own distribution.
find_node() {
  local candidate
  for candidate in "$ROOT/node_modules/node/bin/node" "$(node -p process.execPath 2>/dev/null || true)"; do
    [[ -x "$candidate" && "$("$candidate" -v)" == "v$NODE_MAJOR."* ]] || continue
    if [[ "$(ldd "$candidate" 2>&1)" =~ libnode|'not found' ]]; then continue; fi
    echo "$candidate"
    return 0
  done
  say "fetching node@$NODE_MAJOR from the npm registry"
  candidate="$work/node/node_modules/node/bin/node"
  if ! npm install --loglevel=error --no-save --prefix "$work/node" "node@$NODE_MAJOR" >&2 ||
    [[ ! -x "$candidate" ]]; then
    fail 69 BASE_NO_NODE "npm could not install node@$NODE_MAJOR" 'check that the npm registry answers (npm ping)'
  fi
  echo "$candidate"
}

# The files that go on top of Debian's.
write_overlay() {
  local overlay="$1" node bundle
  node="$(find_node)"
  mkdir -p "$overlay/usr/local/bin" "$overlay/usr/local/lib/node_modules/npm" "$overlay/home/node"
  cp -L "$node" "$overlay/usr/local/bin/node"
  chmod 755 "$overlay/usr/local/bin/node"
  # The packed npm carries its dependencies; a distribution's npm is patched to find them elsewhere.
  npm pack --loglevel=error --pack-destination "$work" "$NPM_SPEC" >/dev/null ||
    fail 69 BASE_NO_NPM "npm could not fetch $NPM_SPEC" 'check that the npm registry answers (npm ping)'
  tar -xzf "$work"/npm-*.tgz -C "$overlay/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$overlay/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$overlay/usr/local/bin/npx"
  chown -R 1000:1000 "$overlay/home/node"
  # What the host trusts, including an authority that only its Node was told about.
  for bundle in "$IMAGE_CA_BUNDLE" "${SSL_CERT_FILE:-}" "${NODE_EXTRA_CA_CERTS:-}"; do
    [[ -n "$bundle" && -r "$bundle" ]] || continue
    if cmp -s "$bundle" "$work/bundle"; then continue; fi
    # awk adds the newline that a bundle may lack at its end.
    awk 1 "$bundle" >>"$work/bundle"
  done
}

# Adds to the freshly made root what the overlay brings. Runs inside mmdebstrap, with the root folder as $1.
write_hook() {
  cat >"$work/hook" <<HOOK
#!/bin/sh
set -eu
cp -a "$work/overlay/." "\$1/"
if [ -s "$work/bundle" ]; then cp "$work/bundle" "\$1$IMAGE_CA_BUNDLE"; fi
echo 'node:x:1000:1000::/home/node:/bin/bash' >>"\$1/etc/passwd"
echo 'node:x:1000:' >>"\$1/etc/group"
echo 'node:!:20000:0:99999:7:::' >>"\$1/etc/shadow"
rm -rf "\$1/etc/apt/sources.list" "\$1/etc/apt/sources.list.d"
HOOK
  chmod +x "$work/hook"
}

build_image() {
  local sources
  require_machine
  write_overlay "$work/overlay"
  write_hook
  sources="$(write_sources)"
  say "building the stand-in $TAG"
  # A root that is thrown away on failure needs no fsync per file.
  mmdebstrap --quiet --mode=root --variant=essential --include=ca-certificates,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt=force-unsafe-io \
    --customize-hook="$work/hook" "$SUITE" "$work/root.tar" ${sources:+"$sources"} >"$work/mmdebstrap" 2>&1 || {
    tail -n 15 "$work/mmdebstrap" >&2
    fail 69 BASE_BUILD_FAILED "mmdebstrap could not make a Debian $SUITE root" \
      'read the lines above; often the mirror does not answer'
  }
  docker import --change 'CMD ["node"]' --change 'LABEL walproof=base-image' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change "ENV NODE_EXTRA_CA_CERTS=$IMAGE_CA_BUNDLE" "$work/root.tar" "$TAG" >/dev/null
}

check_image() {
  local seen
  if seen="$(docker run --rm --network none --label walproof=base-image "$TAG" \
    sh -c 'node -v && npm -v && mkdir /tmp/probe && id -u node' 2>&1)" &&
    [[ "$seen" == "v$NODE_MAJOR."*$'\n'1000 ]]; then
    say "built $TAG: Node $(sed -n 1p <<<"$seen"), npm $(sed -n 2p <<<"$seen")"
    return 0
  fi
  docker rmi "$TAG" >/dev/null
  fail 70 BASE_DOES_NOT_RUN "expected Node $NODE_MAJOR, npm and user node in $TAG, saw: $seen" \
    'check that this machine and its Node binary share an architecture and that containers run at all'
}

main() {
  check_usage "$@"
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
    fail 69 BASE_NO_ENGINE 'no Docker engine answers' 'start one, for example with provision-engine.sh start'
  if docker image inspect "$TAG" >/dev/null 2>&1; then
    say "$TAG is present"
    return 0
  fi
  work="$(mktemp -d "${TMPDIR:-/tmp}/walproof-base-image.XXXXXX")"
  trap clean_up EXIT
  if [[ "${WALPROOF_NO_PULL:-}" != 1 ]]; then
    if pull_image; then
      say "pulled $TAG"
      return 0
    fi
    say "cannot pull $TAG ($(tail -n 1 "$work/pull" | cut -c 1-160))"
  fi
  build_image
  check_image
}

main "$@"
