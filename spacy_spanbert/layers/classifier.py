"""The classifier of texts as a thinc model: Docs in, one row of logits a Doc out."""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from spacy_spanbert.layers.architecture import architecture
from spacy_spanbert.layers.document_vectors import DocumentLayer, DocumentVectors, document_width
from spacy_spanbert.layers.head_model import head_model, head_shim, make_module
from spacy_spanbert.layers.torch_shim import TorchShim
from spacy_spanbert.nn.classifier import Classifier, Pooling

ClassifierModel = Model[list[Doc], Floats2d]


@architecture("spacy-spanbert.Classifier.v1")
def build_classifier(
    tok2vec: DocumentLayer,
    hidden_width: int = 0,
    pooling: Pooling = "mean",
    dropout: float = 0.1,
) -> ClassifierModel:
    """Build a classifier of texts; `initialize` gives it its sizes.

    tok2vec (DocumentLayer): [CLS] vectors: a spacy-spanbert.DocumentListener.v1 on the encoder.
    hidden_width (int): Width of a hidden layer with tanh; 0 for none: softmax(W y_CLS).
    pooling (str): How a long text's windows, or both orders of a symmetric pair, become one:
        "mean", "max" or "attention".
    dropout (float): In training, 0 to below 1.
    RETURNS (ClassifierModel): The model.
    RAISES (SpanbertError): If a setting cannot be.
    """
    settings = {"hidden_width": hidden_width, "pooling": pooling, "dropout": dropout}
    return head_model(
        "text-classifier", forward, tok2vec=tok2vec, module=Classifier, settings=settings
    )


def set_outputs(model: ClassifierModel, n_outputs: int) -> None:
    """Make the classifier's weights.

    model (ClassifierModel): The model.
    n_outputs (int): Scores of a text.
    RAISES (SpanbertError): If there is no initialized encoder to listen to.
    """
    input_width = document_width(model.get_ref("tok2vec"))
    make_module(model, input_width=input_width, n_outputs=n_outputs)


def score_documents(model: ClassifierModel, docs: list[Doc]) -> tuple[Floats2d, NDArray[np.int64]]:
    """Score texts without gradients.

    model (ClassifierModel): The model.
    docs (list[Doc]): Docs that the encoder has seen, at least one.
    RETURNS (tuple[Floats2d, NDArray[np.int64]]): Logits, shape (n_docs, n_outputs), and how many
        pieces of each pair were left out of them, shape (n_docs,).
    """
    vectors: DocumentVectors = model.get_ref("tok2vec").predict(docs)
    shim = head_shim(model)
    with shim.inference() as module:
        logits = _score(cast(Classifier, module), vectors, _to_torch(vectors.rows, shim, False))
    return cast(Floats2d, torch2xp(logits)), vectors.n_cut


def forward(
    model: ClassifierModel, docs: list[Doc], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Doc]]]:
    """Score texts, shape (n_docs, n_outputs)."""
    shim = head_shim(model)
    vectors, backprop_tok2vec = model.get_ref("tok2vec")(docs, is_train)
    rows = _to_torch(vectors.rows, shim, is_train)
    with shim.training() if is_train else shim.inference() as module:
        logits = _score(cast(Classifier, module), vectors, rows)

    def backprop(d_logits: Floats2d) -> list[Doc]:
        logits.backward(xp2torch(d_logits, device=logits.device))
        assert rows.grad is not None
        backprop_tok2vec(torch2xp(rows.grad))
        return docs

    return cast(Floats2d, torch2xp(logits.detach())), backprop


def _score(module: Classifier, vectors: DocumentVectors, rows: Tensor) -> Tensor:
    return module(rows, torch.from_numpy(vectors.counts).to(rows.device))


def _to_torch(rows: Floats2d, shim: TorchShim, is_train: bool) -> Tensor:
    return xp2torch(rows, device=shim.device, requires_grad=is_train)
