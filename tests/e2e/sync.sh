#!/usr/bin/env bash
# Changes in Rock arrive, and nothing else; who falls out; the guard.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/sync.py"
