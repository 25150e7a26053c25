#!/usr/bin/env python3
"""Judges schemas/examples with python3-jsonschema: valid/ must pass, invalid/ must not.

tests/unit/schema_examples_test.c judges the same files with the C decoders by the same folder names, so whoever passes
both knows that decoder and schema agree. What a schema cannot say (bytes, depth, doubled fields) is said here as in
common/core/scan.h. Exit: 0 all as named, 1 some are not, 77 when python3-jsonschema is missing.
"""
import decimal
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("schema_examples: skipped, python3-jsonschema is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_DEPTH = 16
MAX_BYTES = {"contact-task": 4096, "preferences": 65536, "change-event": 4096}


class Fields(dict):
    """An object that remembers which of its names stood there more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = {name for name in names if names.count(name) > 1}


def refuse_constant(name):
    raise ValueError(name + " is not JSON")


def exact_number(text):
    """1.0 and 10e-1 are the integer 1; what only rounds to an integer in a double is none."""
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:
        return 0.5
    if value != value.to_integral_value():
        return 0.5
    return int(value) if value.adjusted() < 100 else float("inf")


def check_text(value):
    if "\0" in value:
        raise ValueError("NUL in a string")
    value.encode("utf-8")  # a lone surrogate does not encode


def check_tree(value, depth=1):
    if isinstance(value, str):
        check_text(value)
        return
    if not isinstance(value, (dict, list)):
        return
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    for name in value if isinstance(value, dict) else ():
        check_text(name)
    for child in value.values() if isinstance(value, dict) else value:
        check_tree(child, depth + 1)


def problem(data, kind, validator):
    """What is wrong with the bytes, or None."""
    if len(data) > MAX_BYTES[kind]:
        return "too long"
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=Fields, parse_constant=refuse_constant, parse_float=exact_number
        )
        check_tree(value)
    except (ValueError, RecursionError) as e:
        return f"not JSON: {e}"
    doubled = getattr(value, "twice", set()) & set(validator.schema["properties"])
    if doubled:
        return f"doubled: {sorted(doubled)}"
    error = next(validator.iter_errors(value), None)
    return error.message if error else None


def judge(kind):
    """Prints what is not as its folder says; returns (files, wrong)."""
    with open(ROOT / "schemas" / f"{kind}.v1.json", encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = wrong = 0
    for verdict in ("valid", "invalid"):
        for path in sorted((ROOT / "schemas/examples" / kind / verdict).glob("*.json")):
            files += 1
            found = problem(path.read_bytes(), kind, validator)
            if (found is None) != (verdict == "valid"):
                wrong += 1
                print(f"{path.relative_to(ROOT)}: {found or 'passes'}")
    return files, wrong


def main():
    files = wrong = 0
    for kind in MAX_BYTES:
        n, bad = judge(kind)
        if n == 0:
            print(f"{kind}: no examples found")
            bad = 1
        files, wrong = files + n, wrong + bad
    print(f"schema_examples: {files} files, {wrong} not as named")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
