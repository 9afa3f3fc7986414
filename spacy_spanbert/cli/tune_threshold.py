"""`python -m spacy spanbert tune-threshold`: the threshold with the best score on a corpus."""

from pathlib import Path
from typing import Annotated, Any

from spacy.language import Language
from spacy.training import Example
from typer import Option
from wasabi import msg

from spacy_spanbert.cli import options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.corpus import read_examples
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.min_recall import fit_to_recall, wanted_recall
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.data.files import write_whole_folder
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.errors import SpanbertError

ONE_LABEL = (
    "A component that chooses one label of a text (multilabel = false) takes the most probable"
)


@app.command("tune-threshold")
@clean_errors()
def tune_threshold_cli(
    model: options.Model,
    corpus: options.Gold,
    component: Annotated[
        str | None, Option(help="Whose threshold; needed if several have one")
    ] = None,
    score: Annotated[
        str | None, Option(help="Score to raise, such as spans_sc_f; else the component's own")
    ] = None,
    trials: Annotated[int, Option(help="How many thresholds from 0 to 1 to try")] = 21,
    min_recall: Annotated[
        float | None,
        Option(
            help="Of a span finder: the recall that the threshold must have, instead of a score; "
            "else the component's own min_recall"
        ),
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", help="Folder for the pipeline with that threshold")
    ] = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the folder")] = False,
) -> None:
    """Find the threshold with the best score; the encoder runs once for all of them.

    Of a span finder with min_recall: the highest threshold that has this recall, to three digits.
    """
    if output is not None:
        check_output(output, is_folder=True, replace=overwrite)
    nlp = load_pipeline(model, code, gpu_id)
    name = choose_component(nlp, component)
    examples = read_examples(nlp, corpus)
    recall = wanted_recall(nlp, name, min_recall, score)
    if recall is None:
        scores = tune_threshold(nlp, examples, name, score, trials)
        msg.table(
            [(f"{threshold:.3f}", f"{value:.4f}") for threshold, value in scores.items()],
            header=("threshold", score or default_score(nlp, name)),
            aligns=("r", "r"),
        )
        best = best_threshold(scores)
    else:
        best = fit_to_recall(nlp, name, examples, recall)
    msg.good(f"[components.{name}] threshold = {best:.3g}")
    if output is not None:
        nlp.get_pipe(name).cfg["threshold"] = best  # type: ignore[attr-defined]
        nlp.get_pipe_config(name)["threshold"] = best
        with write_whole_folder(output, replace=overwrite) as folder:
            nlp.to_disk(folder)
        msg.good(f"Wrote {output}")


def choose_component(nlp: Language, name: str | None) -> str:
    """Choose the component whose threshold is tuned.

    nlp (Language): The pipeline.
    name (str | None): The component that was asked for, if any.
    RETURNS (str): Its name.
    RAISES (SpanbertError): If there is none with a threshold, or several and none was named.
    """
    there = [pipe for pipe, component in nlp.pipeline if _has_threshold(component)]
    if not there:
        raise SpanbertError(
            "no component of this pipeline has a threshold that counts. One that finds or labels "
            "spans (spanbert_spancat, spanbert_span_finder) or relations (spanbert_relations) has "
            "one, and one that labels texts (spanbert_textcat, spanbert_paircat) with "
            f"multilabel = true. {ONE_LABEL}"
        )
    names = ", ".join(there)
    if name is None and len(there) == 1:
        return there[0]
    if name is None:
        raise SpanbertError(
            f"name the component with --component; those with a threshold that counts: {names}. "
            f"{ONE_LABEL}"
        )
    if name not in there:
        raise SpanbertError(
            f"{name!r} has no threshold that counts; components that have one: {names}"
        )
    return name


def _has_threshold(component: Any) -> bool:
    cfg = getattr(component, "cfg", None)
    if not (isinstance(cfg, dict) and "threshold" in cfg and hasattr(component, "score")):
        return False
    # of texts and pairs with one label, the most probable one is taken
    return "spans_key" in cfg or bool(cfg.get("multilabel", True))


def default_score(nlp: Language, name: str) -> str:
    """RETURNS (str): The score that a component with a threshold is tuned for."""
    if "relations_f" in (nlp.get_pipe_meta(name).default_score_weights or {}):
        return "relations_f"
    key = nlp.get_pipe(name).cfg.get("spans_key")  # type: ignore[attr-defined]
    return "cats_macro_f" if key is None else f"spans_{key}_f"


def tune_threshold(
    nlp: Language, examples: list[Example], name: str, score: str | None, n_trials: int
) -> dict[float, float]:
    """Score one component's predictions at several thresholds.

    nlp (Language): A trained pipeline.
    examples (list[Example]): The gold corpus.
    name (str): The component.
    score (str | None): Which of its scores; None for its own.
    n_trials (int): How many thresholds, evenly from 0 to 1; 2 or more.
    RETURNS (dict[float, float]): The scores by threshold; 0 where there is none.
    RAISES (SpanbertError): If there is no such score, nothing to score against, or n_trials is
        below 2.
    """
    if n_trials < 2:
        raise SpanbertError(f"--trials is 2 or more, but is {n_trials}")
    score = score or default_score(nlp, name)
    component: Any = nlp.get_pipe(name)
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    with nlp.select_pipes(enable=before):
        docs = list(nlp.pipe(example.predicted for example in examples))
    tried = [Example(doc, x.reference) for doc, x in zip(docs, examples, strict=True)]
    found: dict[float, float | None] = {}
    threshold = component.cfg["threshold"]
    try:
        for trial in range(n_trials):
            component.cfg["threshold"] = trial / (n_trials - 1)
            for _ in component.pipe(docs, batch_size=nlp.batch_size):
                pass
            scores = component.score(tried)
            found[component.cfg["threshold"]] = _one_score(scores, score, name)
    finally:
        component.cfg["threshold"] = threshold
    if all(value is None for value in found.values()):
        raise SpanbertError(
            f"{score!r} of {name!r} cannot be computed: the corpus has no gold annotation for it"
        )
    return {threshold: value or 0.0 for threshold, value in found.items()}


def _one_score(scores: dict[str, Any], score: str, name: str) -> float | None:
    """RETURNS (float | None): A score; None if there is no gold for it."""
    numbers = {key: value for key, value in scores.items() if isinstance(value, float | None)}
    if score not in numbers:
        there = [key for key, value in numbers.items() if value is not None]
        raise SpanbertError(f"{name!r} has no score {score!r}; it has: {', '.join(there)}")
    return numbers[score]


def best_threshold(scores: dict[float, float]) -> float:
    """Choose the threshold.

    scores (dict[float, float]): Scores by threshold, at least one.
    RETURNS (float): That with the highest score; of several, the middle one.
    """
    highest = max(scores.values())
    best = [threshold for threshold, score in scores.items() if score == highest]
    return best[len(best) // 2]
