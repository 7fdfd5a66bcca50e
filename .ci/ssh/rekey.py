"""Session keys renewed under dashboards that are idle and busy, when the client wants it and when the server does, with OpenSSH,
asyncssh and plink: they are renewed, the session lives, and its screen is right."""

import asyncio
import os
import re
import subprocess
import time

from harness import Daemon, has
from terminal import Channel, Pty

SERVER_SECONDS, CLIENT_KB = 4, 32
SCAN = ["ssh-keyscan", "-t", "ed25519", "-p"]
# What each client writes about a renewal that came through.
RENEWED = {"OpenSSH": rb"SSH2_MSG_NEWKEYS received", "plink": rb"Incoming packet.*SSH2_MSG_NEWKEYS"}


class OpenSsh:
    name = "OpenSSH"

    def __init__(self, daemon, number, by_client):
        self.log = f"{daemon.folder}/ssh-{number}.log"
        limit = ["-o", f"RekeyLimit={CLIENT_KB}K"] if by_client else []
        self.words = daemon.words("-tt", "-v", "-E", self.log, *limit)

    async def open(self):
        self.dashboard = Pty(self.words)
        return self.dashboard

    def renewed(self):
        with open(self.log, "rb") as file:
            # The first keys are no renewal.
            return len(re.findall(RENEWED[self.name], file.read())) - 1

    def close(self):
        self.dashboard.close()


class Plink(OpenSsh):
    name = "plink"

    def __init__(self, daemon, number, by_client):
        self.log, self.home = f"{daemon.folder}/plink-{number}.log", f"{daemon.folder}/plink-{number}"
        key = f"{daemon.folder}/id.ppk"
        if not os.path.exists(key):
            subprocess.run(["puttygen", daemon.key, "-O", "private", "-o", key], check=True)
        os.makedirs(f"{self.home}/.putty/sessions")
        with open(f"{self.home}/.putty/sessions/it", "w", encoding="utf-8") as file:
            file.write("Protocol=ssh\nHostName=127.0.0.1\nTerminalType=xterm-256color\n")
            file.write(f"PortNumber={daemon.port}\n" + (f"RekeyBytes={CLIENT_KB}K\n" if by_client else ""))
        with open(f"{daemon.folder}/host.pub", "wb") as file:
            file.write(subprocess.check_output(SCAN + [str(daemon.port), "127.0.0.1"], stderr=subprocess.DEVNULL))
        told = subprocess.check_output(["ssh-keygen", "-lf", f"{daemon.folder}/host.pub"]).decode().split()[1]
        self.words = ["plink", "-batch", "-sshlog", self.log, "-hostkey", told, "-i", key, "-l", "ana", "-t", "-load", "it"]

    async def open(self):
        self.dashboard = Pty(self.words, HOME=self.home)
        # It leaves the terminal as it is, and a line at a time would reach nobody.
        subprocess.run(["stty", "raw", "-echo"], stdin=self.dashboard.near, check=True)
        return self.dashboard


class AsyncSsh:
    name = "asyncssh"

    def __init__(self, daemon, number, by_client):
        self.daemon = daemon
        # It counts what it sends alone, and keys are few.
        self.limits = {"rekey_bytes": CLIENT_KB * 1024 // 16} if by_client else {}

    async def open(self):
        connection = await self.daemon.connect(**self.limits)
        self.dashboard = await Channel.open(connection)
        self.connection = connection
        self.seen = [connection._recv_encryption]
        self.watching = asyncio.create_task(self.watch())
        return self.dashboard

    async def watch(self):
        """asyncssh tells nobody: each renewal puts another cipher in its place."""
        while True:
            await asyncio.sleep(0.005)
            if self.connection._recv_encryption is not self.seen[-1]:
                self.seen.append(self.connection._recv_encryption)

    def renewed(self):
        return len(self.seen) - 1

    def close(self):
        self.watching.cancel()
        self.connection.abort()


async def busy(dashboard, seconds):
    """Turns pages and changes the size, so that whole pictures come."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end and not dashboard.ended:
        number += 1
        dashboard.press((b"1", b"2")[number % 2])
        if number % 10 == 0:
            dashboard.resize(80, 24 + number // 10 % 2)
        await asyncio.sleep(0.1)
    dashboard.resize(80, 24)


async def one(report, client, by_client, is_busy, seconds):
    by, doing = ("client" if by_client else "server"), ("busy" if is_busy else "idle")
    what = f"{client.name}, by the {by}, {doing}"
    dashboard = await client.open()
    try:
        await dashboard.wait("1 Home")
        await (busy(dashboard, seconds) if is_busy else asyncio.sleep(seconds))
        least = 3 if by_client else seconds // SERVER_SECONDS - 2
        renewed = client.renewed()
        report.say(what, renewed >= least and not dashboard.ended, f"{renewed} times in {seconds} s", f"at least {least}")
        for keys, shown in ((b"2", "watched"), (b"1", "1 Home"), (b"?", "Help")):
            dashboard.press(keys)
            await dashboard.wait(shown)
        report.say(f"{what}: the screen", True)
    except TimeoutError as error:
        report.say(f"{what}: the screen", False, str(error))
    finally:
        client.close()


async def run(binary, report, arguments):
    if not has(report, "ssh", "plink", "puttygen", "stty"):
        return
    with Daemon(binary, [f"ssh.rekey_seconds={SERVER_SECONDS}"]) as quick, Daemon(binary) as usual:
        for daemon in (quick, usual):
            daemon.http().add_key("watched")
        cases, number = [], 0
        for client in (OpenSsh, AsyncSsh, Plink):
            for by_client, is_busy in ((False, False), (False, True), (True, True)):
                number += 1
                daemon = usual if by_client else quick
                cases.append(one(report, client(daemon, number, by_client), by_client, is_busy, arguments.seconds))
        await asyncio.gather(*cases)
