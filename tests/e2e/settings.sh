#!/usr/bin/env bash
# Mistakes in settings and arguments cost one plain line and the right exit code.
# tier: default
# limit: 100
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/settings.py"
