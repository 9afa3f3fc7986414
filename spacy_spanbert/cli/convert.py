"""`python -m spacy spanbert convert`: a corpus from one format into another."""

from typing import Any

from wasabi import msg

from spacy_spanbert.cli import convert_options as own
from spacy_spanbert.cli import options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.convert_run import ConvertResult, ConvertSettings, convert
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.problem_report import listed_problems, print_problems
from spacy_spanbert.cli.tokenizers import load_tokenizer
from spacy_spanbert.data.labelled_convert import convert_labelled
from spacy_spanbert.errors import SpanbertError


@app.command("convert")
@clean_errors()
def convert_cli(
    source: own.Source,
    target: own.Target,
    target_format: own.TargetFormat = None,
    source_format: own.SourceFormat = None,
    spans_key: own.SpansKey = None,
    group: options.Group = None,
    ents: own.Entities = False,
    retokenize: own.Retokenize = False,
    lang: own.Language = None,
    model: own.Tokenizer = None,
    docs_per_file: own.DocsPerFile = None,
    on_error: options.OnError = "skip",
    problems_file: options.ProblemsFile = None,
    overwrite: own.Overwrite = False,
    texts: own.Texts = False,
    pairs: own.Pairs = False,
) -> None:
    """Convert a corpus from one format into another: nested spans, or labels of texts or pairs."""
    if texts + pairs + ents > 1:
        raise SpanbertError("Give one of --texts, --pairs and --ents: each makes another corpus.")
    if texts or pairs:
        _check_only_of_spans(
            "--texts" if texts else "--pairs",
            {
                "--to": target_format,
                "--from": source_format,
                "--spans-key": spans_key,
                "--group": group,
                "--docs-per-file": docs_per_file,
                "--retokenize": retokenize or None,
                "--overwrite": overwrite or None,
            },
        )
    settings = ConvertSettings(
        source_format=source_format,
        target_format=target_format,
        spans_key=spans_key,
        group=group,
        ents=ents,
        retokenize=retokenize,
        lang=lang,
        model=model,
        docs_per_file=docs_per_file,
        overwrite=overwrite,
    )
    with listed_problems(problems_file, on_error) as problems:
        if texts or pairs:
            tokenizer = load_tokenizer(lang, model)
            rows = convert_labelled(source, target, tokenizer, problems, pairs=pairs)
        else:
            result = convert(source, target, problems, settings)
            rows = result.counts.rows()
            _tell_what_is_special(result)
    msg.table(rows, aligns=("l", "r"))
    print_problems(problems)
    msg.good(f"Wrote {target}")


def _check_only_of_spans(labelled: str, options_of_spans: dict[str, Any]) -> None:
    """Refuse what would have no effect on labelled texts."""
    given = [name for name, value in options_of_spans.items() if value is not None]
    if given:
        raise SpanbertError(
            f"{labelled} does not go with {', '.join(given)}, which a corpus of spans has: leave "
            f"{'it' if len(given) == 1 else 'them'} out. {labelled} reads JSONL or TSV, as the "
            "suffix tells, makes a document of each record, and writes one .spacy file."
        )


def _tell_what_is_special(result: ConvertResult) -> None:
    if not result.counts.n_docs:
        msg.warn("There was nothing in it.")
    if result.n_docs_of_entities:
        msg.info(
            f"Entities (doc.ents) are written as spans: {result.n_docs_of_entities:,} documents "
            "have no spans of their own."
        )
