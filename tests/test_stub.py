"""_core.pyi says what the extension module really has: every name, every parameter."""

import ast
from pathlib import Path
from types import ModuleType

import ravine
from ravine import _core

Members = dict[str, list[str] | None]


def parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def declared(body: list[ast.stmt]) -> dict[str, Members | list[str] | None]:
    """Names in a stub: a class' members, a function's parameters, None for a value."""
    found: dict[str, Members | list[str] | None] = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = declared(node.body)  # type: ignore[assignment]
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = None if node.decorator_list else parameters(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
    return found


def present(scope: ModuleType | type) -> dict[str, Members | list[str] | None]:
    """The same of a compiled module, whose docstrings begin with the signature."""
    found: dict[str, Members | list[str] | None] = {}
    for name, value in vars(scope).items():
        if name.startswith("_") and name not in ("__init__", "__version__"):
            continue
        if isinstance(value, type):
            found[name] = present(value)  # type: ignore[assignment]
        elif callable(value):
            signature = (value.__doc__ or "").splitlines()[0]
            (function,) = ast.parse(f"def {signature}: ...").body
            assert isinstance(function, ast.FunctionDef)
            found[name] = parameters(function)
        else:
            found[name] = None
    return found


def test_stub_matches_the_extension() -> None:
    stub = Path(ravine.__file__).with_name("_core.pyi").read_text()
    assert declared(ast.parse(stub).body) == present(_core)
