"""The pages as tmux shows them, at five sizes, against `screens.txt`, where numbers are `#` and runs of spaces are one; and what
the shell finds when it has its terminal back. `.ci/ssh/run screens --update` keeps what is seen as what is right."""

import os
import re
import time

from harness import AGAIN, Daemon, has
from terminal import Tmux

KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens.txt")
SIZES = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 60)]
# What is pressed, one after the other, and what then must be there before the page is looked at.
PAGES = [("home", "", "Home"), ("keys", "2", "Keys"), ("help", "?", "Help"), ("after help", "Escape", "Keys")]
PAGES += [("search", "/abc", "abc"), ("after search", "Escape", "Keys"), ("palette", ":", "Commands")]


def shape(screen):
    """What stays of a screen from run to run."""
    lines = [" ".join(re.sub(r"\d+", "#", line).split()) for line in screen.rstrip().splitlines()]
    return "\n".join(lines)


def settled(tmux, text):
    """The screen once it has this text and has not changed for half a second."""
    tmux.wait(text)
    last, since = tmux.text(), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(AGAIN)
        now = tmux.text()
        if now != last:
            last, since = now, time.monotonic()
    return last


def look(daemon, report, cols, rows, kept, seen):
    with Tmux(cols, rows, daemon) as tmux:
        tmux.wait("shell>")
        tmux.ssh()
        for page, keys, text in PAGES:
            if keys == "Escape":
                tmux.keys(keys)
            elif keys:
                tmux.type(keys)
            name = f"{page}, {cols}x{rows}"
            seen[name] = shape(settled(tmux, text))
            if kept is not None:
                same = kept.get(name) == seen[name]
                report.say(name, same, "" if same else f"seen:\n{seen[name]}\nkept:\n{kept.get(name)}")
        tmux.keys("Escape")
        settled(tmux, "Keys")
        if cols == 80:
            for size in SIZES:
                tmux.resize(*size)
                filled = tmux.wait_for(lambda screen, rows=size[1]: len(screen.splitlines()) == rows and "Keys" in screen)
                report.say(f"from {cols}x{rows} to {size[0]}x{size[1]}", filled)
            tmux.resize(cols, rows)
        tmux.type("q")
        back = tmux.wait_for(lambda _: tmux.last_line() == "shell>")
        report.say(f"given back at {cols}x{rows}", back and tmux.modes() == "0 0 1", tmux.modes(), "0 0 1")


def read():
    """The pages in the file, by name."""
    with open(KEPT, encoding="utf-8") as file:
        parts = re.split(r"^=== (.*)\n", file.read(), flags=re.M)[1:]
    return {name: page.rstrip("\n") for name, page in zip(parts[::2], parts[1::2])}


async def run(binary, report, arguments):
    if not has(report, "ssh", "tmux"):
        return
    kept, seen = (None if arguments.update else read()), {}
    with Daemon(binary) as daemon:
        for cols, rows in SIZES:
            look(daemon, report, cols, rows, kept, seen)
    if arguments.update:
        with open(KEPT, "w", encoding="utf-8") as file:
            file.write("".join(f"=== {name}\n{page}\n" for name, page in seen.items()))
