#!/usr/bin/env bash
# Signing in to Exchange by NTLM, Kerberos, OAuth2 and Basic; wrong passwords; older servers.
# tier: default
# limit: 300
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$(dirname -- "${BASH_SOURCE[0]}")/auth.py"
