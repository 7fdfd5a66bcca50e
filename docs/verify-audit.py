#!/usr/bin/env python3
"""Checks an exported audit chain without Keyward: verify-audit.py EXPORT.ndjson [CHECKPOINT]

The hash of record n is SHA-256 over a zero byte, the hash of record n-1 (32 zero bytes for the first), n as a
big-endian 64-bit number, and the record's body; the body begins with the time and holds the action as text.
CHECKPOINT is a signed note (keyward verify --checkpoints). Its signature is not checked here: any tool for C2SP
signed notes does that, with the verifier that GET /api/audit/checkpoints shows."""
import base64, datetime, hashlib, json, sys

expected = {}
if len(sys.argv) > 2:
    lines = open(sys.argv[2], encoding="utf-8").read().splitlines()
    for at in (at for at, line in enumerate(lines) if line.startswith("keyward/audit/")):
        expected[int(lines[at + 1])] = base64.b64decode(lines[at + 2])

previous, number = bytes(32), 0
for line in open(sys.argv[1], encoding="utf-8"):
    record, number = json.loads(line), number + 1
    if record["seq"] != number:
        sys.exit(f"record {number} is missing: record {record['seq']} does not follow from record {number - 1}")
    body = base64.b64decode(record["body"])
    previous = hashlib.sha256(b"\0" + previous + number.to_bytes(8, "big") + body).digest()
    if previous.hex() != record["hash"]:
        sys.exit(f"record {number} does not follow from record {number - 1}")
    # The time is the body's first field: a number in groups of seven bits, its sign in the lowest.
    end = next(at for at, byte in enumerate(body) if byte < 128)
    zigzag = sum((byte & 127) << 7 * at for at, byte in enumerate(body[: end + 1]))
    shown = datetime.datetime.fromisoformat(record["timestamp"].replace("Z", "+00:00"))
    action, kind = record["action"].encode(), record["actorKind"].encode()
    same_time = abs(shown.timestamp() * 1000 - ((zigzag >> 1) ^ -(zigzag & 1))) < 1
    if not same_time or bytes([len(action)]) + action not in body or bytes([len(kind)]) + kind not in body:
        sys.exit(f"record {number} is shown as something else than its body says")
    if expected.pop(number, previous) != previous:
        sys.exit(f"record {number} is not the one that was signed: the log up to it was written anew")
if expected:
    sys.exit(f"the export ends with record {number}, and a checkpoint was signed for {max(expected)}")
print(f"the audit chain is whole: {number} records")
