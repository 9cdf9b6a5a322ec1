"""What the handbook is written from: the flows, jobs, policy, rules and rulings that are running, and their places on its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from tmcs import rulebook
from tmcs.core.facts import Fact
from tmcs.core.flow import Flow
from tmcs.core.policy import Policy, Snapshot
from tmcs.core.text import Text
from tmcs.jobs.definition import Job
from tmcs.manual.model import Code, Inline, Link
from tmcs.rulebook import Ruling
from tmcs.trace import Carried

#: The distribution whose flows and jobs are ours; what another brings is marked.
OURS: Final = "tmcs"


class Book:
    """Everything that is running on one day.

    Attributes:
        flows, jobs: in the order of their sections.
        policy, snapshot, data: the policy, that of the day, and its normal form.
        rulings: with what the desk's policy changed of them.
        traced: every rule with what carries it, or why nothing does.
        brought: the distribution and version of each flow and job that a plug-in brings, by page.
    """

    def __init__(
        self, flows: Iterable[Flow], jobs: Iterable[Job], policy: Policy, now: datetime,
        brought: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        from tmcs.core.check_report import figures
        from tmcs.register import amend
        from tmcs.trace import trace

        self.flows = sorted(flows, key=lambda flow: (flow.section, flow.id))
        self.jobs = sorted(jobs, key=lambda job: (job.section, job.id))
        self.policy = policy
        self.snapshot: Snapshot = policy.at(now)
        self.data: dict[str, Any] = figures(self.snapshot)
        self.now = now
        self.brought = dict(brought or {})
        self.rulings: list[Ruling] = amend(rulebook.rulings(), self.snapshot)
        sections = rulebook.section_ids()
        self.traced: list[Carried] = trace(self.flows, policy, sections, self.jobs)
        self._sections = frozenset(sections)
        self._flows = {flow.id: flow for flow in self.flows}
        self._jobs = {job.flow.id: job for job in self.jobs}
        self.changed = sorted(one["key"] for one in policy.overrides)

    # ---- places -------------------------------------------------------------------------------------------------------

    def flow(self, name: str) -> list[Inline]:
        """Return the link to a flow, or its bare name where it is not installed."""
        found = self._flows.get(name)
        return [Link(f"flow-{name}", "", pair(found.title)) if found else Code(name)]

    def queue(self, name: str) -> list[Inline]:
        """Return the link to a queue."""
        found = self.data["queues"].get(name)
        return [Link("desk", f"queue-{name}", pair(found["label"])), Code(name)] if found else [Code(name)]

    def deadline(self, name: str) -> list[Inline]:
        """Return the link to a deadline, with its rule in words."""
        one = self.snapshot.deadline(name)
        return [Link("policy", f"deadlines-{name}", pair(one.title)), Text("：", ": "), pair(one.rule)]

    def payout(self, name: str) -> list[Inline]:
        """Return the link to a payout reason."""
        found = self.data["payouts"].get(name)
        return [Link("policy", f"payouts-{name}", pair(found["title"]))] if found else [Code(name)]

    def fact(self, name: str, flow: Flow | None = None) -> list[Inline]:
        """Return the link to a fact: on the flow's own page, else in the glossary."""
        own = flow.facts.get(name) if flow is not None else None
        if own is not None and flow is not None and flow.common.facts.get(name) is None:
            return [Link(page_of(flow), f"fact-{name}", pair(own.label))]
        shared = self.shared.get(name)
        if shared is not None:
            return [Link("glossary", f"fact-{name}", pair(shared.label))]
        table = self.data["tables"].get(name)
        if table is not None:
            return [Link("policy", f"tables-{name}", pair(table["title"]))]
        return [Code(name)]

    @property
    def shared(self) -> Mapping[str, Fact]:
        """The facts of the shared graph."""
        from tmcs.builtin import load_common

        return load_common().facts

    def rule_place(self, id: str) -> tuple[str, str] | None:
        """Return the page and the anchor of a rule or ruling, None where there is none of that id."""
        if id not in rulebook.known_ids():
            return None
        section, dash, _ = id.partition("-")
        return (f"rules-{section}", id) if dash else ("rulings", id)

    # ---- words --------------------------------------------------------------------------------------------------------

    def filled(self, text: Text, flow: Flow | None = None) -> Text:
        """Return a text with the desk's settings and figures in it; what only a case can tell is named: 〔退款金额〕."""
        from tmcs.core.fill import names

        places = dict.fromkeys([*names(text.zh), *names(text.en)])
        return Text(*(self._put(said, places, lang, flow) for said, lang in ((text.zh, "zh"), (text.en, "en"))))

    def _put(self, said: str, places: Iterable[str], lang: str, flow: Flow | None) -> str:
        for name in places:
            said = said.replace("{" + name + "}", self._value(name, lang, flow))
        return said

    def _value(self, name: str, lang: str, flow: Flow | None) -> str:
        setting = self.snapshot.settings.get(name)
        if setting is not None:
            return str(setting[lang == "en"])
        figure = self.snapshot.figure_in_words(name, lang)
        if figure is not None:
            return figure
        fact = (flow.fact(name) if flow is not None else None) or self.shared.get(name)
        label = fact.label if fact is not None else PLACES.get(name, (name, name))
        return f"〔{label[0]}〕" if lang == "zh" else f"[{label[1]}]"


