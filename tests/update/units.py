#!/usr/bin/env python3
"""The units that fetch newer packs, or images, are ones that systemd takes, run what curfew knows, and do not come all at once.

usage: units.py SERVICE TIMER CURFEW
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

service, timer, curfew = map(pathlib.Path, sys.argv[1:4])
problems = []

commands = re.findall(r"^ExecStart=\S+/curfew (.*)$", service.read_text(), re.M)
if not commands:
    problems.append("the service starts no curfew")
for command in commands:
    done = subprocess.run([curfew, *shlex.split(command), "--help"], capture_output=True, text=True)
    if done.returncode != 0 or "usage" not in done.stdout + done.stderr:
        problems.append(f"curfew does not know '{command}'")
delay = re.search(r"^RandomizedDelaySec=(\d+)h$", timer.read_text(), re.M)
if delay is None or int(delay.group(1)) < 1:
    problems.append("the timer has no delay of its own: all machines would come at once")
if timer.stem != service.stem:
    problems.append("the timer starts another service")
if shutil.which("systemd-analyze") is None:
    print("no systemd-analyze: units are not verified")
else:
    with tempfile.TemporaryDirectory() as folder:
        for unit in (service, timer):
            text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
            (pathlib.Path(folder) / unit.name).write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                               *(str(pathlib.Path(folder) / unit.name) for unit in (service, timer))],
                              capture_output=True, text=True)
        problems += [line for line in done.stderr.splitlines() if service.stem in line]
print("\n".join(problems) or "units are good")
sys.exit(1 if problems else 0)
