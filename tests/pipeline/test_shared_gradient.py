"""The gradient that reaches the encoder from all heads, against plain autograd."""

import copy
import gc

import pytest
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.gradients import PendingBackward
from spacy_spanbert.layers.head_model import head_shim
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.pipeline.span_candidates import span_reach
from tests.pipeline.heads import (
    add_head_without_candidates,
    add_ner,
    add_spancat_again,
    assert_close,
    gradients,
    make_heads,
)
from tests.tiny_pipeline import (
    FLAT,
    NESTED,
    make_examples,
    make_nlp,
    make_optimizer,
)


def test_gradients_of_two_heads_add_up(tiny_bert):
    nlp = make_heads(tiny_bert, add_spancat_again)
    found = {}
    for excluded in ("spanbert_spancat", "second", None):
        examples = make_examples(nlp, FLAT)
        nlp.update(examples, sgd=False, exclude=[excluded] if excluded else [])
        nlp.get_pipe("spanbert").flush()
        found[excluded] = gradients(nlp)
        encoder_shim(nlp.get_pipe("spanbert").model).module.zero_grad()
    total = {name: found["second"][name] + g for name, g in found["spanbert_spancat"].items()}
    assert_close(found[None], total, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_parts", [2, 3])
def test_gradients_of_the_parts_of_a_batch_add_up(tiny_bert, n_parts):
    nlp = make_heads(tiny_bert, add_ner)
    data = FLAT * 2
    nlp.update(make_examples(nlp, data), sgd=False, exclude=["ner"])
    nlp.get_pipe("spanbert").flush()
    whole = gradients(nlp)
    encoder_shim(nlp.get_pipe("spanbert").model).module.zero_grad()
    for part in range(n_parts):
        nlp.update(make_examples(nlp, data[part::n_parts]), sgd=False, exclude=["ner"])
    nlp.get_pipe("spanbert").flush()
    assert_close(gradients(nlp), whole, rtol=1e-4, atol=1e-4)


def test_no_graph_is_kept_while_gradients_accumulate(tiny_bert):
    """With a head that never reports, too: its listener holds on to the batch."""
    nlp = make_heads(tiny_bert, add_head_without_candidates)

    def alive() -> tuple[int, int]:
        gc.collect()
        objects = gc.get_objects()
        n_pending = sum(type(item) is PendingBackward for item in objects)
        n_graphs = sum(type(item) is torch.Tensor and item.grad_fn is not None for item in objects)
        return n_pending, n_graphs

    counts = []
    for _ in range(4):
        nlp.update(make_examples(nlp, FLAT), sgd=False)
        counts.append(alive())
    nlp.get_pipe("spanbert").finish_update(make_optimizer())
    assert len(set(counts)) == 1
    assert counts[0][0] == 1
    assert alive()[1] == 0


def test_the_gradient_is_that_of_plain_autograd_from_pieces_to_loss(checkpoint):
    """Hugging Face's model, mean over the pieces of a word, the scorer, cross-entropy."""
    nlp = make_nlp(checkpoint)
    spancat = nlp.get_pipe("spanbert_spancat")
    scorer = copy.deepcopy(head_shim(spancat.model).module)
    examples = make_examples(nlp)
    losses = nlp.update(examples, sgd=False, losses={})
    nlp.get_pipe("spanbert").flush()

    model = AutoModel.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    docs = [example.predicted for example in examples]
    words = torch.cat([plain_word_vectors(model, tokenizer, doc) for doc in docs])
    max_length = spancat.cfg["max_length"]
    candidates = SpanCandidates.all_spans(span_reach(docs, max_length, cross_sentences=False))
    logits = scorer(words, candidates)
    targets = plain_targets(docs, candidates, spancat.labels)
    loss = functional.cross_entropy(logits, targets, reduction="sum")
    loss.backward()

    assert losses["spanbert_spancat"] == pytest.approx(loss.item(), rel=1e-5)
    expected = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert_close(gradients(nlp), expected, rtol=1e-4, atol=2e-4)
    found = {n: p.grad for n, p in head_shim(spancat.model).module.named_parameters()}
    assert_close(found, {n: p.grad for n, p in scorer.named_parameters()}, rtol=1e-4, atol=2e-4)


def plain_word_vectors(model, tokenizer, doc) -> torch.Tensor:
    encoding = tokenizer(doc.text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoding.pop("offset_mapping")[0].tolist()
    hidden = model(**encoding).last_hidden_state[0]
    vectors = []
    for word in doc:
        own = set(range(word.idx, word.idx + len(word)))
        rows = [i for i, (start, end) in enumerate(offsets) if own & set(range(start, end))]
        vectors.append(hidden[rows].mean(dim=0))
    return torch.stack(vectors)


def plain_targets(docs, candidates, labels) -> torch.Tensor:
    gold, offset = {}, 0
    for doc, (_, spans) in zip(docs, NESTED, strict=True):
        gold |= {(offset + start, end - start): label for start, end, label in spans}
        offset += len(doc)
    keys = zip(candidates.starts.tolist(), candidates.lengths.tolist(), strict=True)
    none = len(labels)
    return torch.tensor([labels.index(gold[key]) if key in gold else none for key in keys])


def test_the_logged_loss_of_the_encoder_is_the_squared_norm_of_its_gradient(tiny_bert):
    nlp = make_nlp(tiny_bert)
    seen = []
    encoder = nlp.get_pipe("spanbert")
    examples = make_examples(nlp)
    encoder.update(examples)
    pending = encoder._pending
    losses = nlp.get_pipe("spanbert_spancat").update(examples)
    seen.append(pending._gradient)
    assert losses.keys() == {"spanbert_spancat"}
    losses = nlp.update(make_examples(nlp), sgd=False, losses={})
    assert losses["spanbert"] == pytest.approx(float((seen[0] ** 2).sum()), rel=1e-4)
