"""The README's promise of two commands; that its code runs is checked in test_docs.py."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_readme_has_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("pip install")] == [
        'pip install ".[demo]" && python examples/digits.py',
        'pip install ".[test]" && pytest',
    ]
