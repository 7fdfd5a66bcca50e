"""What terminals say by themselves, and what nobody should, typed into a list of keys: no key action comes of it, the session goes
on, and memory stays where it was. (Endless pastes and noise without a pause: `hostile` in tests/it.)"""

import asyncio
import random

from harness import Daemon
from terminal import Channel

# Sequences that hold letters which would delete, freeze, rotate, quit or open something, were they taken for keys.
SEQUENCES = {
    "kitty, flags set": b"\x1b[=1;2dy",
    "kitty, flags answered": b"\x1b[?1u",
    "primary attributes": b"\x1b[?62;52;22c",
    "secondary attributes": b"\x1b[>41;354;0c",
    "tertiary attributes": b"\x1bP!|7E7E7E7D\x1b\\",
    "version": b"\x1bP>|xterm(388) Dny\x1b\\",
    "termcap": b"\x1bP1+r544E=787465726D\x1b\\",
    "APC": b"\x1b_Gi=31;OK Dny\r\x1b\\",
    "PM": b"\x1b^Dny\r\x1b\\",
    "SOS": b"\x1bXDny\r\x1b\\",
    "OSC with BEL": b"\x1b]11;rgb:dddd/nnnn/yyyy\x07",
    "OSC with ST": b"\x1b]52;c;RG55\x1b\\",
    "mode answered": b"\x1b[?2026;2$y",
    "place answered": b"\x1b[12;40R",
    "window answered": b"\x1b[8;24;80t",
    "focus": b"\x1b[I\x1b[O",
    "mouse where nothing is": b"\x1b[<35;70;20M\x1b[<0;900;900M\x1b[<0;900;900m",
    "old mouse": b"\x1b[M#!!",
    "unknown CSI": b"\x1b[1;2;3;4;5 D\x1b[99;99y\x1b[!n",
    "CSI too long": b"\x1b[" + b"1;" * 5000 + b"D",
    "paste, not UTF-8": b"\x1b[200~\xff\xfeDny\r\xc3(\x80\x1b[201~",
    "not UTF-8": b"\xff\xfe\xc3\x28\xed\xa0\x80\xf8\x88",
}
VARIANTS = 3000


async def goes_on(dashboard):
    """Whether the list is there and follows keys: help opens and closes."""
    dashboard.press(b"?")
    await dashboard.wait("Help")
    # Escape alone is known for itself after a moment.
    dashboard.press(b"\x1b")
    await asyncio.sleep(0.15)
    await dashboard.wait("precious")


def mutated(chance):
    """A few of them, with bytes changed, left out or doubled; the same from run to run."""
    data = bytearray(b"".join(chance.choices(list(SEQUENCES.values()), k=3)))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        how = chance.randrange(3)
        if how == 0:
            data[at] = chance.choice(b"\x1b[]P_^;:?<=>~019mMuR\x80\x9b\xff")
        elif how == 1:
            del data[at]
        else:
            data[at:at] = data[at:at + 8]
    return bytes(data)


async def run(binary, report, _):
    with Daemon(binary) as daemon:
        http = daemon.http()
        http.add_key("precious")
        dashboard = await Channel.open(await daemon.connect(), 120, 40)
        await dashboard.wait("1 Home")
        dashboard.press(b"2")
        await dashboard.wait("precious")
        await asyncio.sleep(0.5)
        before = dashboard.text()
        for name, sequence in SEQUENCES.items():
            dashboard.press(sequence)
            await goes_on(dashboard)
            await asyncio.sleep(0.1)
            same = dashboard.text() == before
            report.say(f"{name}", same, "" if same else f"now:\n{dashboard.text()}")
            before = dashboard.text()
        # In terminals of their own, for a changed sequence may be a key that is meant, such as the one that leaves.
        memory, chance = daemon.memory(), random.Random(1)
        for _ in range(30):
            channel = await Channel.open(await daemon.connect(), 80, 24)
            await channel.wait("1 Home")
            for _ in range(VARIANTS // 30):
                if channel.ended:
                    break
                channel.press(mutated(chance))
            await asyncio.sleep(0.05)
            channel.connection.close()
        report.say(f"{VARIANTS} changed ones", "panicked" not in daemon.log(), "", "no panic")
        report.most("memory after them", daemon.memory() - memory, 16, "MB more")
        await goes_on(dashboard)
        keys = http.ask("GET", "/api/keys")["keys"]
        report.say("the key is as it was", [key["name"] for key in keys] == ["precious"])
