"""`python -m spacy spanbert candidates`: how many candidates it takes to find the gold spans."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from spacy.language import Language
from typer import Option, echo
from wasabi import msg

from spacy_spanbert.cli import options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.candidate_plot import plot_candidates
from spacy_spanbert.cli.corpus import read_examples
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.data.files import write_whole_folder
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.errors import SpanbertError


@app.command("candidates")
@clean_errors()
def candidates_cli(
    model: options.Model,
    corpus: options.Gold,
    component: Annotated[
        str | None, Option(help="The span finder; needed if there are several")
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", help="Folder for tables, JSON and plots")
    ] = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the folder")] = False,
) -> None:
    """Report the recall of a span finder's candidates against how many there are.

    For thresholds and numbers of best spans at each word; by length, nesting and label of the gold
    spans. The encoder runs once. Spans that cross are not dropped, whatever `overlap` is.
    """
    if output is not None and find_spec("matplotlib") is None:
        raise SpanbertError(
            "the plots need matplotlib: pip install 'spacy-spanbert[report]', or leave out --output"
        )
    if output is not None:
        check_output(output, is_folder=True, replace=overwrite)
    nlp = load_pipeline(model, code, gpu_id)
    report = report_candidates(nlp, corpus, component)
    text = report.pop("text")
    echo(text)
    if output is not None:
        with write_whole_folder(output, replace=overwrite) as folder:
            plot_candidates(report, folder)
            (folder / "candidates.txt").write_text(text, encoding="utf8")
            lines = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
            (folder / "candidates.json").write_text(lines, encoding="utf8")
        msg.good(f"Wrote {output}")


def report_candidates(nlp: Language, corpus: Path, component: str | None = None) -> dict[str, Any]:
    """Report the candidates of a span finder on a corpus.

    nlp (Language): A trained pipeline.
    corpus (Path): See read_examples.
    component (str | None): The span finder, if there are several.
    RETURNS (dict[str, Any]): As make_candidate_report, with `component`, `setting`, what its own
        threshold and top_k leave, and `text`, the tables.
    RAISES (SpanbertError): If there is no span finder, or nothing to compare with.
    """
    from spacy_spanbert.cli.candidate_scores import choose_finder, count_candidates
    from spacy_spanbert.training.candidate_report import (
        describe_choice,
        make_candidate_report,
        render_candidate_report,
    )

    name = choose_finder(nlp, component)
    counts = count_candidates(nlp, name, read_examples(nlp, corpus))
    cfg = nlp.get_pipe(name).cfg  # type: ignore[attr-defined]
    if not counts.gold:
        raise SpanbertError(
            f"{corpus} has no spans in doc.spans[{cfg['training_key']!r}], the training_key of "
            f"{name!r}, to compare candidates with"
        )
    report = make_candidate_report(counts)
    setting = {"threshold": cfg["threshold"], "top_k": cfg["top_k"]}
    report = {
        "component": name,
        "setting": setting | describe_choice(counts, **setting),
        **report,
    }
    return report | {"text": render_candidate_report(report)}
