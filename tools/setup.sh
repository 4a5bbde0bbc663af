#!/bin/sh
# Make .venv: everything pinned and checked by hash in requirements.lock, and this project on its path.
# Run by make whenever the lock or pyproject.toml changed; a plain sh script, so that it can say what is wrong with an old Python.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.made-from
space_needed_mb=1500 # the environment takes about 600 MB; the first start and the caches the rest

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
is_one_program() { ! "$1" -c 'print(open("/proc/self/maps").read())' 2>/dev/null | grep -q libpython; }

# The named Python, else the first that fits, but rather one that is a single program: an interpreter in a shared library,
# as version managers build it, takes a quarter more CPU for all we do.
fitting_python() {
    first=
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        fits "$candidate" || continue
        if [ "$candidate" = "${PYTHON:-}" ] || is_one_program "$candidate"; then
            command -v "$candidate"
            return
        fi
        first=${first:-$candidate}
    done
    [ -z "$first" ] || { command -v "$first"; return; }
    fail "Hashtill needs Python 3.11 or newer with venv, and found $(python3 --version 2>/dev/null || echo none)." \
        "Install one (Debian: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3"
}

free_mb() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

require_space() {
    [ "$(free_mb "$venv")" -ge "$space_needed_mb" ] ||
        fail "Only $(free_mb "$venv") MB are free in $(pwd)/$venv; the environment needs $space_needed_mb MB." \
            "Free some space, and run make again."
}

# Run a step; when it fails, name the cause a person can remove, else show the end of its log.
step() {
    say "  $1"
    shift
    "$@" >"$log" 2>&1 && return
    for folder in "$venv" "$log"; do # a full disk takes no words either, so the log alone does not tell
        [ "$(free_mb "$folder")" -ge 1 ] ||
            fail "The disk of $folder is full. Free some space, and run make again."
    done
    if grep -qiE 'no space left|disk quota exceeded' "$log"; then
        fail "A disk is full (perhaps the package caches' one). Free some space, and run make again. Details: $log"
    elif grep -qiE 'name resolution|dns error|connection refused|network is unreachable|timed out|failed to fetch|connect error|no matching distribution' "$log"; then
        fail "The package index cannot be reached. Connect to the network (or set your mirror), and run make again. Details: $log"
    fi
    tail -n 20 "$log" >&2
    fail "The environment could not be made; see above. Details: $log"
}

wanted=$(cat requirements.lock pyproject.toml tools/setup.sh | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

python=$(fitting_python)
mkdir -p "$venv" || fail "Nothing can be written in $(pwd); make it writable for you, and run make again."
require_space
log=$(mktemp) || fail "Nothing can be written in ${TMPDIR:-/tmp}; free some space there, and run make again."
say "Making the environment in $venv ($("$python" --version) at $python, about a minute the first time)"
rm -f "$stamp"
step "1/4 a virtual environment" "$python" -m venv --clear "$venv"
awk '/^uv==/ { keep = 1 } keep { print } keep && !/\\$/ { exit }' requirements.lock >"$venv/uv.lock.txt"
step "2/4 the installer" "$venv/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$venv/uv.lock.txt"
step "3/4 $(grep -c '^[a-zA-Z]' requirements.lock) packages, each checked by its hash" \
    "$venv/bin/uv" pip install --python "$venv" --require-hashes -r requirements.lock
step "4/4 Hashtill itself" "$venv/bin/uv" pip install --python "$venv" --no-deps --no-build-isolation -e .
rm -f "$log"
printf '%s' "$wanted" >"$stamp"
