"""The loss curve of a run."""

from pathlib import Path
from typing import Any

from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.log import read_log

CURVE = "loss.png"
OBJECTIVE_NAMES = {
    "mlm": "masked pieces (MLM)",
    "sbo": "span boundaries (SBO)",
    "nsp": "next sentence (NSP)",
    "inserted": "inserted pieces",
    "removed": "removed pieces",
}


def draw_curve(folder: Path, unigram_loss: float | None = None) -> Path | None:
    """Draw the losses on train and held-out text over the steps, a panel for each objective.

    folder (Path): The run's output folder, with its log.
    unigram_loss (float | None): What a model that knows only how frequent each piece is would have
        on held-out text, in nats; drawn as a line beside MLM.
    RETURNS (Path | None): The picture; None if nothing was logged yet.
    """
    lines = read_log(folder)
    objectives = [name for name in OBJECTIVE_NAMES if any(f"{name}_loss" in line for line in lines)]
    if not objectives:
        return None
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(4.2 * len(objectives), 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(objectives), squeeze=False)[0]
        for panel, name in zip(panels, objectives, strict=True):
            _draw(panel, lines, name)
            if name == "mlm" and unigram_loss is not None:
                panel.axhline(unigram_loss, color="0.5", linestyle=":", label="unigram model")
            panel.set(title=OBJECTIVE_NAMES[name], xlabel="step", ylabel="loss (nats a target)")
            panel.legend(frameon=False)
        temporary = folder / f".{CURVE}"
        with writing(folder / CURVE):
            figure.savefig(temporary, format="png", dpi=150)
            return temporary.replace(folder / CURVE)


def _draw(panel: Any, lines: list[dict[str, Any]], name: str) -> None:
    for part, label, style in (
        ("train", "train", {"color": "C0", "alpha": 0.6, "linewidth": 1}),
        ("held_out", "held out", {"color": "C1", "marker": "o", "markersize": 3}),
    ):
        points = [
            (line["step"], line[f"{name}_loss"])
            for line in lines
            if line["part"] == part and f"{name}_loss" in line
        ]
        if points:
            panel.plot(*zip(*points, strict=True), label=label, **style)
