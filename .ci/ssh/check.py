"""Runs the checks by name, each in a process of its own, and says at the end which failed."""

import argparse
import asyncio
import importlib
import os
import subprocess
import sys

# Quick ones first. A check is a module with `async def run(daemon, report, seconds)`.
CHECKS = [
    "algorithms",
    "pipes",
    "login",
    "terminals",
    "screens",
    "resizes",
    "sequences",
    "half-open",
    "crash",
    "supply",
    "slow-readers",
    "rekey",
]


def one(name, arguments):
    from harness import Report

    check = importlib.import_module(name.replace("-", "_"))
    report = Report(name)
    asyncio.run(check.run(os.path.abspath(arguments.daemon), report, arguments))
    return 1 if report.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all of them without")
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--daemon", default="target/release/keyward", help="the binary [%(default)s]")
    parser.add_argument("--seconds", type=int, default=60, help="how long rekey goes on [%(default)s]")
    parser.add_argument("--update", action="store_true", help="screens: keep what is seen as what is right")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CHECKS))
        return 0
    unknown = set(arguments.names) - set(CHECKS)
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    if arguments.here:
        return one(arguments.names[0], arguments)
    failed = []
    for name in arguments.names or CHECKS:
        again = [sys.executable, __file__, "--here", name, "--daemon", arguments.daemon]
        again += ["--seconds", str(arguments.seconds)] + ["--update"] * arguments.update
        if subprocess.run(again).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all is well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
