#!/usr/bin/env bash
# The audit: what was done to the mailboxes behind our back is found and mended.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/audit.py"
