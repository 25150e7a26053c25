#!/usr/bin/env bash
# Workers that die, freeze or stop in the middle of a first load, on real Kafka and PostgreSQL.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/crash.py"
