"""The experiments: their configs are valid, and their results are compared rightly."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arguments import ROOT
from benchmarks.peers import SPANBERT_CONFIG
from benchmarks.pretraining_experiments import (
    EXPERIMENTS,
    MINILM,
    QUICK,
    QUICK_ADAPT,
    QUICK_SCRATCH,
    SCRATCH_ARM,
    SHORT_SPAN_SBO,
    UNTRAINED,
    UNTRAINED_FAST,
    Arm,
    Experiment,
    Recipe,
)
from benchmarks.pretraining_gain import Gain
from benchmarks.pretraining_results import summarize_experiments
from benchmarks.pretraining_text import TEXTS
from spacy_spanbert.pretraining.read_config import read_settings

ARMS = {
    (arm.name, arm.recipe and arm.recipe.minutes): arm
    for experiment in EXPERIMENTS
    for arm in experiment.all_arms()
}
RECIPES = {arm.recipe.name: arm.recipe for arm in ARMS.values() if arm.recipe is not None}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("is_quick", [False, True])
def test_every_recipe_makes_a_valid_config(recipe: Recipe, is_quick: bool):
    changes = {"pretraining.budget.minutes": recipe.minutes, **recipe.changes}
    if is_quick:
        changes |= QUICK | (QUICK_ADAPT if "adapt" in recipe.config else QUICK_SCRATCH)
    settings = read_settings(ROOT / "configs" / recipe.config, changes)
    assert settings.budget.steps == (4 if is_quick else None)
    assert settings.packing.window == 128
    assert ("NSP" in recipe.name) == bool(settings.objectives.get("nsp"))
    is_span = type(settings.corruption).__name__ == "SpanMasking"
    assert is_span == ("token MLM" not in recipe.name)
    if recipe.name.startswith("scratch"):
        assert ("SBO" in recipe.name) == bool(settings.objectives.get("sbo"))
        assert (settings.encoder.size.n_layers, settings.encoder.size.width) == (4, 256)
    assert recipe.text in TEXTS


def test_arms_of_one_name_and_budget_are_one_arm_and_variants_have_one_budget():
    arms = [arm for experiment in EXPERIMENTS for arm in experiment.all_arms()]
    assert all(ARMS[arm.name, arm.recipe and arm.recipe.minutes] == arm for arm in arms)
    variants = next(e for e in EXPERIMENTS if e.name == "variants")
    recipes = [arm.recipe for arm in variants.all_arms()]
    assert {(r.minutes, r.text, r.config) for r in recipes} == {
        (12, "fiction", "pretrain_tiny.cfg")
    }
    assert SHORT_SPAN_SBO in recipes
    others = [recipe for recipe in recipes if recipe is not SHORT_SPAN_SBO]
    assert all(recipe.base == SHORT_SPAN_SBO for recipe in others)


def test_fine_tuning_changes_name_values_that_the_config_has():
    changed = [arm.changes for arm in ARMS.values() if arm.changes]
    assert changed == 2 * [{"components.spanbert.lr_scale": 1.0}]
    assert "lr_scale" in SPANBERT_CONFIG.read_text("utf8")


def names(corpus: str | None, arm: Arm, seed: int) -> dict[str, Any]:
    minutes = arm.recipe.minutes if arm.recipe and arm.is_pretrained else None
    return {"corpus": corpus, "arm": arm.name, "seed": seed, "pretraining_minutes": minutes}


def key(experiment: Experiment, arm: Arm, seed: int) -> dict[str, Any]:
    return names(experiment.corpus, arm, seed)


def run(corpus: str, arm: Arm, seed: int, f: float) -> dict[str, Any]:
    scores = {tokens: {"f": f if tokens == "gold" else 0.1} for tokens in ("gold", "spacy")}
    return {**names(corpus, arm, seed), "minutes": None, "seconds": 1.0, "scores": scores}


def test_the_gain_is_over_the_baseline_of_the_same_corpus_and_budget():
    short = Arm(SHORT_SPAN_SBO.name, SHORT_SPAN_SBO)
    assert short.name == SCRATCH_ARM.name
    runs = [
        *(run("litbank", UNTRAINED, seed, f) for seed, f in enumerate((0.4, 0.5))),
        *(run("litbank", SCRATCH_ARM, seed, f) for seed, f in enumerate((0.6, 0.7))),
        run("litbank", UNTRAINED_FAST, 0, 0.55),
        run("litbank", short, 0, 0.0),
        run("genia", MINILM, 0, 0.9),
    ]
    rows = summarize_experiments(runs, key)
    found = {(row["experiment"], row["arm"]): row for row in rows}
    scratch = found["scratch", SCRATCH_ARM.name]
    assert (scratch["f_mean"], scratch["gain"], scratch["n_seeds"]) == (0.65, 0.2, 2)
    assert found["scratch", UNTRAINED_FAST.name]["gain"] == 0.1
    assert found["scratch", UNTRAINED.name]["gain"] is None
    assert found["scratch", UNTRAINED.name]["is_baseline"]
    # its baseline was not run
    assert found["variants", short.name]["gain"] is None
    assert not found["variants", short.name]["is_baseline"]
    budgets = [
        found["scratch", arm.name]["pretraining_minutes"] for arm in (SCRATCH_ARM, UNTRAINED)
    ]
    assert budgets == [40, None]
    assert found["variants", short.name]["pretraining_minutes"] == 12
    # GENIA's score is on spaCy's tokens
    assert found["adaptation-genia", "MiniLM"]["f_mean"] == 0.1
    assert ("adaptation-litbank", "MiniLM") not in found


def test_minutes_of_one_experiment_leave_the_rows_of_others(tmp_path: Path):
    results = {
        "pretrainings": [],
        "runs": [
            {**run("litbank", SCRATCH_ARM, 0, 0.6), "n_steps": 7},
            {**run("litbank", Arm(SHORT_SPAN_SBO.name, SHORT_SPAN_SBO), 0, 0.5), "n_steps": 7},
        ],
    }
    earlier = {"command": "x", "results": results}
    (tmp_path / "pretraining_gain.json").write_text(json.dumps(earlier), "utf8")
    options = {"output": tmp_path, "work": tmp_path, "resume": True, "steps": 7, "seeds": 1}
    about = {"command": "y", "load": None, "quick": False, "earlier_commands": []}
    gain = Gain(Namespace(**options, **about, only=["variants"], minutes=12.0))
    rows = {
        (row["experiment"], row["pretraining_minutes"])
        for row in gain.write()["results"]["summary"]
    }
    assert rows == {("scratch", 40), ("variants", 12)}


def test_without_runs_there_is_nothing_to_sum_up():
    assert summarize_experiments([], key) == []
