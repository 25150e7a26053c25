#!/usr/bin/env bash
# Bad messages, offsets, two producers, nothing personal on the queue.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/messages.py"
