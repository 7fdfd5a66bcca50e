"""Five hundred sizes in twenty seconds in tmux: the picture is right afterwards, memory is given back, and nobody else waits.
(Five hundred dashboards at once that change theirs: `sessions --storm`, see CONTRIBUTING.md.)"""

import asyncio
import random
import time

from harness import AGAIN, Daemon, has, percentile
from terminal import Channel, Tmux

TIMES, SECONDS = 500, 20


async def frames(dashboard, took, over):
    """Moves between two pages, and notes how long each takes to be drawn, milliseconds."""
    number = 0
    while not over.is_set():
        number += 1
        keys, shown = ((b"2", "No API keys yet"), (b"1", "Start here"))[number % 2]
        began = time.monotonic()
        dashboard.press(keys)
        while shown not in dashboard.text():
            await asyncio.sleep(0.001)
        took.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(0.1)


async def storm(tmux):
    chance, began = random.Random(3), time.monotonic()
    for number in range(TIMES):
        tmux.resize(chance.randint(1, 300), chance.randint(1, 120))
        await asyncio.sleep(max(AGAIN / 4, began + SECONDS * number / TIMES - time.monotonic()))
    return time.monotonic() - began


async def run(binary, report, _):
    if not has(report, "ssh", "tmux"):
        return
    with Daemon(binary) as daemon, Tmux(80, 24, daemon) as tmux:
        other = await Channel.open(await daemon.connect())
        await other.wait("Start here")
        tmux.wait("shell>")
        tmux.ssh()
        tmux.wait("Start here")
        # The first storm costs what all share.
        await storm(tmux)
        before, took, over = daemon.memory(), [], asyncio.Event()
        pressing = asyncio.create_task(frames(other, took, over))
        lasted = await storm(tmux)
        over.set()
        await pressing
        tmux.resize(80, 24)
        well = tmux.wait_for(lambda screen: "Start here" in screen and len(screen.splitlines()) == 24)
        report.say(f"the picture after {TIMES} sizes in {lasted:.0f} s", well and "panicked" not in daemon.log())
        await asyncio.sleep(1)
        report.most("memory, against before", daemon.memory() / before * 100 - 100, 10, "% more")
        report.most(f"another's key press to its frame, p99 of {len(took)}", percentile(took, 0.99), 50, "ms")
        tmux.type("q")
        back = tmux.wait_for(lambda _: tmux.last_line() == "shell>")
        report.say("given back", back and tmux.modes() == "0 0 1", tmux.modes(), "0 0 1")
