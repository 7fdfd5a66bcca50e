"""Each kind of terminal is written only what it knows, by the bytes that OpenSSH prints, and gets itself back at the end."""

import re

from harness import Daemon, has
from terminal import Pty

SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
ALTERNATE = b"\x1b[?1049h"
# What old consoles do not know: titles, pasted text in brackets, focus, synchronised output, questions with a private mark.
MODERN = re.compile(rb"\x1b\]|\x1b\[\?(?:2004|1004|2026)[hl$]|\x1b\[>|\x1b\[=|\x1bP")


def colours(raw):
    """The kinds of colour in it: of 16, of 256, of 24 bits."""
    kinds = set()
    for parameters in SGR.findall(raw):
        numbers = [int(number or 0) for number in re.split(rb"[;:]", parameters)]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):
                kind, more = {5: ("256", 1), 2: ("24 bits", 3)}[numbers.pop(0)]
                kinds.add(kind)
                del numbers[:more]
            elif number // 10 in (3, 4, 9, 10) and number % 10 < 8:
                kinds.add("16")
    return kinds


# Of a terminal: TERM, what ssh sends along, whether it gets a dashboard, its colours, and whether it is an old console.
KINDS = [
    ("xterm-256color", [], True, {"256"}, False),
    ("xterm-kitty", [], True, {"24 bits"}, False),
    ("linux", [], True, {"16"}, True),
    ("vt100", [], True, set(), True),
    ("dumb", [], False, set(), True),
    ("xterm-256color", ["NO_COLOR=1"], True, set(), False),
    ("xterm-256color", ["ACCESSIBLE=1"], False, set(), False),
]


async def one(daemon, report, kind):
    term, sent, dashboard, allowed, old = kind
    name = " ".join([term, *sent])
    options = [word for variable in sent for word in ("-o", f"SetEnv={variable}")]
    terminal = Pty(daemon.words("-tt", "-o", "LogLevel=QUIET", *options), term=term)
    try:
        if dashboard:
            await terminal.wait("1 Home")
            terminal.press(b"?")
            await terminal.wait("Help")
            terminal.press(b"\x1b")
            await terminal.wait("Start here")
            terminal.press(b"q")
        else:
            await terminal.wait("exit")
            terminal.press(b"whoami\r")
            await terminal.wait("ana@example.com")
            terminal.press(b"exit\r")
        ended = await terminal.wait_end() is not None
        raw, status = terminal.raw, terminal.process.wait()
    finally:
        terminal.close()
    seen = colours(raw)
    report.say(f"{name}: its colours", seen == allowed, ", ".join(sorted(seen)) or "none", ", ".join(allowed) or "none")
    report.say(f"{name}: a dashboard or lines", (ALTERNATE in raw) == dashboard)
    if old:
        report.say(f"{name}: nothing that it does not know", not MODERN.search(raw))
    if not dashboard:
        report.say(f"{name}: no escape at all", b"\x1b" not in raw)
    else:
        left = [b"\x1b[?1049l", b"\x1b[?25h"]
        well = all(raw.rfind(end) > raw.rfind(begin) for end, begin in zip(left, [ALTERNATE, b"\x1b[?25l"]))
        report.say(f"{name}: given back", well and ended and status == 0, f"status {status}", "0")


async def run(binary, report, _):
    if not has(report, "ssh"):
        return
    with Daemon(binary) as daemon:
        for kind in KINDS:
            await one(daemon, report, kind)
