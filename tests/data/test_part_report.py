from collections import Counter

import pytest

from spacy_spanbert.data.annotating import AnnotationCounts
from spacy_spanbert.data.part_report import PartReport
from spacy_spanbert.data.problems import Place, Problem


def test_a_report_comes_back_from_json_as_it_was() -> None:
    place = Place("a.txt", line=3, doc_id="x")
    written = PartReport(
        AnnotationCounts(
            n_read=3,
            n_written=2,
            n_words=7,
            n_without_key=1,
            labels=Counter(A=2),
            relations=Counter(B=1),
        ),
        [Problem("bad JSON", "Expected\n…", place), Problem("other", "?")],
    )
    read = PartReport.from_json(written.to_json())
    assert read == written
    assert isinstance(read.counts.labels, Counter)
    assert isinstance(read.counts.relations, Counter)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"counts": {"n": 1}, "problems": []}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report of a part|Expecting value"):
        PartReport.from_json(text)
