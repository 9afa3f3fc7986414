"""What a head needs of the encoder that it listens to: to be there, and to have run."""

from collections.abc import Iterable, Iterator
from typing import Any

from spacy.tokens import Doc
from spacy_transformers.layers.listener import TransformerListener
from spacy_transformers.pipeline_component import DOC_EXT_ATTR
from thinc.api import Model

from spacy_spanbert.errors import SpanbertError


def encoder_listeners(model: Model[Any, Any]) -> Iterator[TransformerListener]:
    """Find the layers that take their vectors from a component before.

    model (Model[Any, Any]): Any model.
    YIELDS (TransformerListener): None if the model has an encoder of its own, or needs none.
    """
    return (node for node in model.walk() if isinstance(node, TransformerListener))


def check_connected(model: Model[Any, Any], name: str) -> None:
    """Make sure at initialization that there is an encoder whose width is known.

    model (Model[Any, Any]): The model of a component.
    name (str): The component's name, for the message.
    RAISES (SpanbertError): If a layer listens to no encoder, or to one without weights.
    """
    for listener in encoder_listeners(model):
        if not listener.has_dim("nO"):
            wanted = listener.upstream_name
            also = "" if wanted == "*" else f", which upstream of its tok2vec calls {wanted!r}"
            raise SpanbertError(
                f"component {name!r} reads the vectors of an encoder{also}, and no such component "
                "runs before it: add 'spanbert' to the pipeline before this one, do not disable "
                "it, and initialize both together"
            )


def check_encoded(
    model: Model[Any, Any], docs: Iterable[Doc], name: str, *, is_train: bool = False
) -> None:
    """Make sure that the encoder has run on Docs: without it, listeners would read zeros.

    model (Model[Any, Any]): The model of a component.
    docs (Iterable[Doc]): What it is about to read; without any, nothing is checked.
    name (str): The component's name, for the message.
    is_train (bool): Whether it is about to learn, when the encoder may also have handed its output
        to the listeners and not to the Docs.
    RAISES (SpanbertError): At the first Doc without the encoder's output.
    """
    listeners = list(encoder_listeners(model))
    if not listeners or (is_train and all(node._batch_id is not None for node in listeners)):
        return
    has_activations = Doc.has_extension(DOC_EXT_ATTR)
    for doc in docs:
        if not has_activations or doc._.get(DOC_EXT_ATTR) is None:
            raise SpanbertError(
                f"component {name!r} reads the vectors of an encoder, but the Doc "
                f"{doc.text[:40]!r} has not been encoded: 'spanbert' must run before it. Add that "
                "component, enable it, and load the pipeline without disabling or excluding it; "
                "where it learns nothing itself, or other annotating components need it in "
                "training, name it in [training] annotating_components as well"
            )
