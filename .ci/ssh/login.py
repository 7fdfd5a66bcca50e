"""Who does not get in learns nothing by the answer or by its time; who does is not kept waiting, and goes at once when told."""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import statistics
import struct
import subprocess
import time

import asyncssh

from harness import PASSWORD, Daemon, has, make_key, until
from terminal import Channel

ROUNDS = 30
FOREIGN_KEYS = 7
WRONG_CODES = 20


def totp(otpauth, step=0):
    """The code of now, or of so many steps of 30 seconds later (RFC 6238)."""
    secret = re.search(r"secret=([A-Z2-7]+)", otpauth)[1]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


async def refusal(daemon, user, key):
    """The answer, and how long it took, milliseconds."""
    began = time.monotonic()
    try:
        (await daemon.connect(user, key, preferred_auth="publickey")).close()
        return "let in", 0
    except asyncssh.PermissionDenied as refused:
        return str(refused).replace(user, "USER"), (time.monotonic() - began) * 1000


async def nothing_is_learnt(daemon, report):
    stranger, ben = f"{daemon.folder}/stranger", f"{daemon.folder}/ben"
    make_key(stranger)
    daemon.add_person("ben", ben)
    cases = {"a wrong key": ("ana", stranger), "an unknown name": ("nobody", stranger), "another's key": ("ana", ben)}
    answers, times = set(), {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case, (user, key) in cases.items():
            answer, took = await refusal(daemon, user, key)
            answers.add(answer)
            times[case].append(took)
    report.say("the answer to each wrong key", len(answers) == 1, " / ".join(answers), "one")
    medians = {case: statistics.median(took) for case, took in times.items()}
    spread = max(medians.values()) - min(medians.values())
    figures = ", ".join(f"{case} {median:.1f}" for case, median in medians.items())
    report.say("its time", spread < 5, f"{spread:.2f} ms apart: {figures}", "under 5 ms")


async def agent(daemon, report):
    socket = f"{daemon.folder}/agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        await until(lambda: os.path.exists(socket))
        keys = [f"{daemon.folder}/foreign-{number}" for number in range(FOREIGN_KEYS)]
        for key in keys:
            make_key(key)
        environment = {**os.environ, "SSH_AUTH_SOCK": socket}
        subprocess.run(["ssh-add", "-q", *keys, daemon.key], env=environment, check=True)
        # All that the agent has, and no file.
        words = [word.replace("IdentitiesOnly=yes", "IdentitiesOnly=no") for word in daemon.words(key="none")]
        began = time.monotonic()
        done = subprocess.run([*words, "whoami"], env=environment, capture_output=True, timeout=20)
        took = time.monotonic() - began
        tried = f"{FOREIGN_KEYS} foreign keys of an agent, then the right one"
        well = done.returncode == 0 and took < 2
        report.say(tried, well, f"{took:.2f} s" if well else done.stderr.decode(), "under 2 s")
    finally:
        process.kill()
        process.wait()


async def removed_key(daemon, report):
    carl = f"{daemon.folder}/second"
    make_key(carl)
    http = daemon.http()
    with open(f"{carl}.pub", encoding="utf-8") as file:
        row = http.ask("POST", "/api/profile/ssh-keys", {"name": "second", "key": file.read().strip()})
    dashboard = await Channel.open(await daemon.connect(key=carl))
    await dashboard.wait("1 Home")
    row = row.get("_id") or row["sshKey"]["_id"]
    http.ask("DELETE", f"/api/profile/ssh-keys/{row}")
    took = await dashboard.wait_end()
    report.say("a dashboard whose key is removed ends", took is not None and took < 1, f"{took} s", "within 1 s")


class Answers(asyncssh.SSHClient):
    """Answers the questions for a password and for a code."""

    def __init__(self, password, code):
        self.left = [password, code]

    def kbdint_auth_requested(self):
        return "" if self.left else None

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        return [self.left.pop(0) if self.left else "" for _ in prompts]


async def lets_in(daemon, password, code):
    try:
        connection = await daemon.connect(
            "ana", client_factory=lambda: Answers(password, code), preferred_auth="keyboard-interactive"
        )
    except asyncssh.Error:
        return False
    connection.close()
    return True


async def second_factor(daemon, report):
    http = daemon.http()
    otpauth = http.ask("POST", "/api/auth/2fa/setup", {})["otpauth"]
    code = totp(otpauth)
    http.ask("POST", "/api/auth/2fa/enable", {"totp": code})
    later = totp(otpauth, 1)
    report.say("a code without the password", not await lets_in(daemon, "wrong password", later))
    report.say("the password without a code", not await lets_in(daemon, PASSWORD, "000000"))
    report.say("both", await lets_in(daemon, PASSWORD, later))
    report.say("the same code again", not await lets_in(daemon, PASSWORD, later))
    for number in range(WRONG_CODES):
        if await lets_in(daemon, PASSWORD, f"{number:06}"):
            report.say(f"a guessed code, {number:06}", False)
    # A step further than the last one that was used, and right: it is refused for what went before.
    while totp(otpauth, 1) == later:
        await asyncio.sleep(0.5)
    refused = not await lets_in(daemon, PASSWORD, totp(otpauth, 1))
    report.say(f"the right code after {WRONG_CODES} wrong ones", refused, "refused" if refused else "let in")
    report.say("the key goes on", daemon.ssh("whoami").returncode == 0)


async def run(binary, report, _):
    if not has(report, "ssh", "ssh-agent"):
        return
    with Daemon(binary) as daemon:
        await nothing_is_learnt(daemon, report)
        await agent(daemon, report)
        await removed_key(daemon, report)
        await second_factor(daemon, report)
