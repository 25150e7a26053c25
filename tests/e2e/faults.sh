#!/usr/bin/env bash
# First loads against an Exchange that misbehaves in every way of its simulator.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/faults.py"
