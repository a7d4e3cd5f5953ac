#!/bin/sh
# Make the environments that a make target needs, from nothing but Python 3.11+.
# Usage: infra/setup.sh app|ministack|reader|localstripe|engine|tixclient ...
# Each is skipped when its pinned requirements have not changed.
set -eu
cd "$(dirname "$0")/.."

say() { printf '  %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
    for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    fail "Gatehouse needs Python 3.11 or newer. Install it (apt-get install python3), or name one: make PYTHON=/path/to/python3"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

find_uv() {
    if [ -n "${UV:-}" ] && [ -x "$UV" ]; then return; fi
    if command -v uv >/dev/null 2>&1; then UV=$(command -v uv); return; fi
    UV=.venv-boot/bin/uv
    if [ -x "$UV" ]; then return; fi
    say "getting uv, the installer of everything else"
    if ! "$python" -m venv .venv-boot >/dev/null 2>&1; then
        # Debian and Ubuntu leave ensurepip out of python3.
        rm -rf .venv-boot
        say "this Python has no venv; installing python3-venv"
        { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null 2>&1; } ||
            fail "Install python3-venv first: sudo apt-get install python3-venv"
        "$python" -m venv .venv-boot
    fi
    .venv-boot/bin/python -m pip install -q --disable-pip-version-check uv ||
        fail "uv could not be installed from the package index. Is there a network?"
}

# sync NAME ENVIRONMENT REQUIREMENTS [PROJECT]: the environment holds exactly the pinned, hashed requirements.
sync() {
    [ -f "$3" ] || fail "$3 is missing."
    stamp=$(cksum "$3" | cut -d' ' -f1)-$("$python" -V | tr ' ' -)
    if [ -x "$2/bin/python" ] && [ "$(cat "$2/.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    say "making $2: $1"
    [ -x "$2/bin/python" ] || "$UV" venv -q --python "$python" "$2" || return 1
    UV_LINK_MODE=copy "$UV" pip sync -q --compile-bytecode --python "$2/bin/python" --require-hashes "$3" || return 1
    if [ $# -gt 3 ]; then "$UV" pip install -q --python "$2/bin/python" --no-deps --no-build-isolation -e "$4" || return 1; fi
    printf '%s' "$stamp" > "$2/.stamp"
}

python=$(find_python)
find_uv
for what in "$@"; do
    case $what in
        app) sync "the platform and its tools" .venv requirements-dev.txt ;;
        ministack) sync "the embedded cloud" .venv-ministack infra/local/requirements-ministack.txt ;;
        reader) sync "the reader agent" reader-agent/.venv reader-agent/requirements-dev.txt reader-agent ;;
        localstripe)
            sync "a stand-in for Stripe, for tests" .venv-localstripe infra/local/requirements-localstripe.txt || {
                rm -rf .venv-localstripe
                say "localstripe is not to be had here; its tests are skipped"
            }
            ;;
        engine)
            UV=$UV .venv/bin/python -m infra.local.engines fetch dynamodb-local ||
                say "DynamoDB Local is not to be had here; tests of the table run on MiniStack"
            ;;
        tixclient)
            # The lock's checksums are npm's own; what a package would run at its installation is not run.
            stamp=$(cksum tests/tix_client/package-lock.json | cut -d' ' -f1)
            if [ "$(cat tests/tix_client/node_modules/.stamp 2>/dev/null)" != "$stamp" ]; then
                if command -v node >/dev/null && npm ci --silent --ignore-scripts --no-audit --no-fund --prefix tests/tix_client; then
                    printf '%s' "$stamp" > tests/tix_client/node_modules/.stamp
                else
                    rm -rf tests/tix_client/node_modules
                    say "the client of Tix cannot run here (Node and npm); its test is skipped"
                fi
            fi
            ;;
        *) fail "unknown environment: $what" ;;
    esac
done
