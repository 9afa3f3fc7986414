import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.class_losses import class_loss
from spacy_spanbert.nn.classifier import POOLINGS, Classifier

NAN = float("nan")


def naive_scores(module: Classifier, texts: list[torch.Tensor]) -> torch.Tensor:
    """Text by text, window by window."""
    rows = []
    for windows in texts:
        features = [
            vector if module.hidden is None else torch.tanh(module.hidden(vector))
            for vector in windows
        ]
        stacked = torch.stack(features)
        if module.pooling == "mean":
            pooled = sum(features) / len(features)
        elif module.pooling == "max":
            pooled = stacked.max(dim=0).values
        else:
            pooled = module.attention(stacked)[:, 0].softmax(0) @ stacked
        rows.append(module.output(pooled))
    return torch.stack(rows)


@given(
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    pooling=st.sampled_from(POOLINGS),
    hidden_width=st.sampled_from([0, 7]),
)
def test_scores_are_those_of_the_slow_way(counts, pooling, hidden_width):
    torch.manual_seed(0)
    module = Classifier(
        input_width=5, n_outputs=3, hidden_width=hidden_width, pooling=pooling, dropout=0.5
    ).eval()
    vectors = torch.randn(sum(counts), 5) * 6
    with torch.inference_mode():
        found = module(vectors, torch.tensor(counts))
        expected = naive_scores(module, list(vectors.split(counts)))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradients_reach_the_windows_of_every_text(pooling):
    module = Classifier(input_width=4, n_outputs=2, pooling=pooling)
    vectors = torch.randn(5, 4, requires_grad=True)
    module(vectors, torch.tensor([3, 1, 1])).square().sum().backward()
    per_text = [part.abs().sum() for part in vectors.grad.split([3, 1, 1])]
    assert min(per_text) > 0
    assert torch.isfinite(vectors.grad).all()


def test_no_texts_have_no_rows():
    module = Classifier(input_width=4, n_outputs=2, pooling="attention")
    assert module(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)).shape == (0, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pooling": "sum"}, "one of mean, max, attention, not 'sum'"),
        ({"hidden_width": -1}, "hidden_width of 0"),
        ({"dropout": 1.0}, "dropout of 0 to below 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(SpanbertError, match=message):
        Classifier(input_width=4, n_outputs=2, **settings)


@pytest.mark.parametrize("multilabel", [False, True])
def test_loss_and_gradient_are_those_of_autograd(multilabel):
    logits = (torch.randn(4, 3) * 4).requires_grad_()
    targets = torch.tensor([[1.0, 0, 0], [0, 0.25, 0.75], [0, 1.0, 0], [0, 0, 1.0]])
    if multilabel:
        targets[0] = torch.tensor([1.0, 1.0, 0])
        expected = torch.nn.BCEWithLogitsLoss(reduction="sum")(logits, targets)
    else:
        expected = torch.nn.CrossEntropyLoss(reduction="sum")(logits, targets)
    expected.backward()
    loss, gradient = class_loss(logits, targets, multilabel=multilabel)
    torch.testing.assert_close(loss, expected.detach())
    torch.testing.assert_close(gradient, logits.grad)


def test_what_is_not_known_has_no_loss():
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    unknown = torch.tensor([[NAN, NAN], [0.0, 1.0]])
    for multilabel in (False, True):
        loss, gradient = class_loss(logits, unknown, multilabel=multilabel)
        alone, own = class_loss(logits[1:], unknown[1:], multilabel=multilabel)
        assert loss == alone > 0
        assert gradient[0].tolist() == [0, 0]
        assert torch.equal(gradient[1:], own)
    _, gradient = class_loss(logits, torch.tensor([[NAN, 1.0], [0, 1]]), multilabel=True)
    assert gradient[0, 0] == 0 > gradient[0, 1]
