"""Where functions that configs of pretraining name are looked up."""

import catalogue
import confection


class registry(confection.registry):  # noqa: N801  as spaCy and thinc spell theirs
    """Functions by name, also those of other packages' entry points."""

    namespace = "spacy_spanbert"
    corruptions = catalogue.create("spacy_spanbert", "corruptions", entry_points=True)
