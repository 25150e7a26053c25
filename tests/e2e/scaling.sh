#!/usr/bin/env bash
# Workers that come and go under load, with the installed librdkafka and a newer one.
# tier: default
# limit: 400
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/scaling.py"
