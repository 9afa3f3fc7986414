"""The workflows of project.yml, on a tiny corpus and a tiny encoder."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import weasel.cli.run
from spacy.cli._util import app
from thinc.api import Config
from typer.testing import CliRunner
from weasel.util.config import load_project_config

import spacy_spanbert.cli  # noqa: F401
from spacy_spanbert.checkpoints.files import read_checkpoint
from spacy_spanbert.pretraining.checkpoint import HEADS
from tests.cli.small_pretraining import write_small_config, write_small_text
from tests.tiny_encoder import write_tiny_bert

ROOT = Path(__file__).parents[1]
PROJECT = srsly.read_yaml(ROOT / "project.yml")
SPANS = {
    "train": "mine.jsonl",
    "dev": "mine.jsonl",
    "config": "configs/short.cfg",
    "encoder": "adapted/checkpoint-best",
    "spans_key": "entities",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """Copy the project to a folder of its own; pretrain and train, with little data, few steps."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "project.yml", folder)
    shutil.copytree(ROOT / "configs", folder / "configs")
    _write_beginning("litbank/dev.jsonl", folder / "mine.jsonl")
    _write_short("spans", folder / "configs/short.cfg")
    write_small_text(folder / "text.txt")
    write_small_config(folder / "configs/small.cfg")
    _run(
        folder,
        "pretrain",
        text="text.txt",
        pretrain_config="configs/small.cfg",
        encoder=str(tiny_bert),
        pretrained="adapted",
    )
    _run_here(folder, "spans", **SPANS)
    return folder


def _write_beginning(asset: str, path: Path) -> None:
    lines = (ROOT / "assets" / asset).read_text(encoding="utf8").splitlines()[:40]
    path.write_text("\n".join(lines) + "\n", encoding="utf8")


def _write_short(config: str, path: Path, **settings: Any) -> None:
    short = Config().from_disk(ROOT / f"configs/{config}.cfg", interpolate=False)
    short["training"]["max_steps"] = 4
    short["training"]["eval_frequency"] = 2
    if settings:
        short["components"][f"spanbert_{config}"].update(settings)
    short.to_disk(path)


