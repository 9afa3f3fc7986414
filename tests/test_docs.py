"""Pages that are written from the code say what the code says."""

from docs import pretraining_config


def test_the_page_of_pretrainings_config_is_what_the_code_gives() -> None:
    page = pretraining_config.PAGE.read_text("utf8")
    is_same = page == pretraining_config.render()
    assert is_same, "run python -m docs.pretraining_config"
    # every key, with values, default and meaning
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    for row in rows:
        assert len(row) == 4
        assert all(cell.strip(" |`") for cell in row)
        assert "See " not in row[3]
