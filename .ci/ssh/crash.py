"""`kill -9` amid open dashboards, and another start on the same folder: the host key is the same, and what was stored is there."""

import signal

from harness import Daemon, has
from terminal import Channel

DASHBOARDS, KEYS = 20, 50


async def run(binary, report, _):
    if not has(report, "ssh"):
        return
    with Daemon(binary) as daemon:
        http = daemon.http()
        for number in range(KEYS):
            http.add_key(f"key-{number}", f"value-{number}")
        dashboards = [await Channel.open(await daemon.connect()) for _ in range(DASHBOARDS)]
        for dashboard in dashboards:
            await dashboard.wait("1 Home")
        daemon.ssh("whoami")
        with open(f"{daemon.folder}/known_hosts", encoding="utf-8") as file:
            before = file.read().split()[-1]
        report.say("killed", daemon.end(signal.SIGKILL) == -signal.SIGKILL)
        daemon.start()
        # The port is another: the host is not known by its name again.
        daemon.ssh("whoami")
        with open(f"{daemon.folder}/known_hosts", encoding="utf-8") as file:
            hosts = [line.split()[-1] for line in file.read().splitlines()]
        report.say("the host key", len(hosts) == 2 and set(hosts) == {before}, "", "the same")
        got = daemon.ssh("keys", "get", f"key-{KEYS - 1}").stdout.decode().strip()
        listed = daemon.http().ask("GET", "/api/keys?limit=100")["pagination"]["total"]
        report.say("what was stored", got == f"value-{KEYS - 1}" and listed == KEYS, f"{listed} keys", f"{KEYS}")
