#!/usr/bin/env bash
# Pictures of people, behind all numbers and never over the user's own; workers killed among them.
# tier: default
# limit: 240
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/photos.py"
