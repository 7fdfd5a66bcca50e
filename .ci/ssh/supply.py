"""What is built in: no known fault, no licence that does not fit, no crate that was left out on purpose."""

import shutil
import subprocess

from harness import has

# Of the SSH door: termwiz panics at pastes, crossterm asks the daemon's own terminal, compression opens a bomb before login, and
# RSA's private operations leak time.
LEFT_OUT = {"termwiz", "crossterm", "flate2", "rsa"}


def cargo(report, what, *words):
    done = subprocess.run(["cargo", *words], capture_output=True, text=True)
    said = (done.stderr + done.stdout).strip().splitlines()
    report.say(what, done.returncode == 0, said[-1] if said else "")
    return done.stdout


async def run(_, report, __):
    if not has(report, "cargo"):
        return
    # Of the two that read the RustSec advisories, the one that has `deny.toml` to go by.
    if shutil.which("cargo-deny"):
        cargo(report, "deny check", "deny", "check")
    else:
        report.say("cargo-deny", False, "missing: cargo install --locked cargo-deny")
    crates = cargo(report, "the tree", "tree", "--edges", "normal", "--prefix", "none", "--package", "keyward-tui")
    found = LEFT_OUT & {line.split()[0] for line in crates.splitlines() if line}
    report.say("left out of the SSH door", not found, " ".join(found), f"no {', no '.join(sorted(LEFT_OUT))}")
