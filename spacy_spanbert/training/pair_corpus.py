"""The corpus reader for text pairs: the two texts of a Doc are not lost on the way."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy import Language, registry
from spacy.tokens import Doc
from spacy.training import Example

from spacy_spanbert.annotations.pair import is_pair, make_pair, segments
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.corpus import NamingCorpus, check_path


class PairCorpus(NamingCorpus):
    """Reads pairs of `.spacy` files; as NamingCorpus, but for what the pipeline is given.

    spaCy's reader tokenizes the text of a gold Doc anew, and forgets where the second text begins.
    This one tokenizes both texts, and makes a pair of them.
    """

    command = "convert --pairs"

    def make_examples(self, nlp: Language, reference_docs: Iterable[Doc]) -> Iterator[Example]:
        """Make examples of gold Docs.

        nlp (Language): The pipeline, whose tokenizer is used.
        reference_docs (Iterable[Doc]): The gold Docs.
        YIELDS (Example): The predicted Doc has the same two texts.
        RAISES (SpanbertError): If a Doc is no pair.
        """
        for reference in reference_docs:
            if not is_pair(reference):
                raise SpanbertError(
                    f"{self.path} holds a Doc that is no pair of texts: {reference.text[:60]!r}. "
                    "Convert records with text_a and text_b: `python -m spacy spanbert convert "
                    "--pairs`"
                )
            text_a, text_b = segments(reference)
            yield Example(make_pair(nlp, text_a.text, text_b.text), reference)


@registry.readers("spacy-spanbert.PairCorpus.v1")
def make_pair_corpus(path: Path | None, *, limit: int = 0) -> PairCorpus:
    """Build the corpus reader for pairs.

    path (Path | None): A `.spacy` file, or a folder of them.
    limit (int): The most Docs to read; 0: all.
    RETURNS (PairCorpus): Call it with a pipeline to get examples.
    RAISES (SpanbertError): If there is no path.
    """
    return PairCorpus(check_path(path, "convert --pairs"), limit=limit)
