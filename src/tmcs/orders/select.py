"""One order by its number: from export files for one call, or from the order book."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tmcs.core.errors import Finding, NotFoundError
from tmcs.core.text import Text, nearest

if TYPE_CHECKING:
    from tmcs.orders.fragment import Fragment
    from tmcs.orders.readers import OrderReader

_KEPT_FINDINGS = 20
_KEPT_NEAR = 200


def order_record(
    order_id: str,
    *,
    orders_file: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    store: str | os.PathLike[str] | None = None,
    extra: Iterable[OrderReader] | None = None,
) -> dict[str, Any]:
    """Return the record of an order (schema ``tmcs/order/1``); a key that no source carries is absent.

    Args:
        order_id: the whole order number; the tail of one is not taken for it, only suggested.
        orders_file: an export (or ``-``), or several that are joined, such as the order report and the item report.
            None: look in the order book.
        store: the order book's file or URL; None: the configured one.
        extra: readers besides the built-in ones; None: those of the installed plug-ins.

    Raises:
        NotFoundError: there is no such order (the nearest numbers are named), file or order book.
        InputError: a file cannot be read as orders.
        StorageError, TryAgainError: a file or the order book cannot be read.
    """
    order_id = order_id.strip()
    if orders_file is None:
        return _from_book(order_id, store)
    if isinstance(orders_file, str | os.PathLike):
        orders_file = [orders_file]
    return _from_files(order_id, [os.fspath(name) for name in orders_file], extra)


def _from_book(order_id: str, store: str | os.PathLike[str] | None) -> dict[str, Any]:
    from tmcs.orders.book import Book

    with Book(store) as book:
        record = book.get(order_id)
        if record is None:
            raise not_found(order_id, book.near(order_id), book.name)
    return record


def not_found(order_id: str, near: Sequence[str], where: str, findings: Iterable[Finding] = ()) -> NotFoundError:
    """Return the error for an order that is not ``where``, with the numbers that come nearest."""
    hint = Text("请核对订单编号，或先导入有它的导出文件", "check the number, or import the export that has it")
    if near:
        words = ", ".join(near)
        hint = Text(f"是不是: {words}", f"did you mean: {words}")
    return NotFoundError(
        f"没有这个订单: {order_id} ({where})", f"no such order: {order_id} ({where})", hint=hint, findings=findings
    )


def _from_files(order_id: str, names: list[str], extra: Iterable[OrderReader] | None) -> dict[str, Any]:
    from tmcs.orders.fragment import LINES_NONE, Report
    from tmcs.orders.merge import fresh, merge, patch_lines
    from tmcs.orders.readers import choose, plugged, readers
    from tmcs.orders.source import open_source

    among = readers(plugged() if extra is None else extra)
    findings: list[Finding] = []

    def keep(finding: Finding) -> None:
        """Keep the first few: they may say why the order is not found."""
        if len(findings) < _KEPT_FINDINGS:
            findings.append(finding)

    found: dict[str, Any] | None = None
    lines, patches = LINES_NONE, {}
    for name in names:
        with open_source(name) as source:
            source.want = order_id
            report = Report(source.name, keep)
            reader = choose(source, report, among)
            again = False
            for fragment in reader.read(source, report):
                if fragment.tid != order_id:
                    continue
                patches.update(fragment.patches)
                if found is None:
                    found, lines = fresh(fragment), fragment.lines
                else:
                    found, lines = merge(found, fragment, lines, again=again)
                again = again or bool(fragment.lines)
                if fragment.whole and reader.name == "orders":
                    break  # one row an order: nothing more of it is to come in this file
    if found is None:
        raise not_found(order_id, _near(order_id, names, among), ", ".join(names), findings)
    patch_lines(found, patches)
    return found


def _near(order_id: str, names: list[str], among: list[OrderReader]) -> list[str]:
    """Return the order numbers in the files that come nearest; only on the way to an error message."""
    from tmcs.orders.fragment import Report
    from tmcs.orders.readers import choose
    from tmcs.orders.source import open_source

    ends: dict[str, None] = {}
    near: dict[str, None] = {}
    for name in names:
        if name == "-":
            continue  # a pipe has been read; it does not come twice
        with open_source(name) as source:
            report = Report(source.name)
            for fragment in choose(source, report, among).read(source, report):
                _weigh(fragment, order_id, ends, near)
    return list(ends)[:5] or nearest(order_id, near)


def _weigh(fragment: Fragment, order_id: str, ends: dict[str, None], near: dict[str, None]) -> None:
    tid = fragment.tid
    if len(order_id) >= 4 and tid.endswith(order_id):
        ends[tid] = None
    elif len(near) < _KEPT_NEAR and (tid.startswith(order_id[:-3]) or tid[-4:] == order_id[-4:] or len(near) < 50):
        near[tid] = None
