"""Commands in pipes: whoever stops reading early leaves no error behind, and what comes out is whole."""

import hashlib
import subprocess

from harness import Daemon, has

ROUNDS = 100
MEGABYTE = 1024 * 1024


def early_end(daemon, report):
    reader = subprocess.Popen(["head", "-c", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with open(f"{daemon.folder}/said", "wb") as said:
        writer = subprocess.Popen([*daemon.words(), "export", "--format", "json"], stdout=reader.stdin, stderr=said)
        reader.stdin.close()
        got = reader.stdout.read()
        writer.wait(20)
    wrong = [line for line in daemon.log().splitlines() if '"ERROR"' in line or '"WARN"' in line or "panicked" in line]
    report.say("a reader who ends after one byte", len(got) == 1 and not wrong, "".join(wrong), "no error in the log")
    report.say("the next command", daemon.ssh("whoami").returncode == 0)


def whole(daemon, report):
    sums, least = set(), MEGABYTE * 1024
    for _ in range(ROUNDS):
        done = daemon.ssh("export", "--format", "json")
        least = min(least, len(done.stdout))
        sums.add((done.returncode, hashlib.sha256(done.stdout).hexdigest()))
    well = len(sums) == 1 and least >= MEGABYTE
    report.say(f"{least} bytes, {ROUNDS} times", well, f"{len(sums)} different sums", "one")


async def run(binary, report, _):
    if not has(report, "ssh"):
        return
    with Daemon(binary) as daemon:
        http = daemon.http()
        for number in range(18):
            http.add_key(f"key-{number}", "0123456789abcdef" * 4000)
        early_end(daemon, report)
        whole(daemon, report)
        table = daemon.ssh("keys", "ls", options=["-tt"])
        report.say("a command in a terminal is no dashboard", b"key-7" in table.stdout and b"\x1b[?1049h" not in table.stdout)
        plain = daemon.ssh(options=["-T"])
        report.say("without a terminal no escape", plain.returncode == 0 and b"\x1b" not in plain.stdout + plain.stderr)
