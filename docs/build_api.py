"""Writes docs/api/: one page for each public module, from the docstrings.

    python docs/build_api.py [--check]

With --check nothing is written; the exit status tells whether the pages are up to date.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import types
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "api"
MODULES = [
    "ravine",
    "ravine.models",
    "ravine.layers",
    "ravine.activations",
    "ravine.initializers",
    "ravine.regularizers",
    "ravine.constraints",
    "ravine.losses",
    "ravine.metrics",
    "ravine.optimizers",
    "ravine.optimizers.schedules",
    "ravine.callbacks",
    "ravine.diagnosis",
    "ravine.tuning",
    "ravine.plots",
    "ravine.saving",
    "ravine.datasets",
    "ravine.ops",
    "ravine.random",
    "ravine.utils",
    "ravine.wrappers",
    "ravine.backend",
    "ravine.config",
    "ravine.dtype_policies",
    "ravine.mixed_precision",
    "ravine.tree",
]
# What the base classes of users' own classes are for, and what everybody calls on a model.
METHODS = {
    "Model": None,
    "Layer": None,
    "Optimizer": None,
    "Callback": None,
    "Metric": None,
    "Loss": None,
    "LearningRateSchedule": None,
    "Variable": None,
}


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    found = {}
    index = ["# API reference", "", "Written from the docstrings by `python docs/build_api.py`.", ""]
    index += ["| Module | What it holds |", "| --- | --- |"]
    for name in MODULES:
        module = importlib.import_module(name)
        file = f"{name.removeprefix('ravine.')}.md"
        found[file] = page(module)
        index.append(f"| [{name}]({file}) | {summary(module)} |")
    found["README.md"] = "\n".join(index) + "\n"
    return found


def page(module: types.ModuleType) -> str:
    lines = [f"# {module.__name__}", "", text_of(module), ""]
    described: dict[int, str] = {}
    for name, thing in members(module):
        home = home_of(thing) if module.__name__ == "ravine" else None
        if home is not None:
            lines += [f"### `{name}`", "", f"See [{home}]({home.removeprefix('ravine.')}.md).", ""]
            continue
        if id(thing) in described:
            lines += [f"### `{name}`", "", f"Another name of `{described[id(thing)]}`.", ""]
            continue
        described[id(thing)] = name
        lines += entry(name, thing)
    return "\n".join(lines).rstrip() + "\n"


def members(module: types.ModuleType) -> list[tuple[str, Any]]:
    """The public classes and functions, in the order of the alphabet; modules have pages of their own."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    things = [(name, getattr(module, name)) for name in sorted(set(names), key=lambda name: (name.lower(), name))]
    if module.__name__ == "ravine.datasets":
        return [(f"{name}.load_data", inner.load_data) for name, inner in things if inspect.ismodule(inner)]
    own = [(name, thing) for name, thing in things if inspect.isclass(thing) or inspect.isroutine(thing)]
    return [(name, thing) for name, thing in own if (thing.__module__ or "").startswith("ravine")]


def home_of(thing: Any) -> str | None:
    """The module on whose page a thing of the top level is described."""
    for name in MODULES[1:]:
        if any(thing is other for _, other in members(importlib.import_module(name))):
            return name
    return None


def entry(name: str, thing: Any) -> list[str]:
    lines = [f"### `{name}{signature(thing)}`", "", text_of(thing), ""]
    if name in METHODS and inspect.isclass(thing):
        for method, function in sorted(public_methods(thing).items()):
            if isinstance(function, property):
                lines += [f"#### `{method}`", "", text_of(function), ""]
            else:
                lines += [f"#### `{method}{signature(function)}`", "", text_of(function), ""]
    return lines


def public_methods(cls: type) -> dict[str, Any]:
    """The documented methods and properties of a class, inherited ones too."""
    found = {}
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        member = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        documented = isinstance(member, (types.FunctionType, property)) and inspect.getdoc(member)
        if not name.startswith("_") and documented:
            found[name] = member
    return found


def signature(thing: Any) -> str:
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return ""
    shown = [p.replace(annotation=p.empty) for p in parameters if p.name not in ("self", "cls")]
    text = str(inspect.Signature(shown))
    return text if " at 0x" not in text else "(...)"


def text_of(thing: Any) -> str:
    """The docstring, with the arguments as a list."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    out: list[str] = []
    listing = code = prose = False
    for line in lines:
        if line in ("Args:", "Returns:", "Raises:", "Attributes:"):
            out += [f"**{line[:-1]}**", ""]
            listing, code = line != "Returns:", False
            prose = not listing
        elif (code and (line.startswith("    ") or not line)) or (prose and line.startswith("    ")):
            out.append(line[4:])
        elif listing and line.startswith("    ") and not line.startswith("     "):
            out.append(f"- {line.strip()}")
        elif listing and line.startswith("     "):
            out.append(f"  {line.strip()}")
        elif line.endswith("::"):
            if line.rstrip(":").strip():
                out += [line[:-1], ""]
            out += ["```py"]
            code = True
        else:
            listing = listing and not line.strip()
            out.append(line)
        if code and line and not line.startswith("    ") and not line.endswith("::"):
            code = False
    text = close_code("\n".join(out))
    return text


def close_code(text: str) -> str:
    """Ends each code block before the first line that is not indented code any more."""
    out, inside = [], False
    for line in text.splitlines():
        if line == "```py":
            inside = True
        elif inside and line.startswith("**") and line.endswith("**"):
            while out and not out[-1]:
                out.pop()
            out += ["```", ""]
            inside = False
        out.append(line)
    if inside:
        while out and not out[-1]:
            out.pop()
        out.append("```")
    return "\n".join(out)


def summary(module: types.ModuleType) -> str:
    paragraph = (inspect.getdoc(module) or "").split("\n\n")[0]
    return " ".join(paragraph.split())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    wanted = pages()
    stale = [
        name for name, text in wanted.items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text
    ]
    stale += [path.name for path in FOLDER.glob("*.md") if path.name not in wanted]
    if check:
        if stale:
            print(f"Not up to date: {', '.join(sorted(stale))}. Run python docs/build_api.py.", file=sys.stderr)
        return bool(stale)
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
