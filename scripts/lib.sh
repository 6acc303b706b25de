# SPDX-License-Identifier: MIT
# What the scripts share: the place of things, messages, and packages.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${VQG_BUILD:-$ROOT/build}
JOBS=$(nproc)
SCRIPT=$(basename "$0")

# say TEXT...: what is going on
say() { printf '== %s\n' "$*"; }

# die TEXT...: what is wrong and what to do
die() {
    printf '%s: %s\n' "$SCRIPT" "$*" >&2
    exit 1
}

# usage_error TEXT...: the command line is wrong
usage_error() {
    printf '%s: %s (%s --help)\n' "$SCRIPT" "$*" "$SCRIPT" >&2
    exit 2
}

# need COMMAND=PACKAGE...: installs, on Debian and as root, the packages of the
# commands (or files, with a slash) that are missing; says how where it cannot.
need() {
    local pair thing missing=()
    for pair in "$@"; do
        thing=${pair%%=*}
        case $thing in
            */*) [ -e "$thing" ] || missing+=("${pair#*=}") ;;
            *) command -v "$thing" >/dev/null 2>&1 || missing+=("${pair#*=}") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        die "missing: ${missing[*]}. On Debian 12: sudo apt-get install ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    mkdir -p "$BUILD"
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"; } >"$BUILD/apt.log" 2>&1; then
        tail -n 5 "$BUILD/apt.log" >&2
        die "apt-get could not install ${missing[*]}; its output is in $BUILD/apt.log"
    fi
}
