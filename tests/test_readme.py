"""What the README says is so."""

import re
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest
import spacy
import srsly
from spacy.cli._util import app as spacy_app
from thinc.api import Config
from typer.main import get_command

import spacy_spanbert.cli  # noqa: F401
from tests.data.drawn_page import DrawnPage

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")


def _block(language: str, after: str = "") -> str:
    found = re.search(rf"{after}\s*```{language}\n(.*?)```", README, re.DOTALL)
    assert found, (language, after)
    return found.group(1)


@pytest.mark.slow
def test_the_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(_block("python", "<!-- example -->"), encoding="utf8")
    run = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    shown = _block("", "<!-- output -->")
    assert len(shown.splitlines()) == 4
    assert run.stdout == shown


def test_every_command_of_the_group_exists_and_is_named() -> None:
    named = set(re.findall(r"python -m spacy spanbert ([\w-]+)", README))
    group = get_command(spacy_app).commands["spanbert"]  # type: ignore[attr-defined]
    assert named == set(group.commands)


def test_every_project_command_and_variable_exists() -> None:
    project = srsly.read_yaml(ROOT / "project.yml")
    names = {*project["workflows"], *(command["name"] for command in project["commands"])}
    run = re.findall(r"spacy project run (\w+)", README)
    assert run
    assert set(run) <= names
    variables = set(re.findall(r"--vars\.(\w+)", README))
    assert variables
    assert variables <= set(project["vars"])


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (\w+)`", README))
    assert "demo" in named
    assert named <= targets


def test_every_linked_file_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pages_install_the_package_from_a_copy_of_the_repository() -> None:
    """Which a reader has: it may be in no registry, or another version there."""
    pages = (ROOT / "README.md", *(ROOT / "examples").rglob("*.md"))
    found = [re.findall(r"pip install (\S+)", page.read_text(encoding="utf8")) for page in pages]
    assert all(found)
    for target in (target.strip("'") for targets in found for target in targets):
        assert re.fullmatch(r"\.(\[[a-z,]+\])?", target), target


def test_the_picture_is_drawn_by_the_projects_own_writer(tmp_path: Path) -> None:
    run_path(str(ROOT / "docs/nested_spans.py"))["draw"](tmp_path / "page.html")
    page = DrawnPage((tmp_path / "page.html").read_text(encoding="utf8"))
    (sentence,) = page.paragraphs
    assert sentence.startswith("In the great hall of the house of Lord Grenville, ")
    labels = [label for word in page.words for _, label in word.chips]
    assert sorted(labels) == ["FAC", "FAC", "GPE", *["PER"] * 5]


def test_every_key_of_the_config_excerpt_exists() -> None:
    sections = "[components]\n[initialize]\n[initialize.components]\n"
    excerpt = Config().from_str(sections + re.sub(r"\s+#.*", "", _block("ini")))
    nlp = spacy.blank("en")
    for name, shown in excerpt["components"].items():
        nlp.add_pipe(name)
        full = nlp.get_pipe_config(name)
        for key, value in shown.items():
            assert key in full, key
            if isinstance(value, dict):
                assert set(value) <= set(full[key]), key
