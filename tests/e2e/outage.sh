#!/usr/bin/env bash
# Kafka, PostgreSQL and producers that go away in the middle; a restored database.
# tier: default
# limit: 600
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/outage.py"