def _run(folder: Path, workflow: str, /, *flags: str, **variables: str) -> str:
    options = [part for key, value in variables.items() for part in (f"--vars.{key}", value)]
    command = [sys.executable, "-m", "spacy", "project", "run", workflow, ".", *flags, *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
def test_spans_trains_and_scores_a_pipeline_of_the_users_corpus(project: Path) -> None:
    nlp = spacy.load(project / "training/spans/model-best")
    assert nlp.pipe_names == ["spanbert", "spanbert_spancat"]
    assert "spans_entities_inside_f" in srsly.read_json(project / "metrics/spans.json")


@pytest.mark.slow
def test_spans_are_trained_on_the_encoder_that_pretrain_made(
    project: Path, tiny_bert: Path
) -> None:
    """Both run few steps with small rates: each stays near to what it began with."""
    trained, pretrained, begun = (
        read_checkpoint(folder).module.get_input_embeddings().weight
        for folder in (
            project / "training/spans/model-best/spanbert/checkpoint",
            project / SPANS["encoder"],
            tiny_bert,
        )
    )
    assert (project / SPANS["encoder"] / HEADS).is_file()
    assert (pretrained - begun).abs().max() > 0
    assert (trained - pretrained).abs().mean() < (trained - begun).abs().mean()


@pytest.mark.slow
def test_the_best_step_is_told_by_the_scores_of_the_users_key(project: Path) -> None:
    """Weights of other keys count for nothing: then the last step would always be the best."""
    nlp = spacy.load(project / "training/spans/model-best")
    assert nlp.config["training"]["score_weights"]["spans_entities_f"] == 1.0
    assert "spans_entities_f" in nlp.meta["performance"]


def test_every_training_depends_on_what_the_encoders_files_hold() -> None:
    """Its name alone may stay the same, as after pretraining again."""
    trainings = [
        c for c in PROJECT["commands"] if c["script"][0].startswith("python -m spacy train")
    ]
    assert len(trainings) == 5
    for training in trainings:
        assert "corpus/encoder.txt" in training["deps"]
        workflows = [w for w in PROJECT["workflows"].values() if training["name"] in w]
        assert workflows
        assert all(workflow[0] == "fingerprint" for workflow in workflows)


def test_every_command_that_runs_a_pipeline_takes_the_gpu() -> None:
    for command in PROJECT["commands"]:
        (line,) = command["script"]
        if re.search(r"spacy (train|evaluate|spanbert (evaluate|annotate)) ", line):
            assert "--gpu-id ${vars.gpu}" in line, command["name"]


def test_the_description_names_every_workflow() -> None:
    named = re.findall(r"\b\w+\b", PROJECT["description"])
    assert {*PROJECT["workflows"]} - {*named} == set()


@pytest.mark.slow
def test_another_encoder_under_the_same_name_is_trained_on(project: Path) -> None:
    assert "Skipping 'train': nothing changed" in _run(project, "spans", "--dry", **SPANS)
    write_tiny_bert(project / SPANS["encoder"], seed=1)
    _run_here(project, "fingerprint", encoder=SPANS["encoder"])
    assert "spacy train" in _run(project, "train", "--dry", **SPANS)


def test_annotate_goes_on_after_an_interruption_and_begins_anew_after_the_end() -> None:
    """What the two options mean together is tested with the command."""
    (annotate,) = (command for command in PROJECT["commands"] if command["name"] == "annotate")
    assert annotate["script"][0].endswith(" --resume --overwrite")
    assert "outputs" not in annotate, "weasel would skip it"


@pytest.mark.slow
def test_annotate_writes_every_record(project: Path) -> None:
    (project / "texts.txt").write_text("The old man.\nHis ship.\n", encoding="utf8")
    _run(project, "annotate", input="texts.txt", output="out.jsonl", spans_key="entities")
    records = [json.loads(line) for line in (project / "out.jsonl").read_text().splitlines()]
    assert [record["text"].strip() for record in records] == ["The old man.\nHis ship."]


@pytest.mark.slow
def test_package_builds_a_wheel(project: Path) -> None:
    _run(project, "package", name="tiny", version="1.2.3")
    assert list(project.glob("packages/*/dist/en_tiny-1.2.3-*.whl"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workflow", "kind", "data", "config", "score"),
    [
        ("tagger", "tags", "wnut17", "ner", "ents_f"),
        ("texts", "texts", "texts", "textcat", "cats_macro_f"),
        ("pairs", "pairs", "pairs", "paircat", "cats_acc"),
        ("relations", "relations", "relations", "relations", "relations_f"),
    ],
)
def test_other_heads_train_and_score_pipelines_of_the_users_corpus(
    tmp_path: Path,
    tiny_bert: Path,
    workflow: str,
    kind: str,
    data: str,
    config: str,
    score: str,
) -> None:
    shutil.copy(ROOT / "project.yml", tmp_path)
    variables = {"encoder": str(tiny_bert), f"{kind}_config": "short.cfg"}
    for split in ("train", "dev"):
        _write_beginning(f"{data}/{split}.jsonl", tmp_path / f"{split}.jsonl")
        variables[f"{kind}_{split}"] = f"{split}.jsonl"
    more = {"symmetric": ["spouse_of"]} if kind == "relations" else {}
    _write_short(config, tmp_path / "short.cfg", **more)
    _run_here(tmp_path, workflow, **variables)
    nlp = spacy.load(tmp_path / "training" / workflow / "model-best")
    assert nlp.pipe_names == ["spanbert", f"spanbert_{config}"]
    scores = srsly.read_json(tmp_path / "metrics" / f"{workflow}.json")
    assert 0 <= scores[score] <= 1
    labels = nlp.get_pipe(f"spanbert_{config}").labels
    assert len(labels) >= 2
    if kind == "relations":
        assert nlp.get_pipe("spanbert_relations").symmetric == {"spouse_of"}
    if kind in ("texts", "pairs"):
        assert scores["cats_f_per_type"].keys() == set(labels)


def _run_here(folder: Path, workflow: str, /, **variables: str) -> str:
    """Run a workflow as `project run` does, but its commands here: all is imported already.

    RETURNS (str): What the commands printed.
    """
    said: list[str] = []

    def run_commands(lines: list[str], **_: Any) -> None:
        for line in lines:
            python, _, module, *arguments = shlex.split(line)
            assert (python, module) == ("python", "spacy")
            run = CliRunner().invoke(app, arguments, catch_exceptions=False)
            assert run.exit_code == 0, (line, run.output)
            said.append(run.output)

    overrides = {f"vars.{name}": value for name, value in variables.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weasel.cli.run, "run_commands", run_commands)
        weasel.cli.run.project_run(folder, workflow, overrides=overrides)
    project = load_project_config(folder, overrides=overrides)
    for command in project["commands"]:
        if command["name"] in project["workflows"].get(workflow, [workflow]):
            for path in (*command.get("deps", []), *command.get("outputs", [])):
                assert (folder / path).exists(), (command["name"], path)
    return "".join(said)
