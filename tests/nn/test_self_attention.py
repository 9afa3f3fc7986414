import torch

from spacy_spanbert.nn import self_attention
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.self_attention import SelfAttentionContent
from tests.nn.naive import reach_of

# That it equals slicing every span is tested with all representations in test_scorer.py.


def test_chunks_of_spans_get_the_rows_of_the_whole(monkeypatch):
    content = SelfAttentionContent(5, 4, query_width=3)
    words = torch.randn(50, 5)
    candidates = SpanCandidates.all_spans(reach_of([30, 20], max_length=7))
    whole = torch.cat(list(content(words, candidates)))
    monkeypatch.setattr(self_attention, "_CHUNK_SCORES", 100)
    in_chunks = torch.cat(list(content(words, candidates)))
    assert torch.allclose(whole, in_chunks, atol=1e-6)


def test_a_span_longer_than_a_chunk_is_a_chunk(monkeypatch):
    monkeypatch.setattr(self_attention, "_CHUNK_SCORES", 4)
    content = SelfAttentionContent(5, 4)
    candidates = SpanCandidates.given_spans([0, 2], [20, 18], 20)
    *_, last = content(torch.randn(20, 5), candidates)
    assert last.shape == (1, 4)
    assert last.isfinite().all()


def test_equal_words_are_their_own_average():
    content = SelfAttentionContent(5, 4)
    words = torch.randn(1, 5).expand(9, 5)
    candidates = SpanCandidates.all_spans(reach_of([9], max_length=9))
    for rows in content(words, candidates):
        assert torch.allclose(rows, content.value(words[:1]).expand_as(rows), atol=1e-6)
