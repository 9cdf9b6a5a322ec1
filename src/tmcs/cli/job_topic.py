"""`tmcs job topic`: what a review speaks of, by the lexicon and by what agents have put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli.case_given import permitted, store_option
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_OK, InputError, NotFoundError

if TYPE_CHECKING:
    from tmcs.jobs.corrections import Lesson
    from tmcs.jobs.lexicon import Lexicon
    from tmcs.store.base import Store

_JOB: Final = "review-explanation"


@click.command("topic", cls=Command, short_help="评价主题: 判定、改正、教训 · topics of reviews: sort, correct, learn")
@click.argument("review", required=False, metavar="[REVIEW]")
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option("--text", metavar="TEXT", help="评价原文，默认取清单里的 · the review's words; default those of the worklist")
@click.option("--take-back", is_flag=True, help="撤回改正 · forget the correction")
@click.option("--lessons", is_flag=True, help="改正与词库的出入 · what corrections contradict in the lexicon")
@store_option
@format_option("text", "json")
@lang_option
def topic(
    review: str | None, topics: tuple[str, ...], text: str | None, take_back: bool, lessons: bool, store: str | None,
    form: str, lang: str,
) -> int:  # fmt: skip
    """REVIEW 为清单上的评价编号；给出 TOPIC 即改正，none 为没有主题 · with TOPIC the review is corrected; none: no topic.

    只给 --text 时按词库判定，什么都不记 · --text alone sorts the words and keeps nothing.
    """
    from tmcs.jobs.corrections import Corrections
    from tmcs.store import open_store

    lexicon = _lexicon()
    if review is None:
        if topics or take_back or not (lessons or text):
            raise InputError("请给出评价编号，或 --text、--lessons", "name a review, or give --text or --lessons")
        if text is not None:
            from tmcs.jobs.topics import sort

            _show(sort(text, lexicon).to_dict(), lexicon, form, lang)
            return EXIT_OK
    actor, _, _ = permitted("set" if topics or take_back else "list")
    with open_store(store, write=bool(topics or take_back)) as opened:
        kept = Corrections(opened)
        if lessons:
            _show_lessons(kept.lessons(), form, lang)
        elif take_back:
            kept.take_back(review or "")
            _done("已撤回改正" if lang == "zh" else "the correction is taken back", form)
        else:
            said = text if text is not None else _text_of(opened, review or "")
            found = kept.sort(review or "", said, lexicon)
            if topics:
                from tmcs.cases import clock

                kept.correct(review or "", topics, found, lexicon, actor.agent, clock.now())
                found = kept.sort(review or "", said, lexicon)
            _show(found.to_dict(), lexicon, form, lang)
    return EXIT_OK


def _lexicon() -> Lexicon:
    """Return the lexicon of the job that sorts reviews, with the desk's own laid over it."""
    import os

    from tmcs.config import lexicon_files
    from tmcs.jobs.definition import load_job
    from tmcs.jobs.lexicon import read_lexicon

    return read_lexicon([os.path.join(load_job(_JOB).files.folder, "lexicon.yaml"), *lexicon_files()])


def _text_of(store: Store, review: str) -> str | None:
    """Return what the latest worklist says that a review says.

    Raises:
        NotFoundError: no worklist has it.
    """
    import json

    row = store.execute(
        "SELECT i.body FROM job_item i JOIN job_run r ON r.id = i.run_id WHERE r.job = ? AND i.name = ? ORDER BY r.id DESC LIMIT 1",
        (_JOB, review),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"清单里没有这条评价: {review}", f"no worklist has this review: {review}")
    text: str | None = json.loads(row[0])["facts"].get("review_text")
    return text


def _show(found: dict[str, Any], lexicon: Lexicon, form: str, lang: str) -> None:
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/review-topic/1", **found}, form))
        return
    from tmcs.core.safe import one_line

    for hit in found["topics"]:
        title = lexicon.topics[hit["topic"]].title.pick(lang)
        print(one_line(f"{title} ({hit['topic']})  {hit['score']}  {' '.join(hit['words'])}"))
    if not found["topics"]:
        print("没有主题" if lang == "zh" else "no topic")
    if found["corrected_by"]:
        print(f"由 {found['corrected_by']} 改正" if lang == "zh" else f"corrected by {found['corrected_by']}")
    elif found["unsure"]:
        print("拿不准，请看原文" if lang == "zh" else "unsure: look at the review itself")


def _show_lessons(lessons: list[Lesson], form: str, lang: str) -> None:
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/review-lessons/1", "lessons": [one.to_dict() for one in lessons]}, form))
        return
    from tmcs.core.safe import one_line
    from tmcs.render.layout import table

    if not lessons:
        print("没有出入" if lang == "zh" else "nothing contradicts the lexicon")
        return
    rows = [
        (one_line(one.entry) or "—", one.topic, one.times, ", ".join(f"{name} {times}" for name, times in one.instead.items()))
        for one in lessons
    ]
    print(table(rows, ["词", "判为", "次数", "应为"] if lang == "zh" else ["entry", "taken for", "times", "meant"]))


def _done(said: str, form: str) -> None:
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/review-topic/1", "taken_back": True}, form))
    else:
        print(said)


SUBCOMMANDS: Final = {"topic": topic}
