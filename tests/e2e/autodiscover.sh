#!/usr/bin/env bash
# Exchange found from the users' addresses.
# tier: default
# limit: 240
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/autodiscover.py"
