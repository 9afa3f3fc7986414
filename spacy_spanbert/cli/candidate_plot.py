"""Recall against the number of candidates, as a picture."""

from pathlib import Path
from typing import Any

TITLES = {"": "all gold spans", "words": "by length in words", "nesting": "by nesting"}
# More lines could not be told apart.
MOST_LABELS = 8
# Where the axis begins: fewer find next to nothing.
LEAST_PER_WORD = 0.01
NAMES = ("candidates.svg", "candidates.png")


def plot_candidates(report: dict[str, Any], folder: Path) -> list[Path]:
    """Draw the curves of a report.

    report (dict[str, Any]): From make_candidate_report, with `setting`.
    folder (Path): Where candidates.svg and candidates.png go.
    RETURNS (list[Path]): The files.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "spacy-spanbert",  # the same picture is the same file
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9.6, 7.2), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for panel, (kind, groups) in zip(panels.flat, report["groups"].items(), strict=True):
            shown = dict(list(groups.items())[:MOST_LABELS])
            _draw_groups(panel, report["per_word"], shown)
            title = TITLES.get(kind, "by label")
            if len(shown) < len(groups):
                title = f"{title}, the {len(shown)} most frequent of {len(groups)}"
            first = min(LEAST_PER_WORD, report["per_word"][-1] / 2)
            panel.set(title=title, xscale="log", xlim=(first, None), ylim=(0, 1.02))
            panel.xaxis.set_major_formatter("{x:g}")
            panel.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f} %")
            panel.grid(alpha=0.3)
            if not kind:
                _mark_choices(panel, report)
            panel.legend(fontsize="small", loc="best", framealpha=0.8, edgecolor="none")
        for panel in panels[:, 0]:
            panel.set_ylabel("recall")
        for panel in panels[1]:
            panel.set_xlabel("candidates for each word")
        paths = [folder / name for name in NAMES]
        figure.savefig(paths[0], metadata={"Date": None})
        figure.savefig(paths[1], dpi=150)
    return paths


def _draw_groups(panel: Any, per_word: list[float], groups: dict[str, Any]) -> None:
    for index, (name, group) in enumerate(groups.items()):
        label = f"{name} ({group['n_gold']:,})" if len(groups) > 1 else "most probable first"
        panel.plot(per_word, group["recall"], color=f"C{index}", label=label)


def _mark_choices(panel: Any, report: dict[str, Any]) -> None:
    """Mark top_k, and the threshold that is set."""
    best = report["by_top_k"]
    panel.plot(
        [row["per_word"] for row in best],
        [row["recall"] for row in best],
        "s--",
        color="C1",
        markersize=4,
        label=f"best {', '.join(str(row['top_k']) for row in best)} of each first word",
    )
    setting = report["setting"]
    name = f"as set: threshold {setting['threshold']:g}"
    name += "" if setting["top_k"] is None else f", top_k {setting['top_k']}"
    panel.plot(
        [setting["per_word"]], [setting["recall"]], "o", color="C3", markersize=8, label=name
    )
