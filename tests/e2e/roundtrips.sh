#!/usr/bin/env bash
# Clients that share no code with us, on the Exchange simulator: exchangelib and ews-java-api, over NTLM and Basic.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/roundtrips.py"
