"""The page of what target, aggregate and decode are worth, from the report of `tag_choices`."""

from benchmarks.readme_cells import Report, cores_text
from benchmarks.report import markdown_table

PAGE = "docs/tag_choices.md"


def choices_page(report: Report) -> str:
    """Render the results for the docs.

    report (Report): Of tag_choices.
    RETURNS (str): A page: a row for each target and aggregate, a column for each way to decode.
    """
    choices = report["results"]["choices"]
    decoders = list(dict.fromkeys(row["decode"] for row in choices))
    scores: dict[tuple[str, str], dict[str, str]] = {}
    for row in choices:
        found = scores.setdefault((row["target"], row["aggregate"]), {})
        found[row["decode"]] = f"{row['f']:.3f}"
    rows = [[*way, *map(found.get, decoders)] for way, found in scores.items()]
    machine = report["machine"]
    minutes = report["settings"]["minutes"]
    return (
        "# Choices of the entity recognizer, measured\n\n"
        "Entity F1 on WNUT-17 dev with each `target`, `aggregate` and `decode` in place of those "
        f"of `configs/ner.cfg`, one seed, at most {minutes:g} minutes of "
        "training each. What is trained alike is trained once: `greedy` and `viterbi` decode the "
        "same pipeline, and so do ways to combine pieces that change nothing in training. Empty: "
        "settings that do not suit one another.\n\n"
        f"{markdown_table(['target', 'aggregate', *decoders], rows)}\n"
        f"{report['date']}, {machine['cpu']}, {cores_text(machine)}, "
        f"`{report['command']}`.\n"
    )


def page_link(report: Report) -> str:
    """Link the page from the README, if there is one.

    report (Report): Of any program.
    RETURNS (str): What is put behind the report's source; nothing for other programs.
    """
    if report["benchmark"] != "tag_choices":
        return ""
    return f"; [`{PAGE}`]({PAGE}) compares targets, ways to combine pieces, and decoders"
