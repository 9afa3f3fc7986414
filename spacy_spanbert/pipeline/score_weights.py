"""Whether `spacy train` looks at the scores of a component."""

import sys

from spacy import Language


def report_score_weight(nlp: Language, score: str, name: str) -> None:
    """Print that `spacy train` would not see a score, if that is so.

    nlp (Language): The pipeline.
    score (str): Name of the score.
    name (str): The component's name.
    """
    if not nlp.config["training"]["score_weights"].get(score):
        sys.stderr.write(
            f"[{name}] [training.score_weights] does not weigh {score}: `spacy train` would choose "
            f"the best step without it. Add to it {score} = 1.0\n"
        )
