"""Who a plan concerns: taken from the order book by a selection, or from a list; each customer once, drawn at random on request."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import Finding, InputError
from tmcs.jobs.plans import Listed

if TYPE_CHECKING:
    from tmcs.jobs.kinds import TableKind
    from tmcs.jobs.plans import Planner

#: What ``$…`` may stand for in the selection of a list.
PARAMS: Final = ["now"]


class Tally:
    """What came of making a list.

    Attributes:
        listed: how many customers stand on it; ``repeated`` entries of a customer who stood on it already.
        unknown: orders that the selection asks something of that the book does not know: they are not on the list.
    """

    __slots__ = ("listed", "repeated", "unknown")

    def __init__(self) -> None:
        self.listed = self.repeated = self.unknown = 0

    def to_dict(self) -> dict[str, int]:
        """Return the counts as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def read_selection(path: str) -> dict[str, Any]:
    """Return the selection of a YAML file (``select: …``, see :mod:`tmcs.jobs.select`) as plain data, checked.

    Raises:
        InputError: it is wrong; every fault is named with file, line and column.
    """
    from tmcs.files import read_bytes
    from tmcs.jobs.select import read
    from tmcs.lang.limits import MAX_BYTES
    from tmcs.lang.yaml import parse_yaml

    source = parse_yaml(read_bytes(path, MAX_BYTES), path)
    root = source.root
    if root.keys(("select", "note"), ("select",)):
        read(root["select"], PARAMS)
    if source.findings:
        raise InputError(f"条件有误: {path}", f"the selection is wrong: {path}", findings=source.findings)
    found: dict[str, Any] = source.data["select"]
    return found


def from_orders(
    planner: Planner, selection: dict[str, Any], tally: Tally, data: dict[str, Any] | None = None, *, address: bool = True
) -> Iterator[Listed]:
    """Yield the customers of the orders that a selection is true of, by order number; the others are counted where unknown.

    Without ``address`` theirs is not taken: a call needs none.
    """
    from tmcs.core.source import Source
    from tmcs.jobs.select import orders, read

    condition = read(Source("select", selection).root, PARAMS)
    for tid, record, answer in orders(planner.store, condition, {"now": planner.at}):
        if answer is None:
            tally.unknown += 1
            continue
        one = of_order(tid, record, data)
        if not address:
            one.private.pop("address", None)
        yield one


def of_order(tid: str, record: dict[str, Any], data: dict[str, Any] | None = None) -> Listed:
    """Return the customer of an order."""
    receiver = record.get("receiver") or {}
    address = "".join(str(receiver.get(key) or "") for key in ("state", "city", "district", "address"))
    private = {"name": receiver.get("name"), "phone": receiver.get("mobile"), "address": address}
    return Listed(tid, record.get("buyer_nick"), private, dict(data or {}))


def from_file(path: str, kind: TableKind) -> list[Listed]:
    """Return the people of a list.

    Raises:
        InputError: the file is no such list, or rows of it could not be read: all are named, and nothing is taken.
    """
    from tmcs.jobs.rows import read_rows
    from tmcs.orders.fragment import Report
    from tmcs.orders.source import open_source

    findings: list[Finding] = []
    found = []
    with open_source(path) as source:
        report = Report(source.name, findings.append)
        for row in read_rows(kind, source, report):
            values = {**dict.fromkeys(("order", "nick", "name", "phone", "address", "gift")), **row.values}
            private = {key: values[key] for key in ("name", "phone", "address")}
            found.append(Listed(values["order"], values["nick"], private, {"gift": values["gift"]} if values["gift"] else {}))
    if report.rejected:
        raise InputError(
            f"{path}: {report.rejected} 行有误，名单未收", f"{path}: {report.rejected} rows are wrong; nothing was taken", findings=findings
        )
    return found


def draw(people: Iterable[Listed], number: int, seed: str) -> list[Listed]:
    """Return so many customers drawn at random; the same seed draws the same ones from the same customers, in any order."""
    chosen: dict[int, Listed] = {}
    heap: list[int] = []
    for one in people:
        rank = int.from_bytes(blake2b(f"{seed}/{one.who}".encode(), digest_size=12).digest())
        if rank in chosen:
            continue
        if len(heap) < number:
            heapq.heappush(heap, -rank)
        elif rank < -heap[0]:
            del chosen[-heapq.heapreplace(heap, -rank)]
        else:
            continue
        chosen[rank] = one
    return [chosen[rank] for rank in sorted(chosen)]


def put(planner: Planner, plan_id: int, people: Iterable[Listed], state: str, tally: Tally) -> None:
    """Put people on a plan's list within the caller's transaction, each customer once."""
    for one in people:
        if planner.add_person(plan_id, tally.listed + 1, one, state):
            tally.listed += 1
        else:
            tally.repeated += 1
