"""Draw all figures of this folder, or those named:

python examples/figures [--out FOLDER] [NAME ...]
"""

import argparse
import importlib
from pathlib import Path

from PIL import Image  # comes with Matplotlib

COLOURS = 128

names = sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py"))
parser = argparse.ArgumentParser(description="Draw the figures of the gallery.")
parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(names)}")
parser.add_argument("--out", type=Path, default=Path(), help="folder for the pictures (default: the current one)")
arguments = parser.parse_args()
if unknown := set(arguments.names) - set(names):
    parser.error(f"no such figure: {', '.join(sorted(unknown))}")
arguments.out.mkdir(parents=True, exist_ok=True)
for name in arguments.names or names:
    file = importlib.import_module(name).draw(arguments.out)
    # Few colours make the small files that a repository wants.
    Image.open(file).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        file, optimize=True
    )
    print(file, flush=True)
