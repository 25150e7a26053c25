#!/usr/bin/env bash
# What users do with their contacts by hand, Clear and Remove, taking over from the original plugin.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/hand.py"