#: What a case fills in, in words.
PLACES: Final = {
    "refund_amount": ("退款金额", "amount of the refund"), "refund_due": ("退款到账日", "day the refund arrives"),
    "complaint_due": ("投诉答复日", "day of the answer to the complaint"), "pickup_due": ("取货日", "day of the pickup"),
    "review_due": ("审核日", "day of the review"), "invoice_due": ("发票寄达日", "day the invoice arrives"),
    "answer_due": ("答复日", "day of the answer"), "delivery_due": ("送达日", "day of the delivery"),
    "taobao_answer_due": ("淘宝答复日", "day of the platform's answer"), "payout_commit": ("本层级可承诺的金额", "what this tier may promise"),
    "payout_max": ("最高赔付额", "highest payout"), "payout_rate": ("赔付比例", "rate of the payout"), "payout_approval": ("批准的层级", "approving tier"),
    "open_rulings": ("未决的裁定", "open rulings"), "order_id": ("订单编号", "order number"), "item_title": ("商品名称", "name of the item"),
}  # fmt: skip


def pair(words: Any) -> Text:
    """Return ``[zh, en]`` or ``{zh, en}`` as a text."""
    return Text(words["zh"], words["en"]) if isinstance(words, dict) else Text(str(words[0]), str(words[1]))


def page_of(flow: Flow) -> str:
    """Return the page of a flow, or of the job whose graph it is."""
    return flow.id if flow.id.startswith("job-") else f"flow-{flow.id}"


def term(section: str, word: Any) -> Text:
    """Return a fixed word of the contract in both languages."""
    from tmcs.render.words import say

    return Text(say(section, word, "zh"), say(section, word, "en"))


def load(now: datetime, policy_files: Iterable[str] = ()) -> Book:
    """Return the book of what is installed, on the day of ``now``.

    Raises:
        InputError: a flow, a job or the policy is wrong: half a handbook would be a wrong one.
    """
    from tmcs.jobs.definition import load_job
    from tmcs.loader import load_flow, load_policy
    from tmcs.plugins import registry

    known = registry()
    policy = load_policy(list(policy_files) or None)
    flows = [load_flow(name, policy=policy) for name in known.flow_names()]
    jobs = [load_job(name) for name in known.job_names()]
    plugins = [(f"flow-{name}", known.flow(name)) for name in known.flow_names()]
    plugins += [(f"job-{name}", known.job(name)) for name in known.job_names()]
    brought = {page: (one.dist, one.version) for page, one in plugins if one.dist != OURS}
    return Book(flows, jobs, policy, now, brought)
