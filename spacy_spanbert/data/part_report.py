"""What a finished part of an output holds, and what was left out of it."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field

from spacy_spanbert.data.annotating import AnnotationCounts
from spacy_spanbert.data.problems import Place, Problem


@dataclass
class PartReport:
    """What a part holds, and what was left out of it.

    counts (AnnotationCounts): Of its records.
    problems (list[Problem]): In the order of the records.
    """

    counts: AnnotationCounts = field(default_factory=AnnotationCounts)
    problems: list[Problem] = field(default_factory=list)

    def to_json(self) -> str:
        """Write it as JSON.

        RETURNS (str): One line.
        """
        problems = [asdict(problem) for problem in self.problems]
        return json.dumps({"counts": vars(self.counts), "problems": problems})

    @classmethod
    def from_json(cls, text: str) -> "PartReport":
        """Read what `to_json` wrote.

        text (str): JSON.
        RETURNS (PartReport): The same report.
        RAISES (ValueError): If it is something else.
        """
        try:
            raw = json.loads(text)
            counts = AnnotationCounts(**raw["counts"])
            counts.labels, counts.relations = Counter(counts.labels), Counter(counts.relations)
            problems = [
                Problem(item["kind"], item["message"], Place(**item["place"]))
                for item in raw["problems"]
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(f"no report of a part: {error}") from error
        return cls(counts, problems)
