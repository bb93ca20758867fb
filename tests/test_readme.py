"""The README's first screen: two commands that do all the set-up. (Its code and links are checked in test_docs.py.)"""

from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_two_commands_do_all_the_set_up() -> None:
    lines = README.read_text().splitlines()
    assert [line for line in lines[:40] if line.startswith("pip install")] == [
        'pip install ".[demo]" && python examples/digits.py',
        'pip install ".[test]" && pytest',
    ]
