#!/usr/bin/env bash
# Runs by the schedule: on time, once each, whichever producer leads.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/job.py"
