"""docs/api holds what the docstrings say."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_pages_are_up_to_date() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "build_api.py"))["pages"]()
    written = {path.name: path.read_text() for path in (ROOT / "docs" / "api").glob("*.md")}
    assert written.keys() == pages.keys()
    stale = [name for name, text in pages.items() if written[name] != text]
    assert not stale, f"{', '.join(stale)}: run python docs/build_api.py"


def test_everything_public_has_a_docstring() -> None:
    namespace = runpy.run_path(str(ROOT / "docs" / "build_api.py"))
    silent = []
    for module in namespace["MODULES"]:
        imported = __import__("importlib").import_module(module)
        silent += [f"{module}.{name}" for name, thing in namespace["members"](imported) if not thing.__doc__]
    assert not silent
