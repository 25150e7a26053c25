#!/usr/bin/env bash
# Enable Trace: the latest connection attempt, without secrets and contacts.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/trace.py"
