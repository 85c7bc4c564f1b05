#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a text file as the string literals of a C array: embed.py INPUT OUTPUT."""
import sys

with open(sys.argv[1], encoding="ascii") as text, open(sys.argv[2], "w", encoding="ascii") as out:
    for line in text:
        quoted = line.rstrip("\n").replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        out.write(f'\t"{quoted}\\n"\n')
