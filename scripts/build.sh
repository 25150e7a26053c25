#!/usr/bin/env bash
# build.sh [PRESET] [TARGET..]: configures build/PRESET once and builds it; quiet unless something is wrong.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
preset=${1:-dev}
shift || true
targets=()
(($#)) && targets=(--target "$@")
if [[ $preset == fuzz ]]; then scripts/deps.sh --fuzz; fi
if [[ ! -f build/$preset/build.ninja ]]; then
    mkdir -p build
    cmake --preset "$preset" >build/configure.log 2>&1 || {
        cat build/configure.log >&2
        exit 1
    }
fi
exec cmake --build "build/$preset" "${targets[@]}"
