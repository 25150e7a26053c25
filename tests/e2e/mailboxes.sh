#!/usr/bin/env bash
# Mailboxes, accounts and contacts that Exchange refuses; what users do by hand.
# tier: default
# limit: 200
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/mailboxes.py"
