#!/usr/bin/env bash
# Every code and status of Exchange, once each in a first load.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/outcomes.py"
