"""Terminals around the clients: a pseudo-terminal with any program in it, a channel of asyncssh, and tmux with a shell. Each
is asked for its text and waited for; none of them knows what it shows."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import time

import pyte

from harness import AGAIN, PATIENCE, until

# What pyte does not know it would print: strings with an end (OSC, DCS, APC, PM), and CSI with a private mark other than `?`.
FOREIGN = re.compile(rb"\x1b[\]P_^].*?(?:\x07|\x1b\\)|\x1b\[[<=>][0-9;]*[ -/]*[@-~]|\x1b\[[0-9;?]*[ -/]+[@-~]", re.S)
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}


class Seen:
    """What came, as bytes and as a picture."""

    def __init__(self, cols, rows):
        self.raw, self.ended = b"", False
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.rest = b""

    def feed(self, data):
        self.raw += data
        # A sequence may be cut in two: what may be the beginning of one waits for the rest.
        data = FOREIGN.sub(b"", self.rest + data)
        cut = data.rfind(b"\x1b")
        begun = cut >= 0 and not re.match(rb"\x1b(\[[0-9;?<=>]*[ -/]*[@-~]|[^\[\]P_^])", data[cut:])
        self.rest, data = (data[cut:], data[:cut]) if begun else (b"", data)
        self.stream.feed(data)

    def text(self):
        return "\n".join(self.screen.display)

    async def wait(self, text, patience=PATIENCE):
        """Seconds until the screen has this text; an error when it never has."""
        took = await until(lambda: text in self.text(), patience)
        if took is None:
            raise TimeoutError(f"{text!r} never came:\n{self.text()}")
        return took

    async def wait_end(self, patience=PATIENCE):
        return await until(lambda: self.ended, patience)


class Pty(Seen):
    """A program in a pseudo-terminal."""

    def __init__(self, words, cols=80, rows=24, term="xterm-256color", **environment):
        super().__init__(cols, rows)
        self.near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        own = {**ENVIRONMENT, "TERM": term, **environment}
        self.process = subprocess.Popen(
            words, stdin=far, stdout=far, stderr=far, env=own, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(far)
        asyncio.get_running_loop().add_reader(self.near, self.read)

    def read(self):
        try:
            data = os.read(self.near, 65536)
        except OSError:
            data = b""
        if data:
            self.feed(data)
        else:
            self.ended = True
            asyncio.get_running_loop().remove_reader(self.near)

    def press(self, keys):
        os.write(self.near, keys)

    def resize(self, cols, rows):
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.screen.resize(rows, cols)

    def close(self):
        self.process.kill()
        self.process.wait()
        if not self.ended:
            asyncio.get_running_loop().remove_reader(self.near)
        os.close(self.near)


class Channel(Seen):
    """A terminal over a connection of asyncssh."""

    @classmethod
    async def open(cls, connection, cols=80, rows=24, command=None, term="xterm-256color"):
        self = cls(cols, rows)
        self.connection = connection
        self.process = await connection.create_process(
            command, term_type=term, term_size=(cols, rows), encoding=None
        )
        self.reading = asyncio.create_task(self.read())
        return self

    async def read(self):
        try:
            while data := await self.process.stdout.read(65536):
                self.feed(data)
        except Exception:  # However it ended, it has.
            pass
        self.ended = True

    def press(self, keys):
        self.process.stdin.write(keys)

    def resize(self, cols, rows):
        self.process.change_terminal_size(cols, rows)
        self.screen.resize(rows, cols)


class Tmux:
    """A shell in a tmux of its own."""

    def __init__(self, cols, rows, daemon):
        self.folder, self.daemon = tempfile.TemporaryDirectory(), daemon
        self.socket = f"{self.folder.name}/tmux"
        with open(f"{self.folder.name}/conf", "w", encoding="utf-8") as file:
            file.write("set -g status off\nset -g escape-time 0\n")
        self.ask("new-session", "-d", "-x", str(cols), "-y", str(rows), "env PS1='shell> ' sh")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ask("kill-server")
        self.folder.cleanup()

    def ask(self, *words):
        """One command of tmux; answers what it prints."""
        own = ["tmux", "-u", "-S", self.socket, "-f", f"{self.folder.name}/conf"]
        environment = {**ENVIRONMENT, "HOME": self.folder.name, "TERM": "xterm-256color"}
        done = subprocess.run([*own, *words], capture_output=True, env=environment, check=True)
        return done.stdout.decode()

    def text(self):
        return self.ask("capture-pane", "-p")

    def type(self, text):
        self.ask("send-keys", "-l", "--", text)

    def keys(self, *names):
        self.ask("send-keys", *names)

    def ssh(self, *options):
        """Begins a dashboard, by way of a script, for its line is longer than the window."""
        script = f"{self.folder.name}/go"
        with open(script, "w", encoding="utf-8") as file:
            words = self.daemon.words(*options, "-o", "LogLevel=QUIET")
            file.write("exec " + " ".join(f"'{word}'" for word in words) + "\n")
        self.type(f"sh {script}")
        self.keys("Enter")

    def resize(self, cols, rows):
        self.ask("resize-window", "-x", str(cols), "-y", str(rows))

    def modes(self):
        """Alternate screen, any mouse reporting, cursor shown: what a program may leave behind."""
        return self.ask("display", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").strip()

    def last_line(self):
        return (self.text().rstrip().splitlines() or [""])[-1].strip()

    def wait_for(self, condition, patience=PATIENCE):
        """Whether the screen came to be so."""
        end = time.monotonic() + patience
        while not condition(self.text()):
            if time.monotonic() > end:
                return False
            time.sleep(AGAIN)
        return True

    def wait(self, text):
        if not self.wait_for(lambda screen: text in screen):
            raise TimeoutError(f"{text!r} never came:\n{self.text()}")
