"""Peak memory of one job, each in a process of its own.

`measure` starts this module as a program, with the job as JSON; it prints what it found as JSON.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc

from benchmarks.arguments import ROOT
from benchmarks.corpora import SPANS_KEY, bare_doc, load_docs, long_doc
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs


@dataclass(frozen=True)
class Job:
    """What is measured.

    corpus (str): A JSONL file.
    model (str | None): Folder of a pipeline; None for Docs alone.
    exclude (tuple[str, ...]): Components to leave out.
    n_repeats (int): How often the corpus is annotated, streaming.
    limit (int | None): Read no more records than this.
    doc_words (int | None): Instead of the stream: one Doc of so many words.
    """

    corpus: str
    model: str | None = None
    exclude: tuple[str, ...] = ()
    n_repeats: int = 1
    limit: int | None = None
    doc_words: int | None = None


@cache
def measure(job: Job) -> dict[str, Any]:
    """Run a job in a fresh process, the same job only once.

    job (Job): What to do.
    RETURNS (dict[str, Any]): `peak_mb` of the whole process, `loaded_mb` before the first Doc,
        `n_words`, `n_spans`, `seconds` without loading.
    RAISES (RuntimeError): If the process fails; with what it said.
    """
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", json.dumps(asdict(job))],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise RuntimeError(f"measuring {job} failed:\n{run.stderr}")
    return json.loads(run.stdout.splitlines()[-1])


def peak_bytes() -> int:
    """Tell the most memory this process has held.

    RETURNS (int): Resident set size, in bytes.
    """
    # Not ru_maxrss where it can be helped: Linux hands the parent's peak down to a new process.
    if value := _status_bytes("VmHWM"):
        return value
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak() -> int:
    """Let the peak begin anew, so that peak_bytes tells what one piece of work takes.

    RETURNS (int): What is held now, in bytes. Where the system cannot (it is Linux that can), the
        peak so far.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return peak_bytes()
    return _status_bytes("VmRSS") or peak_bytes()


def _status_bytes(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    except OSError:
        return None
    values = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")]
    return values[0] if values else None


def run_job(job: Job) -> dict[str, Any]:
    """Do a job in this process. Arguments and result are measure's."""
    nlp = spacy.blank("en") if job.model is None else spacy.load(job.model, exclude=job.exclude)
    docs: Iterator[Doc]
    if job.doc_words is None:
        docs = _stream(job, nlp)
    else:
        docs = iter([long_doc(load_docs(Path(job.corpus), nlp), nlp, job.doc_words)])
    loaded = _status_bytes("VmRSS") or peak_bytes()
    n_words = n_spans = 0
    start = perf_counter()
    for doc in nlp.pipe(docs):
        n_words += len(doc)
        n_spans += len(doc.spans[SPANS_KEY]) if SPANS_KEY in doc.spans else 0
    return {
        "peak_mb": round(peak_bytes() / 2**20, 1),
        "loaded_mb": round(loaded / 2**20, 1),
        "n_words": n_words,
        "n_spans": n_spans,
        "seconds": round(perf_counter() - start, 3),
    }


def _stream(job: Job, nlp: Language) -> Iterator[Doc]:
    for _ in range(job.n_repeats):
        for doc in islice(read_docs(Path(job.corpus), nlp, problems=Problems()), job.limit):
            yield bare_doc(doc, nlp)


def main(argv: Sequence[str] | None = None) -> None:
    """Do the job given as JSON, and print the result as JSON."""
    (text,) = sys.argv[1:] if argv is None else argv
    print(json.dumps(run_job(Job(**json.loads(text)))))


if __name__ == "__main__":
    main()
