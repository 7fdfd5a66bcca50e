"""What the checks share: a daemon of their own, people who sign in to it, and lines that say what was found.

Nothing of the person who runs them is used: no configuration, no agent, no keys, no known hosts.
"""

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import asyncssh

PASSWORD = "long enough"
# How long anything may take that has no limit of its own, seconds.
PATIENCE = 20
# Seconds after which a connection that was not used is opened anew.
KEPT = 5
# Nothing here is asked how long it takes, so it is asked again this often.
AGAIN = 0.02


class Report:
    """A line for each finding."""

    def __init__(self, name):
        self.name, self.failed = name, False

    def say(self, what, well, figure="", limit=""):
        """`figure` is what was found, `limit` what it was held against; both as text."""
        self.failed |= not well
        found = f", {figure}" if figure else ""
        held = f" ({limit})" if limit else ""
        print(f"{self.name}: {what}: {'ok' if well else 'FAILED'}{found}{held}", flush=True)

    def most(self, what, figure, limit, unit):
        """At most so much of something."""
        self.say(what, figure <= limit, f"{figure:.4g} {unit}", f"at most {limit:g}")


class Daemon:
    """A daemon on a folder of its own and on free ports, with Ana, an operator, who has a key and a password."""

    def __init__(self, binary, settings=(), exempt=True):
        self.binary, self.folder = binary, tempfile.mkdtemp()
        self.data, self.key = f"{self.folder}/data", f"{self.folder}/id"
        own = ["ssh.listen=127.0.0.1:0", "api.listen=127.0.0.1:0"]
        own += ['limits.exempt=["127.0.0.0/8"]'] if exempt else []
        self.settings = [*own, *settings]
        self.add_person("ana", self.key, "--operator")
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def add_person(self, name, key, *more):
        """Makes an account with a key; while no daemon runs on the folder, or by the one that does."""
        make_key(key)
        add = ["user", "add", "--email", f"{name}@example.com", "--name", name.title(), "--password-stdin"]
        words = [self.binary, "--data-dir", self.data, *add, "--ssh-key", f"{key}.pub", *more]
        subprocess.run(words, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL, env={})

    def start(self):
        ready = f"{self.folder}/ready"
        if os.path.exists(ready):
            os.unlink(ready)
        words = [self.binary, "--data-dir", self.data, "serve", "--ready-file", ready]
        for setting in self.settings:
            words += ["--set", setting]
        self.log_file = open(f"{self.folder}/log", "ab")
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=self.log_file, env={})
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the daemon did not start:\n{self.log()}")
            time.sleep(AGAIN)
        with open(ready, encoding="utf-8") as file:
            doors = json.load(file)
        self.port = int(doors["ssh"].rsplit(":")[1])
        self.api = doors["api"].removeprefix("http://")

    def end(self, how=signal.SIGTERM):
        """Ends it; answers its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.log_file.close()
        return self.process.wait(PATIENCE * 3)

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8") as file:
            return file.read()

    def memory(self):
        """Resident memory, MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024

    def words(self, *more, program="ssh", user="ana", key=None):
        """A command line of OpenSSH up to its destination; `more` are further options."""
        options = ["-F", "none", "-i", key or self.key]
        for option in [
            f"Port={self.port}",
            f"UserKnownHostsFile={self.folder}/known_hosts",
            "StrictHostKeyChecking=accept-new",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
        ]:
            options += ["-o", option]
        return [program, *options, *more, f"{user}@127.0.0.1"]

    def ssh(self, *remote, options=(), stdin=b"", **who):
        """Runs `ssh OPTIONS HOST REMOTE` to its end."""
        words = self.words(*options, **who)
        return subprocess.run([*words, *remote], input=stdin, capture_output=True, timeout=PATIENCE)

    async def connect(self, user="ana", key=None, **options):
        """Signs in with asyncssh."""
        options = {"client_keys": [key or self.key], **options}
        options |= {"known_hosts": None, "config": None, "agent_path": None}
        return await asyncssh.connect("127.0.0.1", self.port, username=user, **options)

    def http(self):
        return Http(self)

    def sessions(self):
        """Sessions that the daemon has open, of every kind."""
        answer = Http(self, sign_in=False).ask("GET", "/metrics", text=True)
        return sum(int(float(n)) for n in re.findall(r"^keyward_sessions\{[^}]*\} (\S+)$", answer, re.M))


class Http:
    """Ana at the HTTP door, over one connection."""

    def __init__(self, daemon, sign_in=True):
        self.connection, self.token = http.client.HTTPConnection(daemon.api, timeout=PATIENCE), None
        self.asked = time.monotonic()
        if sign_in:
            who = {"email": "ana@example.com", "password": PASSWORD}
            self.token = self.ask("POST", "/api/auth/login", who)["token"]

    def ask(self, method, path, body=None, text=False):
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if time.monotonic() - self.asked > KEPT:
            # The daemon lets a connection go on which nobody asks.
            self.connection.close()
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        self.asked = time.monotonic()
        content = answer.read().decode()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content}")
        return content if text else json.loads(content or "null")

    def add_key(self, name, value="a value"):
        """Answers its id."""
        return self.ask("POST", "/api/keys", {"name": name, "service": "Sample", "apiKey": value})["_id"]

    def track(self, key):
        call = {"endpoint": "/v1/charges", "statusCode": 200, "responseTime": 12}
        self.ask("POST", f"/api/usage/{key}/track", call)


def make_key(path, kind="ed25519"):
    if not os.path.exists(path):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True)


def has(report, *programs):
    """Whether these programs are there; says so where one is not."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        report.say("programs", False, f"missing: {' '.join(missing)}")
    return not missing


async def until(condition, patience=PATIENCE):
    """Seconds until this is so; none when it never was."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > patience:
            return None
        await asyncio.sleep(AGAIN)
    return time.monotonic() - began


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
