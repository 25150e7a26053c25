#!/usr/bin/env bash
# Every fault during a first load, an update and a Clear, on three Kafka brokers and PostgreSQL: docs/reliability.md.
# tier: full
# limit: 1500
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/matrix.py"
