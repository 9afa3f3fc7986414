"""What is wrong with a corpus, where, and how often."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from spacy_spanbert.errors import SpanbertError

OnError = Literal["skip", "stop"]


@dataclass(frozen=True)
class Place:
    """Where in a corpus something stands.

    source (str | None): The file.
    line (int | None): The line in it, from 1; for formats of lines.
    doc_index (int | None): The document in it, from 1; for formats without lines.
    doc_id (str | int | None): The document's own name, if it has one.
    """

    source: str | None = None
    line: int | None = None
    doc_index: int | None = None
    doc_id: str | int | None = None

    def with_doc_id(self, doc_id: str | int | None) -> "Place":
        """Make the same place with the document's own name."""
        return replace(self, doc_id=doc_id)

    def __str__(self) -> str:
        place = self.source or ""
        if self.line is not None:
            place += f":{self.line}"
        parts = [place] if place else []
        if self.doc_index is not None:
            parts.append(f"document {self.doc_index}")
        if self.doc_id is not None:
            parts.append(f"document {str(self.doc_id)!r}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a corpus. Its string is one line.

    kind (str): The class it is counted under, a short phrase such as "misaligned span".
    message (str): What was expected and what came.
    place (Place): Where.
    """

    kind: str
    message: str
    place: Place = Place()

    def __str__(self) -> str:
        place = str(self.place)
        return " ".join((f"{place}: {self.message}" if place else self.message).splitlines())


class CorpusError(SpanbertError):
    """A corpus cannot be read (on), or what was asked of it makes no sense."""

    def __init__(self, problem: Problem | str) -> None:
        super().__init__(str(problem))
        self.problem = problem if isinstance(problem, Problem) else Problem("error", problem)


class Problems:
    """Count problems by kind, keep the first few of each, and stop at the first if asked to.

    Memory does not grow with the corpus: only `n_examples` problems of a kind are kept.

    on_error (str): "skip": count and go on; "stop": raise CorpusError at the first problem.
    n_examples (int): How many problems of each kind to keep.
    on_problem (Callable[[Problem], None] | None): Called with every problem, e.g. to list
        all of them in a file.
    """

    def __init__(
        self,
        on_error: OnError = "skip",
        n_examples: int = 3,
        on_problem: Callable[[Problem], None] | None = None,
    ) -> None:
        if on_error not in get_args(OnError):
            raise SpanbertError(f"--on-error is skip or stop, not {on_error!r}.")
        self.on_error = on_error
        self.n_examples = n_examples
        self.on_problem = on_problem
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[Problem]] = {}

    def add(self, kind: str, message: str, place: Place | None = None) -> None:
        """Report that something is wrong.

        kind (str): The class it is counted under.
        message (str): What was expected, what came, how to mend it.
        place (Place | None): Where.
        RAISES (CorpusError): If `on_error` is "stop".
        """
        problem = self.note(kind, message, place)
        if self.on_error == "stop":
            raise CorpusError(problem)

    def note(self, kind: str, message: str, place: Place | None = None) -> Problem:
        """Report that something sound is left out on purpose; never raises.

        kind (str): The class it is counted under.
        message (str): What is left out, and why.
        place (Place | None): Where.
        RETURNS (Problem): The record of it.
        """
        problem = Problem(kind, message, place or Place())
        self.counts[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < self.n_examples:
            examples.append(problem)
        if self.on_problem is not None:
            self.on_problem(problem)
        return problem

    def __len__(self) -> int:
        """Count all problems reported."""
        return self.counts.total()

    def __bool__(self) -> bool:
        """Tell whether there was any problem."""
        return bool(self.counts)

    @property
    def count_text(self) -> str:
        """RETURNS (str): How many there are, such as "1 problem" or "1,200 problems"."""
        return f"{len(self):,} problem{'' if len(self) == 1 else 's'}"

    def summary(self) -> Iterator[str]:
        """Render the counts and the first problems of each kind.

        YIELDS (str): For each kind, the commonest first, a line and then its first problems.
        """
        for kind, count in self.counts.most_common():
            yield f"{kind}: {count:,}"
            for problem in self.examples[kind]:
                yield f"  {problem}"
            if count > len(self.examples[kind]):
                yield f"  ... and {count - len(self.examples[kind]):,} more"
