#!/usr/bin/env bash
# Passwords, tokens, headers and numbers of members are in no log, page, trace, row or core.
# tier: default
# limit: 240
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/canary.py"
