#!/usr/bin/env bash
# The doctor: each thing that can be wrong is named, with what mends it.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/doctor.py"
