#!/usr/bin/env python3
"""Checks an exported audit chain without Keyward: verify-audit.py EXPORT.ndjson [CHECKPOINT]

The hash of record n is SHA-256 over a zero byte, the hash of record n-1 (32 zero bytes for the first), n as a
big-endian 64-bit number, and the record's body. The body is the record's fields in order, as postcard writes them
(https://postcard.jamesmunns.com/wire-format); each has to be what is shown.
CHECKPOINT is a signed note (keyward verify --checkpoints). Its signature is not checked here: any tool for C2SP
signed notes does that, with the verifier that GET /api/audit/checkpoints shows."""
import base64, calendar, hashlib, json, sys, time

DOORS, OUTCOMES = ["ssh", "rest", "websocket", "local", "system"], ["done", "refused"]


class Body:
    def __init__(self, bytes):
        self.rest = bytes

    def take(self, length):
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def number(self):
        number, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            number, shift = number | (byte & 127) << shift, shift + 7
            if byte < 128:
                return number

    def signed(self):
        number = self.number()
        return (number >> 1) ^ -(number & 1)

    def text(self):
        return self.take(self.number()).decode()

    def id(self):
        return self.take(12).hex()

    def option(self, read):
        return read() if self.number() else None

    def fields(self):
        return {
            "timestamp": self.signed(),
            "actor": self.option(self.id),
            "actorKind": self.text(),
            "door": DOORS[self.number()],
            "from": self.option(self.text),
            "action": self.text(),
            "object": self.option(self.id),
            "space": self.option(self.id),
            "outcome": OUTCOMES[self.number()],
            "detail": self.text(),
            # Bodies of before end here.
            "requestId": self.text() if self.rest else None,
        }


def milliseconds(shown):
    moment, _, fraction = shown.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(fraction.ljust(3, "0"))


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
    shown = {**record, "timestamp": milliseconds(record["timestamp"])}
    if any(shown.get(name) != value for name, value in Body(body).fields().items()):
        sys.exit(f"record {number} is shown as something else than its body says")
    if expected.pop(number, previous) != previous:
        sys.exit(f"record {number} is not the one that was signed: the log up to it was written anew")
if expected:
    sys.exit(f"the export ends with record {number}, and a checkpoint was signed for {max(expected)}")
print(f"the audit chain is whole: {number} records")
