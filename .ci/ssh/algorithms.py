"""What is offered and what is refused: by ssh-audit, by OpenSSH, and by a client that knows post-quantum key exchange alone."""

import os
import re
import subprocess
import sys

from harness import Daemon, has

AUDIT = os.path.join(os.path.dirname(sys.executable), "ssh-audit")
# Plain curve25519 stays for clients that have nothing newer, and is all that may be warned of.
OLD_CURVE = "curve25519-sha256"
POST_QUANTUM = "mlkem768x25519-sha256"
SIGNATURES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"]
REFUSED = {
    "group14": ["-o", "KexAlgorithms=diffie-hellman-group14-sha256"],
    "CBC": ["-o", "Ciphers=aes128-cbc"],
    "MAC before encryption": ["-o", "MACs=hmac-sha2-256", "-o", "Ciphers=aes256-ctr"],
}


def audit(daemon, report, what, allowed):
    done = subprocess.run([AUDIT, "-n", "-p", str(daemon.port), "127.0.0.1"], capture_output=True, text=True)
    wrong = [line for line in done.stdout.splitlines() if re.search(r"\[fail\]|\[warn\]|DHEat|throttling", line)]
    wrong = [line for line in wrong if not (allowed and allowed in line)]
    report.say(what, not wrong and "(gen)" in done.stdout, f"{len(wrong)} lines" + "".join(f"\n  {x}" for x in wrong))
    return done.stdout


def rate(daemon, report):
    """Of connections that one address makes as fast as it can."""
    words = [AUDIT, "--conn-rate-test", "20", "-p", str(daemon.port), "127.0.0.1"]
    try:
        out = subprocess.run(words, capture_output=True, timeout=12).stdout
    except subprocess.TimeoutExpired as ended:  # It never ends by itself.
        out = ended.stdout
    plain = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", out or b"").decode()
    rates = [float(found) for found in re.findall(r"Completed connections:\s*([\d.]+)/sec", plain)]
    report.say("connections a second", bool(rates) and max(rates) < 20, f"{max(rates, default=-1)}", "under 20")


def openssh(daemon, report):
    said = daemon.ssh("whoami", options=["-vvv"]).stderr.decode()
    kex = re.search(r"kex: algorithm: (\S+)", said)[1]
    knows = subprocess.run(["ssh", "-Q", "kex"], capture_output=True, text=True).stdout.split()
    wanted = POST_QUANTUM if POST_QUANTUM in knows else OLD_CURVE
    report.say("key exchange with this OpenSSH", kex == wanted, kex, wanted)
    report.say("strict key exchange", "kex-strict-s-v00@openssh.com" in said)
    hints = re.search(r"server-sig-algs=<(.*?)>", said)[1].split(",")
    report.say("keys of people", set(SIGNATURES) <= set(hints) and not any("rsa" in hint for hint in hints))
    for what, options in REFUSED.items():
        done = daemon.ssh("whoami", options=options)
        report.say(f"{what} is refused", done.returncode == 255 and b"no matching" in done.stderr)
    said = daemon.ssh("whoami", options=["-C", "-v"]).stderr.decode()
    used = set(re.findall(r"compression: (\S+)", said))
    report.say("compression asked for", used == {"none"}, " ".join(used))


def go(daemon, report, what, user_key):
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mlkem")
    words = ["go", "run", ".", f"127.0.0.1:{daemon.port}", "ana", user_key]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    report.say(what, '"ana"' in done.stdout, done.stderr.strip())


async def run(binary, report, _):
    if not has(report, "ssh", "go"):
        return
    with Daemon(binary, exempt=False) as daemon:
        out = audit(daemon, report, "ssh-audit", OLD_CURVE)
        banner = re.search(r"\(gen\) banner: (.*)", out)[1]
        report.say("the banner tells no version", banner == "SSH-2.0-Keyward", banner)
    with Daemon(binary, exempt=False) as daemon:
        rate(daemon, report)
    with Daemon(binary) as daemon:
        openssh(daemon, report)
        go(daemon, report, f"{POST_QUANTUM} with a client in Go", daemon.key)
    with Daemon(binary, ["ssh.post_quantum_only=true"], exempt=False) as daemon:
        audit(daemon, report, "ssh-audit, post-quantum alone", None)
        go(daemon, report, "a client in Go, post-quantum alone", daemon.key)
        old = daemon.ssh("whoami", options=["-o", f"KexAlgorithms={OLD_CURVE}"])
        report.say("the old curve is refused then", old.returncode == 255 and b"no matching" in old.stderr)
