"""What is loaded when a package is imported, and what that changes.

Who may import whom is in pyproject.toml, as contracts that `make lint` checks.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "engine" / "parallelcomp"
# What the engine may stand on; flash-attn is used where it happens to be installed, torchao where it is asked for.
ENGINE_MAY = {
    "torch",
    "transformers",
    "psutil",
    "safetensors",
    "parallelcomp",
    "flash_attn",
    "flash_attn_interface",
    "torchao",
}
UI = ROOT / "ui" / "wholedoc_ui"
# A start or an end of an element in a text of the program.
TAG = re.compile(r"</?[a-z][a-z0-9]*[\s>/]")


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import, wherever in the file it stands; relative ones are its own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def imports_under(folder: Path) -> list[tuple[str, str]]:
    return [
        (f"{path.relative_to(ROOT)}:{line}", name)
        for path in sorted(folder.rglob("*.py"))
        for line, name in imported(path.read_text(encoding="utf-8"))
    ]


def test_the_walker_finds_every_kind_of_import() -> None:
    source = "import gradio.blocks as g\ndef f():\n    from llama_index.core import x\nfrom . import y"
    assert [name for _, name in imported(source)] == ["gradio", "llama_index"]


def test_the_engine_imports_torch_and_transformers_and_little_else() -> None:
    found = imports_under(ENGINE)
    assert len(found) > 50
    outside = [(at, name) for at, name in found if name not in ENGINE_MAY | set(sys.stdlib_module_names)]
    assert outside == []


def unguarded(source: str, package: str) -> list[int]:
    """Lines that import the package outside of any try, so that its absence would be an error."""
    tree = ast.parse(source)
    tried = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    inside = {line for node in tried for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return [line for line, name in imported(source) if name == package and line not in inside]


def test_the_engine_imports_flash_attention_only_inside_a_try() -> None:
    """The engine must run where flash-attn is missing."""
    assert unguarded("import os\nfrom flash_attn import f", "flash_attn") == [2]
    assert unguarded("try:\n    import flash_attn\nexcept ImportError:\n    pass", "flash_attn") == []
    sources = {path.name: path.read_text(encoding="utf-8") for path in ENGINE.rglob("*.py")}
    for package in ("flash_attn", "flash_attn_interface"):  # the second is flash-attn 3
        importing = {name for name, source in sources.items() if package in {one for _, one in imported(source)}}
        assert importing  # otherwise this test has nothing left to look at
        assert {name: unguarded(sources[name], package) for name in importing} == {name: [] for name in importing}


def texts(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Every text of a module but its docstrings, the fixed parts of f-strings among them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node, node.value


def test_the_logic_of_the_ui_does_not_load_gradio() -> None:
    assert "wholedoc_ui" in loaded_one_after_another().ui
    assert "gradio" not in loaded_one_after_another().ui


def test_html_stands_in_templates_only() -> None:
    """Jinja fills and escapes everything, except the components' headings and notes, which never change."""
    templates = list((UI / "templates").iterdir())
    assert {path.suffix for path in templates if TAG.search(path.read_text(encoding="utf-8"))} == {".html"}
    for path in sorted(UI.rglob("*.py")):
        found = [text for _, text in texts(path) if TAG.search(text)]
        if path.stem in ("components", "parts"):
            made = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)]
            inside = {text.value for one in made for text in one.values if isinstance(text, ast.Constant)}
            assert [text for text in found if text in inside] == []
            assert {tag for text in found for tag in re.findall(r"<([a-z0-9]+)", text)} <= {"h2", "p"}
        else:
            assert found == [], path.name


def test_importing_the_engine_registers_its_attention_and_changes_nothing_else() -> None:
    assert loaded_one_after_another().registered == [["parallelcomp"], ["parallelcomp"]]


@pytest.mark.parametrize("package", ["gradio", "llama_index", "fastapi", "pypdf", "wholedoc", "wholedoc_ui"])
def test_the_engine_does_not_pull_in(package: str) -> None:
    assert {"torch", "transformers", "parallelcomp"} <= set(loaded_one_after_another().engine)
    assert package not in loaded_one_after_another().engine


@pytest.mark.parametrize(
    "package",
    [
        "gradio",
        "llama_index",
        "wholedoc_ui",
        "fastapi",
        "starlette",
        "uvicorn",
        "prometheus_client",
        "openai",
        "ray",
    ],
)
def test_the_app_does_not_pull_in(package: str) -> None:
    assert "wholedoc" in loaded_one_after_another().app
    assert package not in loaded_one_after_another().app


@pytest.mark.parametrize("package", ["torch", "transformers", "llama_index"])
def test_the_name_alone_and_prompts_need_no_model(package: str) -> None:
    program = f"import sys, wholedoc, wholedoc.prompts.recognition, wholedoc.storage.files.uploads\n{PRINT_LOADED}"
    assert package not in json.loads(run(program))


@dataclass(frozen=True)
class Loaded:
    """Top-level names of what is loaded once the engine is, then the app too, then the logic of the ui too; and
    what all of them registered as attention and as masks."""

    engine: list[str]
    app: list[str]
    ui: list[str]
    registered: list[list[str]]


PRINT_LOADED = "import json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"


@cache
def loaded_one_after_another() -> Loaded:
    """In one process, whose imports take seconds."""
    plain = sorted({path.stem for path in UI.glob("*.py")} - {"__init__"})
    output = run(
        "import sys, torch, transformers\n"
        "from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS as masks\n"
        "from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS as functions\n"
        "def state():\n"
        "    return (dict(functions), dict(masks), torch.get_default_dtype(), torch.is_grad_enabled(),\n"
        "            torch.get_num_threads(), torch.initial_seed(), transformers.logging.get_verbosity(),\n"
        "            torch.get_float32_matmul_precision(), torch.backends.cuda.flash_sdp_enabled())\n"
        "before = state()\n"
        "import parallelcomp\n"
        f"{PRINT_LOADED}"
        "after = state()\n"
        "assert before[2:] == after[2:], (before[2:], after[2:])\n"
        "import wholedoc.library, wholedoc.cli, wholedoc.prompts.responding, wholedoc.storage.files.uploads\n"
        "import wholedoc.server\n"
        f"{PRINT_LOADED}" + "".join(f"import wholedoc_ui.{name}\n" for name in plain) + f"{PRINT_LOADED}"
        "for old, new in zip(before[:2], after[:2]):\n"
        "    assert all(new[name] is old[name] for name in old)\n"
        "print(json.dumps([sorted(set(new) - set(old)) for old, new in zip(before[:2], after[:2])]))\n"
    )
    return Loaded(*map(json.loads, output.splitlines()))


@cache
def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120
    ).stdout
