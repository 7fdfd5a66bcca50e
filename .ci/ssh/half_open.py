"""Noise at the port, and a thousand strangers of one address who stop at each step of signing in: few are kept at once, all are gone
by the deadline, and who comes from another address signs in all the while."""

import asyncio
import os
import time

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import String

from harness import Daemon

CROWD, AT_ONCE, LOGIN_SECONDS = 1000, 16, 6
STRANGERS, NEIGHBOUR = ("127.0.0.3", 0), ("127.0.0.2", 0)
VERSION = b"SSH-2.0-stalled\r\n"
NOISE = {
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "4 KB of noise": os.urandom(4096),
    "version 1.5": b"SSH-1.5-x\r\n",
    "0xff after the version": VERSION + b"\xff" * 4096,
    "100 KB without a line's end": b"x" * 100_000,
}


def key_exchange():
    """A whole list of algorithms, as the server knows them (RFC 4253, section 7.1), in a packet of its own."""
    lists = ["curve25519-sha256", "ssh-ed25519", *["aes256-gcm@openssh.com"] * 2, *["hmac-sha2-512-etm@openssh.com"] * 2]
    lists += ["none", "none", "", ""]
    payload = bytes([20]) + bytes(16) + b"".join(len(x).to_bytes(4) + x.encode() for x in lists) + bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 8
    return (len(payload) + 1 + padding).to_bytes(4) + bytes([padding]) + payload + bytes(padding)


class Inside:
    """Counts who was let in: a version line came, and the end has not."""

    def __init__(self):
        self.now = self.all = self.most = 0
        self.longest = 0.0

    def enter(self):
        self.now, self.all = self.now + 1, self.all + 1
        return time.monotonic()

    def leave(self, began):
        self.now -= 1
        self.longest = max(self.longest, time.monotonic() - began)


async def raw(port, begun, inside):
    """Says so much and waits for the end."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=STRANGERS)
    except OSError:
        return
    began = None
    try:
        await reader.readuntil(b"\n")
        began = inside.enter()
        writer.write(begun)
        while await reader.read(4096):
            pass
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        if began:
            inside.leave(began)
        writer.close()


class Stops(asyncssh.SSHClient):
    """Exchanges keys, and stops where `at` says: at its own key, or at the question for a password."""

    def __init__(self, at, inside):
        self.at, self.inside, self.began, self.task = at, inside, None, None

    def connection_made(self, conn):
        self.connection = conn

    def connection_lost(self, exc):
        if self.began:
            self.inside.leave(self.began)
            self.began = None
        if self.task:
            self.task.cancel()

    def begun(self):
        if not self.began:
            self.began = self.inside.enter()

    async def chatter(self):
        while True:
            await asyncio.sleep(5)
            self.connection.send_packet(MSG_IGNORE, String(b"still here"))

    async def public_key_auth_requested(self):
        self.begun()
        self.task = asyncio.create_task(self.chatter())
        await asyncio.Event().wait()

    def kbdint_auth_requested(self):
        return ""

    async def kbdint_challenge_received(self, *_):
        self.begun()
        await asyncio.Event().wait()


async def exchanged(port, at, inside):
    client = Stops(at, inside)
    wanted = "keyboard-interactive" if at == "question" else "publickey"
    try:
        await asyncssh.connect(
            "127.0.0.1", port, username="nobody", local_addr=STRANGERS, known_hosts=None, config=None,
            agent_path=None, client_keys=None, client_factory=lambda: client, preferred_auth=wanted,
            login_timeout=0,
        )
    except (OSError, asyncssh.Error):
        pass


async def elsewhere(daemon, slowest, over):
    """Signs in from another address, again and again."""
    while not over.is_set():
        began = time.monotonic()
        connection = await daemon.connect(local_addr=NEIGHBOUR)
        slowest.append(time.monotonic() - began)
        connection.close()
        await asyncio.sleep(0.2)


async def watch(inside, over):
    while not over.is_set():
        await asyncio.sleep(0.1)
        # What has ended by now is heard of first.
        await asyncio.sleep(0)
        inside.most = max(inside.most, inside.now)


async def crowd(daemon, report, kind, stranger):
    inside, slowest, over = Inside(), [], asyncio.Event()
    beside = [asyncio.create_task(elsewhere(daemon, slowest, over)), asyncio.create_task(watch(inside, over))]
    began = time.monotonic()
    coming = []
    for _ in range(CROWD):
        coming.append(asyncio.create_task(stranger(inside)))
        # The system itself turns away who knocks faster than anybody can be let in.
        await asyncio.sleep(0.002)
    _, left = await asyncio.wait(coming, timeout=LOGIN_SECONDS * 6)
    lasted = time.monotonic() - began
    over.set()
    await asyncio.gather(*beside)
    report.say(f"{kind}: all {CROWD} are gone", not left and inside.all > 0, f"{inside.all} let in, after {lasted:.1f} s")
    report.most(f"{kind}: at once", inside.most, AT_ONCE, "of them")
    # At the question for a password there is as much time again; whoever hears that time is up has a second to leave.
    deadline = LOGIN_SECONDS * (2 if kind == "at the question" else 1)
    report.most(f"{kind}: kept", inside.longest, deadline + 1.5, "s")
    report.most(f"{kind}: a login from elsewhere, of {len(slowest)}", max(slowest), 1, "s")


async def noise(daemon, report):
    for name, data in NOISE.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port, local_addr=NEIGHBOUR)
        version = await reader.readuntil(b"\n")
        began = time.monotonic()
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                while await reader.read(4096):
                    pass
        except (OSError, TimeoutError):
            pass
        writer.close()
        report.most(f"{name}: closed after", time.monotonic() - began, 1, "s")
        report.say(f"{name}: the version came first", version == b"SSH-2.0-Keyward\r\n")


async def run(binary, report, _):
    with Daemon(binary, [f"ssh.login_seconds={LOGIN_SECONDS}"], exempt=False) as daemon:
        await noise(daemon, report)
        await crowd(daemon, report, "silent", lambda inside: raw(daemon.port, b"", inside))
        await crowd(daemon, report, "after the version", lambda inside: raw(daemon.port, VERSION, inside))
        begun = VERSION + key_exchange()
        await crowd(daemon, report, "in the key exchange", lambda inside: raw(daemon.port, begun, inside))
        for kind, at in [("after the keys, with IGNORE", "keys"), ("at the question", "question")]:
            await crowd(daemon, report, kind, lambda inside, at=at: exchanged(daemon.port, at, inside))
        report.say("nothing failed", "panicked" not in daemon.log())
