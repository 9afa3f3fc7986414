"""Pages that are written from the code say what the code says."""

import inspect

from spacy import Language

from docs import components, pretraining_config


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


def test_the_page_of_the_components_is_what_the_code_gives_and_leaves_no_setting_out() -> None:
    page = components.PAGE.read_text("utf8")
    assert page == components.render(), "run python -m docs.components"
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert all(cell.strip(" |`") for row in rows for cell in row)
    assert not [row for row in rows if "See Spanbert" in row[2]]
    for name, make in components.FACTORIES.items():
        section = page.split(f"## `[components.{name}]`")[1]
        given = Language.get_factory_meta(name).default_config.keys() - {"model"}
        assert given == inspect.signature(make).parameters.keys() - {"nlp", "name", "model"}
        assert all(f"| `{key}` |" in section for key in given), name
