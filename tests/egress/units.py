#!/usr/bin/env python3
"""The units that put the table in force are ones that systemd takes, and their options ones that curfew takes.

usage: units.py SERVICE PATH_UNIT TIMER CURFEW
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

service, path_unit, timer, curfew = map(pathlib.Path, sys.argv[1:5])
problems = []

options = re.search(r'^CURFEW_EGRESS_OPTIONS="(.*)"$',
                    (pathlib.Path(__file__).resolve().parents[2] / "plugin/egress/dist/egress.env").read_text(), re.M)
if options is None:
    problems.append("egress.env sets no options")
else:
    done = subprocess.run([curfew, "egress", "show", "-i", "/nowhere", *shlex.split(options.group(1))], capture_output=True, text=True)
    if done.returncode != 3 or "cannot use image" not in done.stderr:
        problems.append(f"the shipped options are refused: {done.stderr}")
if "curfew.img" not in path_unit.read_text():
    problems.append("the path unit does not watch the image")
if shutil.which("systemd-analyze") is None:
    print("no systemd-analyze: units are not verified")
else:
    with tempfile.TemporaryDirectory() as folder:
        for unit in (service, path_unit, timer):
            text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
            (pathlib.Path(folder) / unit.name).write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                               *(str(pathlib.Path(folder) / unit.name) for unit in (service, path_unit, timer))],
                              capture_output=True, text=True)
        complaints = [line for line in done.stderr.splitlines() if "curfew-egress" in line]
        if complaints:
            problems += complaints
print("\n".join(problems) or "units and options are good")
sys.exit(1 if problems else 0)
