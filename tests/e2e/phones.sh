#!/usr/bin/env bash
# Numbers of every kind in the mailbox; the business number by the church's template; the lint.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/phones.py"
