#!/usr/bin/env bash
#
# Why    The tests of pages drive a real browser. CI runners bring Google Chrome; a bare Debian machine or sandbox brings
#        none, and playwright-core downloads none.
#
# What   Installs what is missing of Debian's chromium and of fonts for Latin and Thai text, from the machine's own mirror.
#        What is there is left as it is. A browser without a Thai font will do: only pictures are poorer.
#
# Usage  provision-browser.sh
#        CHROMIUM_PATH names a browser that is not on the PATH; then nothing is installed.
#
# Exit   0  a browser is there
#       69  this machine does not allow it; the message names the reason and the next step
set -euo pipefail

readonly LOCK_DEADLINE_SECONDS=300

say() { printf 'provision-browser: %s\n' "$*" >&2; }

# fail SEEN NEXT_STEP
fail() {
  say "$1"
  say "next: $2"
  exit 69
}

browser() {
  local name
  for name in chromium google-chrome google-chrome-stable chromium-browser; do
    command -v "$name" && return
  done
  return 1
}

# Without one, Thai text is a row of boxes.
has_thai_font() { command -v fc-list >/dev/null && [[ -n "$(fc-list ':lang=th' file)" ]]; }

# done_or_fail SEEN NEXT_STEP: what is missing cannot be installed.
done_or_fail() {
  browser >/dev/null || fail "no browser is on the PATH, and $1" "$2"
  say "$(browser) is there; no Thai font, and $1"
  exit 0
}

if [[ -n "${CHROMIUM_PATH:-}" ]]; then
  [[ -x "$CHROMIUM_PATH" ]] || fail "CHROMIUM_PATH names $CHROMIUM_PATH, which is no program" 'correct it, or unset it'
  say "$CHROMIUM_PATH is there"
  exit 0
fi
wanted=()
browser >/dev/null || wanted+=(chromium)
has_thai_font || wanted+=(fonts-liberation fonts-thai-tlwg fontconfig)
if ((${#wanted[@]} == 0)); then
  say "$(browser) is there"
  exit 0
fi
command -v apt-get >/dev/null || done_or_fail 'this is no Debian' 'install Chromium or Google Chrome, or set CHROMIUM_PATH'
[[ "$(id -u)" == 0 ]] || done_or_fail 'only root may install what is missing' "sudo $0"

export DEBIAN_FRONTEND=noninteractive
readonly APT=(apt-get -qq -o "DPkg::Lock::Timeout=$LOCK_DEADLINE_SECONDS" -o Dpkg::Use-Pty=0)
say "installing ${wanted[*]}"
"${APT[@]}" update || say 'apt-get update failed; going on with the lists that are there'
"${APT[@]}" install --yes --no-install-recommends "${wanted[@]}" >/dev/null ||
  done_or_fail 'apt-get could not install what is missing' "look at the lines above; the packages are ${wanted[*]}"
browser >/dev/null || fail 'chromium is installed, and not on the PATH' 'set CHROMIUM_PATH'
say "$(browser) is there"
