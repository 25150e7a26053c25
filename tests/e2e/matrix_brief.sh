#!/usr/bin/env bash
# Three cells of the matrix of faults, for every day: docs/reliability.md.
# tier: default
# limit: 240
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/matrix.py" --brief
