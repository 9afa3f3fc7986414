"""What the README says of tags, texts, pairs and candidates."""

from collections.abc import Iterator
from typing import Any

from benchmarks.readme_cells import Report, Row, number_cell, seeds_text

CORPORA = {
    "wnut17": "WNUT-17 entity F1",
    "ud_english_ewt": "English EWT part-of-speech accuracy",
    "sick": "SICK",
    "mrpc": "MRPC",
}
OURS = ("spanbert, auto", "spanbert, float32")
PARAPHRASE = "paraphrase"  # the label of MRPC
CRF = "spanbert"
FINDER_CORPORA = {"litbank": "LitBank", "genia": "GENIA"}
FINDER_PER_WORD = ("0.2", "0.5")
FINDERS = ("spanbert_span_finder", "span_finder")


def tag_rows(report: Report) -> Iterator[Row]:
    """Say how well and how fast words are tagged.

    report (Report): Of tags.
    YIELDS (Row): Rows of the table.
    """
    minutes = report["settings"]["minutes"]
    found = {(row["corpus"], row["pipeline"]): row for row in report["results"]["summary"]}
    for (corpus, pipeline), row in found.items():
        if pipeline != "spanbert":
            continue
        name = f"{CORPORA[corpus]}, {row['split']}, at most {minutes:g} minutes of training"
        peer = found.get((corpus, "spacy"))
        if peer is None:
            yield name, _score(row), "", ""
        else:
            gain = 100 * (row["mean"] - peer["mean"])
            yield name, _score(row), f"{_score(peer)}, spaCy", f"{gain:+.1f} points"
    for corpus, speed in report["results"]["speed"].items():
        speeds = [number_cell(speed[name]["words_per_second"]) for name in ("spanbert", "spacy")]
        name = f"{CORPORA[corpus].split()[0]}, words/s"
        yield name, speeds[0], f"{speeds[1]}, spaCy", f"{speed['ratio']:.1f} ×"


def text_rows(report: Report) -> Iterator[Row]:
    """Say how well and how fast texts are classified.

    report (Report): Of texts.
    YIELDS (Row): Rows of the table.
    """
    minutes = f"{report['settings']['minutes']:g} minutes of training"
    yield from _classification_rows(
        f"genre of an EWT sentence, dev, {minutes}", "texts", report["results"]
    )


def pair_rows(report: Report) -> Iterator[Row]:
    """Say how well and how fast pairs are classified.

    report (Report): Of pairs.
    YIELDS (Row): Rows of the table.
    """
    for corpus, split in (("sick", "dev"), ("mrpc", "test")):
        if corpus in report["results"]:
            name = f"{CORPORA[corpus]}, {split}, 3 epochs"
            yield from _classification_rows(name, "pairs", report["results"][corpus])


def crf_rows(report: Report) -> Iterator[Row]:
    """Say how fast the conditional random field is.

    report (Report): Of crf_speed.
    YIELDS (Row): Rows of the table.
    """
    rows = report["results"]["rows"]
    own = {(row["task"], *row["size"]): row["milliseconds"] for row in rows if row["name"] == CRF}
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["name"] != CRF:
            groups.setdefault((row["task"], row["name"]), []).append(row)
    for (task, peer), members in groups.items():
        name = f"conditional random field, {task}, {len(members)} sizes of batches, ms"
        ours = _range([own[task, *row["size"]] for row in members], ".1f")
        theirs = _range([row["milliseconds"] for row in members], ".1f")
        ratios = _range([row["ratio"] for row in members], ".1f")
        yield name, ours, f"{theirs}, {peer}", f"{ratios} ×"


def finder_rows(report: Report) -> Iterator[Row]:
    """Say how many gold spans are among the best candidates, and how fast they are found.

    report (Report): Of span_finder.
    YIELDS (Row): Rows of the table.
    """
    minutes = report["settings"]["minutes"]
    for corpus, result in report["results"].items():
        name = f"candidates of {FINDER_CORPORA[corpus]} dev"
        own, *peers = [row["recall"] for row in result["rows"]]
        for per_word in FINDER_PER_WORD:
            # spaCy's finder ranks no spans: the better of two ways
            peer = max(recall[per_word] for recall in peers)
            yield (
                f"{name}, recall at {per_word} a word, at most {minutes:g} minutes of training",
                f"{own[per_word]:.3f}",
                f"{peer:.3f}, spaCy's span_finder",
                f"{100 * (own[per_word] - peer):+.1f} points",
            )
        speed = result["speed"]
        speeds = [number_cell(speed[pipe]["words_per_second"]) for pipe in FINDERS]
        yield f"{name}, words/s", speeds[0], f"{speeds[1]}, spaCy", f"{speed['ratio']:.1f} ×"


def _classification_rows(name: str, things: str, results: dict[str, Any]) -> Iterator[Row]:
    found = {row["contender"]: row for row in results["summary"]}
    peer_name = next((contender for contender in found if contender not in OURS), None)
    peer = found.get(peer_name) if peer_name else None
    scores = {row["contender"]: _scores(row) for row in results["summary"]}
    for title, (own, cell) in scores[OURS[0]].items():
        beside, gain = "", ""
        if peer_name:
            other, peer_cell = scores[peer_name][title]
            beside, gain = f"{peer_cell}, {peer_name}", f"{100 * (own - other):+.1f} points"
        yield f"{name}: {title}", cell, beside, gain
    speeds = (("train_per_second", f"training {things}/s"), ("predict_per_second", f"{things}/s"))
    for key, title in speeds:
        for contender in OURS:
            precision = contender.partition(", ")[2]
            own = found[contender][key]
            cells = (f"{own:,.0f}", "", "")
            if peer is not None:
                ratio = results["ratios"][contender][key]
                cells = f"{own:,.0f}", f"{peer[key]:,.0f}, {peer_name}", f"{ratio:.1f} ×"
            yield f"{name}: {title}, {precision}", *cells


def _scores(row: dict[str, Any]) -> dict[str, tuple[float, str]]:
    """RETURNS (dict[str, tuple[float, str]]): Value and cell of each score, by its title."""
    accuracy = row["accuracy"]
    scores = {"accuracy": (accuracy, _score({**row, "mean": accuracy}))}
    if PARAPHRASE in row["f_per_label"]:  # of two labels, what MRPC is scored by
        values = {f"F1 of {PARAPHRASE}": row["f_per_label"][PARAPHRASE]}
    else:
        values = {"macro F1": row["macro_f"]}
    return scores | {title: (value, f"{value:.3f}") for title, value in values.items()}


def _score(row: dict[str, Any]) -> str:
    spread = "" if row["deviation"] is None else f" ± {row['deviation']:.3f}"
    return f"{row['mean']:.3f}{spread} ({seeds_text(row['n_seeds'])})"


def _range(values: list[float], digits: str) -> str:
    return f"{min(values):{digits}} to {max(values):{digits}}"
