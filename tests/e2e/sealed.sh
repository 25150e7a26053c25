#!/usr/bin/env bash
# The Exchange password, sealed in the database.
# tier: default
# limit: 180
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/sealed.py"
