#!/usr/bin/env bash
# The schemas on schemas/examples, by python3-jsonschema; tests/unit/schema_examples_test.c has the C decoders on the same files.
set -euo pipefail
exec "${CONTACT_SYNC_PYTHON:-python3}" "$(dirname -- "${BASH_SOURCE[0]}")/schema_examples.py"
