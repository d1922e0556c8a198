#!/usr/bin/env python3
"""Runs Unbound's own regression scenarios (testdata/*.rpl under testbound) with the module first in
module-config. Nothing but configuration is changed: the last module-config line, or the compiled-in
default where there is none, gets "dynlib" in front, and a dynlib: clause goes before CONFIG_END.

What fails with the module is run without it; only scenarios that pass without and fail with it count.

usage: run_rpl.py --source DIR --module FILE [--testbound FILE] [--carrier LINE]... [--filter GLOB]
                  [--sample N] [--jobs N] [--may-fail N] [--wrap COMMAND] [--keep DIR]
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT_S = 120


def default_modules(source):
    """module-config when a scenario says nothing."""
    with open(os.path.join(source, 'util', 'config_file.c'), encoding='utf-8', errors='replace') as file:
        code = file.read()
    with open(os.path.join(source, 'config.h'), encoding='utf-8', errors='replace') as file:
        has_subnet = '#define CLIENT_SUBNET' in file.read()
    if has_subnet and 'strdup("subnetcache validator iterator")' in code:
        return 'subnetcache validator iterator'
    return 'validator iterator'


def with_module(text, modules, lines):
    """The scenario with the module in front."""
    out, in_config = [], True
    for line in text.splitlines():
        found = re.match(r'\s*module-config:\s*(.*)', line) if in_config else None
        if found:
            modules = re.sub(r'#.*', '', found.group(1)).strip().strip('"\'')
            continue
        if in_config and line.strip().startswith('CONFIG_END'):
            out += ['server:', f'\tmodule-config: "dynlib {modules}"', 'dynlib:']
            out += [f'\tdynlib-file: "{entry}"' for entry in lines]
            in_config = False
        out.append(line)
    return '\n'.join(out) + '\n'


def run(args, path):
    command = [*args.wrap.split(), args.testbound, '-p', path]
    try:
        done = subprocess.run(command, cwd=args.source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TIMEOUT_S, check=False)
        return done.returncode == 0, done.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired:
        return False, 'timed out'


def one(args, folder, modules, name):
    original = os.path.join(args.source, 'testdata', name)
    with open(original, encoding='latin-1') as file:
        text = with_module(file.read(), modules, [args.module, *args.carrier])
    changed = os.path.join(folder, name)
    with open(changed, 'w', encoding='latin-1') as file:
        file.write(text)
    passed, output = run(args, changed)
    if passed:
        return name, 'passed', ''
    return name, ('failed' if run(args, original)[0] else 'fails without'), output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--source', required=True)
    parser.add_argument('--module', required=True)
    parser.add_argument('--testbound')
    parser.add_argument('--carrier', action='append', default=[])
    parser.add_argument('--filter', default='*.rpl')
    parser.add_argument('--sample', type=int, default=1, help='every Nth scenario')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--may-fail', type=int, default=0)
    parser.add_argument('--wrap', default='')
    parser.add_argument('--keep')
    args = parser.parse_args()
    args.module = os.path.abspath(args.module)
    args.testbound = args.testbound or os.path.join(args.source, 'testbound')
    names = sorted(n for n in os.listdir(os.path.join(args.source, 'testdata'))
                   if fnmatch.fnmatch(n, args.filter))[::args.sample]
    if not names:
        sys.exit('run_rpl: no scenarios')
    counts, failed = {}, []
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or temporary
        os.makedirs(folder, exist_ok=True)
        modules = default_modules(args.source)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for name, result, output in pool.map(lambda n: one(args, folder, modules, n), names):
                counts[result] = counts.get(result, 0) + 1
                if result == 'failed':
                    failed.append(name)
                    if args.keep:
                        with open(os.path.join(folder, name + '.log'), 'w', encoding='utf-8') as file:
                            file.write(output)
    print(f"{counts.get('passed', 0)} of {len(names)} passed, {len(failed)} failed, "
          f"{counts.get('fails without', 0)} fail without the module as well")
    for name in failed:
        print('failed:', name)
    return 1 if len(failed) > args.may_fail else 0


if __name__ == '__main__':
    sys.exit(main())
