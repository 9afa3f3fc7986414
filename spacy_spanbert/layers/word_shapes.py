"""Word vectors with the word's shape beside them: capitals that an uncased encoder does not see."""

from collections.abc import Callable

from spacy.ml import FeatureExtractor
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import HashEmbed, Model, chain, list2ragged, ragged2list, with_array
from thinc.types import Floats2d

WordVectors = Model[list[Doc], list[Floats2d]]


@registry.architectures("spacy-spanbert.WordShapes.v1")
def build_word_shapes(tok2vec: WordVectors, width: int = 32, rows: int = 512) -> WordVectors:
    """Put a learned vector of each word's shape behind its vector.

    The shape is spaCy's `Token.shape_`: "Xxxx" for Paris, "XX-d" for IL-2.

    tok2vec (Model[list[Doc], list[Floats2d]]): Word vectors: a listener on the encoder, say.
    width (int): Width of a shape's vector, 1 or more.
    rows (int): Size of the table that shapes are hashed into, 1 or more.
    RETURNS (Model[list[Doc], list[Floats2d]]): Vectors of shape (n_words, n + width) of each Doc.
    """
    shapes: WordVectors = chain(
        FeatureExtractor(["SHAPE"]),
        list2ragged(),
        with_array(HashEmbed(width, rows, column=0)),
        ragged2list(),
    )
    return Model(
        "word-shapes",
        _forward,
        init=_initialize,
        layers=[tok2vec, shapes],
        dims={"nO": None},
        attrs={"shape_width": width},
    )


def _initialize(model: WordVectors, X: list[Doc] | None = None, Y: None = None) -> None:
    del Y  # thinc calls it with these names
    for layer in model.layers:
        layer.initialize(X=X)


def _forward(
    model: WordVectors, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    # Not thinc's concatenate: it adds up gradients of the Docs, of which there are none.
    tok2vec, shapes = model.layers
    width = model.attrs["shape_width"]
    vectors, backprop_vectors = tok2vec(docs, is_train)
    if not any(len(doc) for doc in docs):  # thinc's HashEmbed cannot
        return [model.ops.alloc2f(0, array.shape[1] + width) for array in vectors], (
            lambda d_outputs: backprop_vectors([array[:, :-width] for array in d_outputs])
        )
    shape_vectors, backprop_shapes = shapes(docs, is_train)

    def backprop(d_outputs: list[Floats2d]) -> list[Doc]:
        backprop_shapes([array[:, -width:] for array in d_outputs])
        return backprop_vectors([array[:, :-width] for array in d_outputs])

    pairs = zip(vectors, shape_vectors, strict=True)
    # shape (n_words, width of tok2vec + width of shapes)
    return [model.ops.xp.hstack(pair) for pair in pairs], backprop
