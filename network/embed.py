# SPDX-License-Identifier: GPL-2.0-or-later
"""embed.py INPUT OUTPUT NAME: a file as an array of C, `const char NAME[]`, and its length, `NAME_len`."""
import sys

source, target, name = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
with open(target, "w", encoding="ascii") as f:
    f.write(f'#include "network/schema.h"\n\nconst size_t {name}_len = {len(data)};\nconst char {name}[] = {{\n')
    for at in range(0, len(data), 24):
        f.write("\t" + " ".join(f"{octet}," for octet in data[at : at + 24]) + "\n")
    f.write("};\n")
