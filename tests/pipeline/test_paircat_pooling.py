"""What `spanbert_paircat` makes of the [CLS] vectors of both orders of a pair."""

import numpy as np
import pytest
import spacy
import torch

from spacy_spanbert import make_pair
from tests.pipeline.classifying import PAIRS, make_classifier

NAME = "spanbert_paircat"
PAIR = PAIRS[0][:2]


def pool_slowly(rows, pooling, weights):
    """One number at a time; rows has a vector for each order."""
    if pooling == "mean":
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    if pooling == "max":
        return [max(column) for column in zip(*rows, strict=True)]
    scores = [
        np.exp(weights["attention.bias"][0] + np.dot(weights["attention.weight"][0], row))
        for row in rows
    ]
    return [np.dot(scores, column) / sum(scores) for column in zip(*rows, strict=True)]


def log_odds(cats):
    first, second = cats.values()
    return np.log(first) - np.log(second)


@pytest.mark.parametrize("hidden_width", [0, 8])
@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_both_orders_of_a_symmetric_pair_are_pooled_as_windows_of_a_text_are(
    tiny_bert, tmp_path, pooling, hidden_width
):
    model = {"pooling": pooling, "hidden_width": hidden_width}
    nlp = make_classifier(tiny_bert, NAME, symmetric=True, model=model)
    module = nlp.get_pipe(NAME).model.shims[0].module
    torch.manual_seed(0)
    for name, parameter in module.named_parameters():
        # the vectors of both orders are alike: small weights of attention would give their mean
        torch.nn.init.normal_(parameter, std=20 if name == "attention.weight" else 0.3)
    found, reverse = (nlp(make_pair(nlp, *texts)).cats for texts in (PAIR, PAIR[::-1]))
    assert found == pytest.approx(reverse, abs=1e-4)

    nlp.to_disk(tmp_path)
    plain = spacy.load(tmp_path, config={f"components.{NAME}.symmetric": False})
    docs = [plain(make_pair(plain, *texts)) for texts in (PAIR, PAIR[::-1])]
    rows = [doc._.trf_data.model_output["last_hidden_state"][0][0].astype(float) for doc in docs]
    weights = {name: value.detach().numpy() for name, value in module.named_parameters()}
    if hidden_width:
        rows = [np.tanh(weights["hidden.weight"] @ row + weights["hidden.bias"]) for row in rows]
    pooled = np.array(pool_slowly(rows, pooling, weights))
    logits = weights["output.weight"] @ pooled + weights["output.bias"]
    assert log_odds(found) == pytest.approx(logits[0] - logits[1], abs=1e-4)

    mean_of_both = sum(log_odds(doc.cats) for doc in docs) / 2
    is_mean = log_odds(found) == pytest.approx(mean_of_both, abs=1e-4)
    assert is_mean == (pooling == "mean")
