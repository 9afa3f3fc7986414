import json

from PIL import Image

from spacy_spanbert.pretraining.curve import draw_curve


def test_a_picture_with_a_panel_for_each_objective(tmp_path):
    lines = [
        {"part": part, "step": step, "mlm_loss": 9.0 / step, "nsp_loss": 0.7}
        for step in (1, 2, 3)
        for part in ("train", "held_out")
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = draw_curve(tmp_path, unigram_loss=7.0)
    with Image.open(path) as picture:
        width, height = picture.size
        assert width > 2 * height
        assert len(picture.getcolors(1_000_000)) > 10
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_without_a_log_there_is_no_picture(tmp_path):
    assert draw_curve(tmp_path) is None
