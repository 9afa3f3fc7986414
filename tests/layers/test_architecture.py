"""What is wrong in the settings of a model is told with the section they are in."""

import pytest
import spacy
from spacy.util import registry
from thinc.api import Linear

from spacy_spanbert.errors import SpanbertError
from tests.tiny_pipeline import add_spancat


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("SpanScorer", {"hidden_width": 0}, "Expected hidden_width of 1 or more, but got 0"),
        ("SpanScorer", {"activation": "selu"}, "Unknown activation 'selu'"),
        ("SpanScorer", {"precision": "fp16"}, "precision must be"),
        ("RelationScorer", {"hidden_width": 0}, "Expected hidden_width of 1 or more"),
        ("TagScorer", {"hidden_width": -1}, "hidden_width"),
        ("Classifier", {"pooling": "sum"}, "Expected pooling to be one of"),
    ],
)
def test_a_wrong_setting_of_a_head_is_told_with_its_section(name, settings, message):
    build = registry.architectures.get(f"spacy-spanbert.{name}.v1")
    section = rf"^\[components\.\*\.model\] of spacy-spanbert\.{name}\.v1: .*"
    with pytest.raises(SpanbertError, match=section + message):
        build(Linear(), **settings)


def test_it_is_told_where_a_config_is_read():
    with pytest.raises(SpanbertError, match=r"^\[components\.\*\.model\] of spacy-spanbert\.Span"):
        add_spancat(spacy.blank("en"), {"activation": "selu"})
    with pytest.raises(ValueError, match="hidden_witdh"):
        add_spancat(spacy.blank("en"), {"hidden_witdh": 8})
