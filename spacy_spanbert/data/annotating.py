"""Run a pipeline over records: in batches, with bad records told apart from good ones."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.relations import relation_labels
from spacy_spanbert.data.input_docs import make_input_doc
from spacy_spanbert.data.inputs import RawRecord
from spacy_spanbert.data.memory import forget_activations
from spacy_spanbert.data.problems import CorpusError, Problem, Problems

# A batch ends here too, so that long documents do not fill the memory with activations.
BATCH_CHARACTERS = 200_000


@dataclass
class AnnotationCounts:
    """What became of records.

    n_read (int): Records read; each was written or skipped.
    n_written (int): Records written.
    n_words (int): Words in those written.
    n_without_key (int): Those on which the pipeline set no spans, not even none, though it could.
    labels (Counter[str]): Spans by label.
    relations (Counter[str]): Relations by label.
    """

    n_read: int = 0
    n_written: int = 0
    n_words: int = 0
    n_without_key: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)

    @property
    def n_skipped(self) -> int:
        """RETURNS (int): Records left out."""
        return self.n_read - self.n_written

    def __iadd__(self, other: "AnnotationCounts") -> "AnnotationCounts":
        self.n_read += other.n_read
        self.n_written += other.n_written
        self.n_words += other.n_words
        self.n_without_key += other.n_without_key
        self.labels.update(other.labels)
        self.relations.update(other.relations)
        return self


@dataclass(frozen=True)
class Annotator:
    """A pipeline, and how to run it.

    nlp (Language): The pipeline.
    spans_key (str): The key of `doc.spans` that it writes, or reads.
    batch_size (int): How many records go through it at a time, at least 1.
    n_process (int): In how many processes.
    expects_spans (bool): Whether the pipeline has a component for spans: then a Doc without the key
        is counted, and gets no spans under it; else nothing is known of its spans, and none set.
    on_doc (Callable[[Doc], None] | None): Called with every annotated Doc, e.g. to show progress.
    given_spans (bool): Whether it reads these spans from the input, and writes none.
    """

    nlp: Language
    spans_key: str
    batch_size: int = 256
    n_process: int = 1
    expects_spans: bool = True
    on_doc: Callable[[Doc], None] | None = None
    given_spans: bool = False

    def annotate(
        self, records: Iterable[RawRecord], counts: AnnotationCounts, problems: Problems
    ) -> Iterator[Doc]:
        """Annotate records. At most a batch of Docs is held, with several processes all.

        If a batch fails, its records are annotated one by one, to find those that cannot be.

        records (Iterable[RawRecord]): The records.
        counts (AnnotationCounts): Added to.
        problems (Problems): Told of records that are left out; if it raises, so does this.
        YIELDS (Doc): The annotated Docs, in order, always with `doc.spans[spans_key]` if spans are
            expected.
        """
        for batch in self._batches(records):
            counts.n_read += len(batch)
            for doc in self._annotate_batch(batch, problems):
                self._finish(doc, counts)
                yield doc

    def _batches(self, records: Iterable[RawRecord]) -> Iterator[list[RawRecord]]:
        batch: list[RawRecord] = []
        n_characters = 0
        for record in records:
            batch.append(record)
            n_characters += record.n_characters
            is_full = len(batch) == self.batch_size or n_characters >= BATCH_CHARACTERS
            if is_full and self.n_process == 1:
                yield batch
                batch, n_characters = [], 0
        if batch:
            yield batch

    def _annotate_batch(self, batch: list[RawRecord], problems: Problems) -> Iterator[Doc]:
        def pass_on(found: Problem) -> None:
            problems.note(found.kind, found.message, found.place)

        notes = Problems(on_problem=pass_on)
        sound: deque[RawRecord] = deque()
        docs: deque[Doc] = deque()
        for record in batch:
            try:
                docs.append(self._make_doc(record, notes))
                sound.append(record)
            except CorpusError as error:
                problems.add(error.problem.kind, error.problem.message, error.problem.place)
        done: deque[Doc] = deque()
        failure: str | None = None
        try:
            done.extend(self._pipe(docs))
        except Exception as error:  # Whatever a component raises on what it was not made for.
            done.clear()
            failure = _describe(error)
        if failure is None:
            while done:
                yield done.popleft()
        elif len(sound) == 1:
            problems.add("pipeline fails", failure, sound[0].place)
        else:
            yield from self._annotate_singly(sound, problems)

    def _annotate_singly(self, records: deque[RawRecord], problems: Problems) -> Iterator[Doc]:
        while records:
            record = records.popleft()
            doc = self._make_doc(record, Problems())
            try:
                doc = next(iter(self.nlp.pipe([doc])))
            except Exception as error:
                problems.add("pipeline fails", _describe(error), record.place)
            else:
                yield doc

    def _make_doc(self, record: RawRecord, problems: Problems) -> Doc:
        return make_input_doc(record, self.nlp, self.spans_key, problems, self.given_spans)

    def _pipe(self, docs: deque[Doc]) -> Iterator[Doc]:
        """Run the pipeline over Docs, taking them out of the queue."""
        n_docs = len(docs)
        size = max(1, n_docs)
        if self.n_process != 1:
            longest = max((len(doc.text) for doc in docs), default=0)
            size = max(1, min(self.batch_size, BATCH_CHARACTERS // (longest + 1)))
        stream = (docs.popleft() for _ in range(n_docs))
        n_done = 0
        for doc in self.nlp.pipe(stream, batch_size=size, n_process=self.n_process):
            n_done += 1
            yield doc
        if n_done != n_docs:
            raise RuntimeError(f"{n_docs} documents went into the pipeline, {n_done} came out")

    def _finish(self, doc: Doc, counts: AnnotationCounts) -> None:
        forget_activations(doc)
        counts.n_written += 1
        counts.n_words += len(doc)
        if self.spans_key in doc.spans:
            counts.labels.update(span.label_ for span in doc.spans[self.spans_key])
        elif self.expects_spans:
            counts.n_without_key += 1
            doc.spans[self.spans_key] = []
        counts.relations.update(relation_labels(doc))
        if self.on_doc is not None:
            self.on_doc(doc)


def _describe(error: Exception) -> str:
    reason = str(error).strip() or "no reason given"
    return f"The pipeline fails on this record: {type(error).__name__}: {reason:.500}"
