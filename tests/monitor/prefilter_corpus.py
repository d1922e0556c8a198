#!/usr/bin/env python3
"""Runs prefilter_corpus with an image of the shipped pack.

  prefilter_corpus.py CURFEW LISTS PROGRAM FOLDER"""
import os
import subprocess
import sys
import tempfile

curfew, lists, program, folder = sys.argv[1:5]
with tempfile.TemporaryDirectory() as tmp:
    policy, image = os.path.join(tmp, 'curfew.yaml'), os.path.join(tmp, 'curfew.img')
    with open(policy, 'w', encoding='utf-8') as file:
        file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
    subprocess.run([curfew, 'apply', '--yes', '--policy', policy, '--lists', lists, '--image', image],
                   check=True, stdout=subprocess.DEVNULL)
    sys.exit(subprocess.run([program, image, folder], check=False).returncode)
