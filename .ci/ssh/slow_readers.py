"""Twenty who stop reading while what they look at changes twenty times a second: by a client that takes nothing more, by one that is
stopped, and by a network that drops everything. Memory stays flat, little waits in the kernel, a command of somebody else is as quick
as ever, and those who stopped are gone in time. In a network namespace of its own, which needs root."""

import asyncio
import ctypes
import os
import signal
import subprocess
import threading
import time

from harness import Daemon, has
from terminal import Channel, Pty

READERS, CHANGES = 20, 20
# Seconds after which they must be gone.
GONE = 45
QUEUED_KB, GROWTH_MB, QUICK_MS = 300, 16, 200
CLONE_NEWNET = 0x4000_0000


def own_network():
    """Leaves the network that is there for an empty one; whether that went well."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


class Changes:
    """Reports so many calls a second, on a thread of its own, until told to end."""

    def __init__(self, http, key):
        self.http, self.key, self.over, self.count = http, key, threading.Event(), 0
        self.thread = threading.Thread(target=self.report)
        self.thread.start()

    def report(self):
        began = time.monotonic()
        while not self.over.is_set():
            self.http.track(self.key)
            self.count += 1
            time.sleep(max(0, began + self.count / CHANGES - time.monotonic()))

    def end(self):
        self.over.set()
        self.thread.join()


def queued(port):
    """The most that waits to be sent to one of them, KB."""
    out = subprocess.run(["ss", "-Htn", f"sport = :{port}"], capture_output=True, text=True).stdout
    return max((int(line.split()[2]) for line in out.splitlines()), default=0) / 1024


async def sizes(dashboards, over):
    number = 0
    while not over.is_set():
        number += 1
        for dashboard in dashboards:
            try:
                dashboard.resize(150 + number % 50, 60)
            except Exception:  # Who is gone has no size.
                pass
        await asyncio.sleep(0.2)


async def stalled(daemon, report, how, changing):
    """Watches the daemon until nobody of them is left."""
    over = asyncio.Event()
    beside = asyncio.create_task(sizes(changing, over))
    began, slowest, most_queued = time.monotonic(), [], 0
    await asyncio.sleep(2)
    before = peak = daemon.memory()
    while (left := await asyncio.to_thread(daemon.sessions)) > 0 and time.monotonic() - began < GONE * 2:
        start = time.monotonic()
        done = await asyncio.to_thread(daemon.ssh, "whoami")
        slowest.append((time.monotonic() - start) * 1000 if done.returncode == 0 else float("inf"))
        peak, most_queued = max(peak, daemon.memory()), max(most_queued, queued(daemon.port))
        await asyncio.sleep(1)
    lasted = time.monotonic() - began
    over.set()
    await beside
    report.most(f"{how}: gone", lasted if not left else float("inf"), GONE, "s")
    report.most(f"{how}: memory", peak - before, GROWTH_MB, "MB more")
    report.most(f"{how}: waits to be sent", most_queued, QUEUED_KB, "KB")
    report.most(f"{how}: a command of somebody else, slowest of {len(slowest)}", max(slowest), QUICK_MS, "ms")


async def shown(dashboard):
    """Leads it to the page of the key."""
    await dashboard.wait("1 Home")
    dashboard.press(b"2")
    # The first page tells of the key too.
    await dashboard.wait("1 key")
    dashboard.press(b"\r")
    await dashboard.wait("calls today")
    return dashboard


async def channels(daemon):
    return [await shown(await Channel.open(await daemon.connect(), 200, 60)) for _ in range(READERS)]


async def paused(daemon, report):
    dashboards = await channels(daemon)
    for dashboard in dashboards:
        dashboard.connection._transport.pause_reading()
    await stalled(daemon, report, "reading paused", dashboards)
    for dashboard in dashboards:
        dashboard.connection.abort()


async def stopped(daemon, report):
    terminals = [await shown(Pty(daemon.words("-tt"), 200, 60)) for _ in range(READERS)]
    for terminal in terminals:
        os.kill(terminal.process.pid, signal.SIGSTOP)
    await stalled(daemon, report, "clients stopped", [])
    for terminal in terminals:
        terminal.close()


async def dropped(daemon, report):
    dashboards = await channels(daemon)
    ports = [dashboard.connection.get_extra_info("sockname")[1] for dashboard in dashboards]
    rules = [["INPUT", "-p", "tcp", flag, str(port), "-j", "DROP"] for port in ports for flag in ("--sport", "--dport")]
    for rule in rules:
        subprocess.run(["iptables", "-A", *rule], check=True)
    await stalled(daemon, report, "packets dropped", dashboards)
    for rule in rules:
        subprocess.run(["iptables", "-D", *rule], check=True)
    for dashboard in dashboards:
        dashboard.connection.abort()


async def run(binary, report, _):
    if not has(report, "ssh", "ip", "iptables", "ss"):
        return
    if not own_network():
        report.say("a network of its own", False, "only root may make one")
        return
    with Daemon(binary) as daemon:
        http = daemon.http()
        changes = Changes(daemon.http(), http.add_key("watched"))
        try:
            for how in (paused, stopped, dropped):
                await how(daemon, report)
        finally:
            changes.end()
        report.say(f"{changes.count} calls", "panicked" not in daemon.log())
