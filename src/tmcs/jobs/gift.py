"""Gift mailings (handbook section P11): applied for, confirmed, list fixed, called and mailed at the same time, done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tmcs.core.errors import Finding, InputError, NotFoundError
from tmcs.core.text import Text
from tmcs.jobs.plan_lists import Tally, draw, from_orders, put
from tmcs.jobs.plans import Listed, Person, Planner, counts, find_person, named, order_of, people, present

JOB: Final = "gift-mailing"
#: Where a mailing stands with somebody, in words.
STATES: Final[dict[str, list[str]]] = {
    "listed": ["待核对地址", "address to be checked"], "not-reached": ["未接通", "not reached"],
    "checked": ["地址已核对，待寄", "address checked, to be mailed"], "shipped": ["已寄出", "mailed"], "declined": ["不收", "declined"],
    "erased": ["已删除", "erased"],
}  # fmt: skip
#: Those who are still to be called, and all that is still open.
TO_CALL: Final = ("listed", "not-reached")
OPEN: Final = (*TO_CALL, "checked")
_CORRECTIONS: Final = ("name", "phone", "address")
_MAX: Final = 500


class Gifts(Planner):
    """The gift mailings before an agent; each step is refused out of its order."""

    job = JOB

    def request(self, title: str, gift: str, plan: str | None, why: str | None) -> int:
        """Apply for a mailing with a preliminary plan (P11-R02, P11-R03) and return its number."""
        body = {"title": named(title), "gift": named(gift)}
        if plan:
            body["plan"] = _words(plan)
        with self.store.transaction():
            return self.begin(body, why)

    def confirm(self, plan_id: int, by: str, how: str, why: str | None) -> None:
        """Note that the platform confirmed the plan and how it is carried out (P11-R03, P11-R04)."""
        with self.step(plan_id, "confirm", why) as held:
            held.set = {"confirmed_by": named(by), "how": _words(how)}

    def fix(
        self, plan_id: int, why: str | None, *, selection: dict[str, Any] | None = None, listed: list[Listed] | None = None,
        number: int | None = None, seed: str | None = None,
    ) -> Tally:  # fmt: skip
        """Make the list of recipients, each customer once; a list made before is replaced until it is confirmed (P11-R05, C113).

        Args:
            selection, listed: orders of the book by a selection, or a list of people; one of them.
            number, seed: so many of them, drawn at random by the seed, which is recorded with the list.
        """
        if (selection is None) == (listed is None):
            raise InputError("收礼人要么按条件取，要么给名单", "the recipients come from a selection or a list: give one of them")
        tally = Tally()
        with self.step(plan_id, "list", why) as held:
            data = {"gift": held.plan.body["gift"]}
            if listed is None:
                assert selection is not None
                found = from_orders(self, selection, tally, data)
            else:
                for one in listed:
                    one.data = {**data, **one.data}
                found = iter(listed)
            self.store.execute("DELETE FROM plan_person WHERE plan_id = ?", (plan_id,))
            put(self, plan_id, found if number is None else draw(found, number, seed or ""), "listed", tally)
            if not tally.listed:
                raise InputError("名单上没有人", "nobody is on the list")
            held.set = {"list": {**tally.to_dict(), **({"drawn": number, "seed": seed} if number is not None else {})}}
            if selection is not None:
                held.set["select"] = selection
        return tally

    def ready(self, plan_id: int, by: str, gifts: int, why: str | None) -> None:
        """Note that the platform confirmed the list, and that so many gifts are in place (P11-R05, C113)."""
        with self.step(plan_id, "ready", why) as held:
            listed = held.plan.body.get("list", {}).get("listed", 0)
            if not listed:
                raise InputError(
                    "还没有名单", "there is no list yet",
                    hint=Text(f"先 tmcs job gift list {plan_id} --in 文件 或 --select 文件", f"first: tmcs job gift list {plan_id} --in FILE or --select FILE"),
                )  # fmt: skip
            if gifts < listed:
                raise InputError(f"礼品只有 {gifts} 份，名单有 {listed} 人", f"{gifts} gifts are in place for {listed} recipients")
            held.set = {"list_confirmed_by": named(by), "gifts": gifts}

    def call(self, plan_id: int, word: str, what: str, corrections: Mapping[str, str] | None = None, why: str | None = None) -> Person:
        """Record a call to check the address (P11-R06): ``checked``, ``not-reached`` or ``declined``.

        Args:
            corrections: the name, phone or address that the customer corrected; personal, and kept apart.
        """
        with self.step(plan_id, "call", why) as held:
            person = present(find_person(self.store, plan_id, word))
            if person.state == "shipped":
                raise InputError(f"名单编号 {person.n} 已寄出", f"number {person.n} is mailed already")
            changed = {key: _words(text) for key, text in (corrections or {}).items() if key in _CORRECTIONS and text}
            person.private = {**person.private, **changed}
            if what == "checked" and not person.private.get("address") and not self._in_book(person):
                raise InputError("名单上没有地址，请用 --address 记下", "the list has no address: note it with --address")
            person.state = what
            if what == "checked":
                person.data = {**person.data, "checked": self.today}
            elif what == "not-reached":
                person.data = {**person.data, "tries": person.data.get("tries", 0) + 1}
            self.save_person(plan_id, person)
            held.person, held.data = person.n, {"state": what, **({"corrected": sorted(changed)} if changed else {})}
            held.private = {"corrections": changed}
        return person

    def _in_book(self, person: Person) -> bool:
        return bool(((order_of(self, person.tid) or {}).get("receiver") or {}).get("address"))

    def ship(self, plan_id: int, word: str, parcel: str, why: str | None = None) -> tuple[Person, bool]:
        """Record the dispatch to one recipient, whose address was checked first (C112).

        Returns:
            The recipient, and whether it went out on the day of the check.
        """
        number = parcel.strip()
        if not (4 <= len(number) <= 40 and number.isascii() and number.isalnum()):
            raise InputError("运单号应为 4 到 40 个字母或数字", "a parcel number has 4 to 40 letters and digits")
        with self.step(plan_id, "ship", why) as held:
            person = present(find_person(self.store, plan_id, word))
            if person.state != "checked":
                raise InputError(
                    f"名单编号 {person.n} {STATES[person.state][0]}，先核对地址再寄 (C112)",
                    f"number {person.n}: {STATES[person.state][1]}; the address is checked first, then it is mailed (C112)",
                )  # fmt: skip
            same_day = person.data.get("checked") == self.today
            person.state, person.data = "shipped", {**person.data, "parcel": number, "shipped": self.today}
            self.save_person(plan_id, person)
            held.person, held.data = person.n, {"state": "shipped", "parcel": number, "same_day": "yes" if same_day else "no"}
        return person, same_day

    def ship_rows(self, plan_id: int, rows: Iterable[Any], tell: Callable[[Finding], None]) -> dict[str, int]:
        """Record the parcels of a table (kind ``recipients``); the same table again changes nothing.

        Returns:
            How many went out (``shipped``), had the same number already (``unchanged``), have none (``blank``), and were
            not taken (``refused``), each of which ``tell`` is told of.
        """
        done = dict.fromkeys(("shipped", "unchanged", "blank", "refused"), 0)
        for row in rows:
            if not row["parcel"]:
                done["blank"] += 1
                continue
            try:
                if find_person(self.store, plan_id, row["order"]).data.get("parcel") == row["parcel"]:
                    done["unchanged"] += 1
                    continue
                _, same_day = self.ship(plan_id, row["order"], row["parcel"])
            except (InputError, NotFoundError) as error:
                done["refused"] += 1
                tell(Finding(row.file, row.line, 0, error.text))
                continue
            done["shipped"] += 1
            if not same_day:
                tell(Finding(row.file, row.line, 0, Text("不是核对当天寄出 (C112)", "not mailed on the day of the check (C112)")))
        return done

    def done(self, plan_id: int, why: str | None) -> dict[str, int]:
        """End the mailing; while somebody is still open, only with a reason. Return how many are in each state."""
        with self.step(plan_id, "done", why) as held:
            found = counts(self.store, plan_id)
            left = sum(found.get(state, 0) for state in OPEN)
            if left and not why:
                places = [str(one.n) for one, _ in zip(people(self.store, plan_id, OPEN), range(8), strict=False)]
                shown = ", ".join(places) + (" …" if left > len(places) else "")
                raise InputError(
                    f"还有 {left} 人未寄: 名单编号 {shown}", f"{left} are still open: numbers {shown}",
                    hint=Text("就此结束须说明原因 (--why)", "ending it as it is needs a reason (--why)"),
                )  # fmt: skip
            held.set = {"states": found}
        return found

    def drop(self, plan_id: int, why: str) -> None:
        """Give the mailing up before gifts go out."""
        with self.step(plan_id, "drop", why):
            pass


def _words(text: str) -> str:
    plain = text.strip()
    if not plain or len(plain) > _MAX:
        raise InputError(f"应为 1 到 {_MAX} 字", f"1 to {_MAX} characters are expected")
    return plain
