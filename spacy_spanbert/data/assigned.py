"""What the components of a pipeline say that they write."""

from spacy.language import Language


def assigning_pipes(nlp: Language, attribute: str) -> list[str]:
    """Find the components that write an attribute.

    nlp (Language): The pipeline.
    attribute (str): Its name as in `assigns` of `@Language.factory`, such as "doc.cats"; what is
        below it, as "doc.cats.x", counts too.
    RETURNS (list[str]): Their names, in order; a component that does not say what it writes is
        not among them.
    """
    return [
        name
        for name in nlp.pipe_names
        if any(
            assigned == attribute or assigned.startswith(f"{attribute}.")
            for assigned in nlp.get_pipe_meta(name).assigns
        )
    ]
