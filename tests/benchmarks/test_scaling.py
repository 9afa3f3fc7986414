"""The line through the points, and the picture."""

from pathlib import Path

import pytest

from benchmarks.scaling import linear_fit, plot


def points(cost, xs=(100, 1_000, 10_000, 100_000)) -> list[dict[str, float]]:
    return [{"x": x, "seconds": cost(x)} for x in xs]


def test_a_linear_cost_is_found_exactly():
    fit = linear_fit(points(lambda x: 0.5 + 2e-4 * x))
    assert fit["slope"] == pytest.approx(2e-4)
    assert fit["intercept"] == pytest.approx(0.5)
    assert fit["largest_deviation"] == pytest.approx(0, abs=1e-6)


def test_an_exponent_tells_a_linear_cost_from_a_quadratic_one():
    assert linear_fit(points(lambda x: 2e-4 * x))["exponent"] == pytest.approx(1)
    quadratic = linear_fit(points(lambda x: 1e-9 * x * x))
    assert quadratic["exponent"] == pytest.approx(2)
    assert quadratic["largest_deviation"] > 0.5


def test_two_points_are_enough():
    fit = linear_fit(points(lambda x: 3.0 * x, xs=(1, 2)))
    assert (fit["slope"], fit["exponent"]) == (pytest.approx(3), pytest.approx(1))


def test_the_picture_is_written_as_svg_and_png(tmp_path: Path):
    series = {"points": points(lambda x: 2e-4 * x), "fit": {"slope": 2e-4, "intercept": 0.0}}
    report = {
        "settings": {"fixed_words": 20_000, "fixed_length": 12},
        "results": {"document_length": series, "max_length": series},
    }
    svg, png = plot(report, tmp_path)
    assert svg.read_text(encoding="utf8").startswith("<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    first = svg.read_bytes()
    plot(report, tmp_path)
    assert svg.read_bytes() == first
