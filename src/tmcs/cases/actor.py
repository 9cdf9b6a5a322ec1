"""Who acts, at which tier and in which role, and whether that role allows what is asked.

All three come from the configuration, which the desk's login sets: no prompt asks for them, and no option of a command
that saves or pays changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmcs import config
from tmcs.core.errors import NotPermittedError, unknown_word

if TYPE_CHECKING:
    from tmcs.core.policy import Snapshot


class Actor:
    """Who acts.

    Attributes:
        agent: the name.
        tier: the tier, one of the policy's.
        role: the role, one of the policy's.
    """

    __slots__ = ("agent", "role", "tier")

    def __init__(self, agent: str, tier: str, role: str) -> None:
        self.agent = agent
        self.tier = tier
        self.role = role

    def __repr__(self) -> str:
        return f"Actor({self.agent!r}, {self.tier!r}, {self.role!r})"


def acting(snapshot: Snapshot) -> Actor:
    """Return who acts, as the configuration says: the tier is the lowest where it names none.

    Raises:
        InputError: the policy has no such tier or role (the nearest are named), or there is no usable name.
    """
    tier = str(config.get("tier") or snapshot.tiers[0])
    snapshot.tier_index(tier)
    role = str(config.get("role"))
    if role not in snapshot.cases.roles:
        raise unknown_word("角色", "role", role, snapshot.cases.roles)
    return Actor(config.agent(), tier, role)


def require(actor: Actor, snapshot: Snapshot, action: str) -> None:
    """Make sure that an actor's role allows an action, one of :data:`tmcs.core.case_rules.ACTIONS`.

    Raises:
        NotPermittedError: it does not; the roles that do are named.
    """
    cases = snapshot.cases
    if cases.may(actor.role, action):
        return
    from tmcs.core.case_rules import ACTIONS

    def said(role: str, lang: int) -> str:
        label = cases.roles[role][lang] if role in cases.roles else role  # an actor may be made for another policy
        return role if label == role else f"{label} ({role})"

    zh, en = ACTIONS[action]
    able = cases.who_may(action)
    zh_who = f"可以的角色: {'、'.join(said(role, 0) for role in able)}" if able else "没有角色可以"
    en_who = f"who may: {', '.join(said(role, 1) for role in able)}" if able else "no role may"
    raise NotPermittedError(
        f"角色 {said(actor.role, 0)} 不可以{zh}；{zh_who}", f"role {said(actor.role, 1)} may not {en}; {en_who}"
    )
