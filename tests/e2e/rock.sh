#!/usr/bin/env bash
# A Rock that fails: nothing is planned, every mailbox as it was.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/rock.py"
