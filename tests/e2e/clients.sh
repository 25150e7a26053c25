#!/usr/bin/env bash
# An independent client reads and edits what the product wrote.
# tier: default
# limit: 120
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/clients.py"
