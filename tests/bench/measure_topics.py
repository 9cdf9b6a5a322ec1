"""How well reviews are sorted by topic: ``python tests/bench/measure_topics.py [--lexicon FILE]… [LABELLED.csv]``.

Prints the figures of both halves of the labelled sample; the one to quote is that of the held-out half, which the
lexicon was not made from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import tmcs_jobs.review_explanation as job
from tmcs.jobs.lexicon import read_lexicon
from tmcs.jobs.measure import measure, read_labelled

SAMPLE = Path(__file__).parents[1] / "data" / "reviews" / "labelled.csv"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", nargs="?", default=str(SAMPLE))
    parser.add_argument("--lexicon", action="append", default=[], help="a lexicon to lay over the shipped one")
    parser.add_argument("--half", default="", help="only this half")
    parser.add_argument("--wrong", action="store_true", help="list the reviews that were sorted wrong")
    given = parser.parse_args()
    lexicon = read_lexicon([job.LEXICON, *given.lexicon])
    for half, reviews in read_labelled(given.labelled).items():
        if given.half in ("", half):
            print("\n".join(measure(half, reviews, lexicon).lines(wrong=given.wrong)))
            for round in sorted({review.round for review in reviews if review.round}):
                part = [review for review in reviews if review.round == round]
                print(measure(f"  {half}, round {round}", part, lexicon).lines()[0])


if __name__ == "__main__":
    main()
