"""What docs/scale.md quotes of the measured speed, and what that makes of BERT-base."""

from collections.abc import Iterator

from benchmarks.pretraining_flops import PASSES, boundary_flops, training_flops
from benchmarks.readme_cells import Report, Row, number_cell
from spacy_spanbert.checkpoints.scratch import size_config

# The page says where these come from: 40 times 3.3 billion words, pieces of a word, window, share
# of the pieces that the span boundary objective asks for.
PIECES = 40 * 3.3e9 * 1.3225
WINDOW = 512
BOUNDARY_SHARE = 0.149
YEAR = 365.25 * 24 * 3600


def scale_rows(report: Report) -> Iterator[Row]:
    """Say what was measured, and what BERT-base takes at the same share of the peak.

    report (Report): Of pretraining_speed.
    YIELDS (Row): Rows of the table.
    """
    speeds, use = report["results"]["speeds"], report["results"]["utilization"]
    window = report["settings"]["window"]
    peak = use["peak_tflops"]
    share = f"{100 * use['share']:.0f} % of {peak:.2f} TFLOP/s ({use['dtype']})"
    measured = f"measured: MiniLM, windows of {window} pieces"
    mlm = speeds["ours, auto"]["pieces_per_second"]
    yield f"{measured}, MLM", number_cell(mlm), share, ""
    sbo = speeds["ours, auto, spans: MLM + SBO"]["pieces_per_second"]
    yield f"{measured}, MLM + SBO", number_cell(sbo), "", ""
    config = size_config({})
    flops = training_flops(config, WINDOW) + PASSES * BOUNDARY_SHARE * boundary_flops(config)
    speed = use["share"] * peak * 1e12 / flops
    name = f"computed: BERT-base, windows of {WINDOW}, MLM + SBO, at the same share"
    yield name, number_cell(speed), share, f"{PIECES / speed / YEAR:.0f} years"
