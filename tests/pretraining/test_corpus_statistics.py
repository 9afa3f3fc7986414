from spacy_spanbert.pretraining.corpus_statistics import CorpusStatistics, render_statistics
from tests.pretraining.piece_documents import FIRST_ID, make_document


def test_counts_are_those_of_the_documents():
    statistics = CorpusStatistics()
    statistics.add(make_document([[1, 2], [3]]), FIRST_ID + 2)
    statistics.add(make_document([[4]], gap=3), None)
    assert statistics == CorpusStatistics(parts=2, sentences=3, words=4, pieces=10, unknown=1)
    assert statistics.pieces_per_word == 2.5
    assert statistics.unknown_share == 0.1


def test_they_are_written_for_people_with_a_warning_where_much_is_unknown():
    statistics = CorpusStatistics(1000, 20, 5000, 100_000, 130_000, 26)
    text = render_statistics(statistics)
    assert "documents                 1,000  (20 held out)" in text
    assert "pieces per word            1.30" in text
    assert "0.02%" in text
    assert "Many pieces" not in text
    statistics.parts = 1200
    assert "1,000  (20 held out; long ones cut: 1,200 parts)" in render_statistics(statistics)
    statistics.unknown = 13_000
    assert "10.00%\nMany pieces are unknown" in render_statistics(statistics)


def test_nothing_has_no_shares():
    assert CorpusStatistics().unknown_share == CorpusStatistics().pieces_per_word == 0.0
