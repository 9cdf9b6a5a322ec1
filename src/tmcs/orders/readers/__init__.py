"""Readers of order files, and the protocol by which a plug-in adds one.

A plug-in's hook ``tmcs_order_readers()`` returns a list of objects of this protocol; the built-in readers are of it
too. A reader is asked by the bytes and headers of a file, never by its name::

    class PointOfSaleReader:
        name = "pos"                                    # what --kind takes
        title = Text("收银系统导出", "point-of-sale export")

        def accepts(self, head: Head) -> bool:
            return head.form == "csv" and "收银单号" in head.header

        def read(self, source: Source, report: Report) -> Iterator[Fragment]:
            for line, row in source.table(report):
                yield Fragment({"tid": row[0], "status": "TRADE_FINISHED"}, whole=True, line=line)

``read`` yields one :class:`Fragment` for each place that says something of an order and reports every row that it
cannot take to ``report``, with its place; it raises :class:`~tmcs.core.errors.InputError` only where the file as a
whole cannot be read. It holds no more than one order in memory.
Where ``source.want`` is set, rows of other orders may be left out.

A class may have a method ``ready`` beside ``read``, of the same arguments, for an import of everything: it yields whole
orders by :class:`~tmcs.orders.fragment.Batch` where it can, as the book holds them, and says the same in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from tmcs.core.errors import InputError, TmcsError, unknown_word
from tmcs.core.text import Text
from tmcs.orders.fragment import Fragment, Report
from tmcs.orders.source import Source
from tmcs.orders.words import has_order_no, kind_of, kind_title


class Head:
    """What a reader decides by.

    Attributes:
        form: ``"csv"``, ``"xlsx"`` or ``"json"``.
        data: the first 64 KiB of the file.
        header: the folded headers (:func:`tmcs.orders.words.fold`) of a table, else empty.
    """

    __slots__ = ("data", "form", "header")

    def __init__(self, form: str, data: bytes, header: list[str]) -> None:
        self.form = form
        self.data = data
        self.header = header


class OrderReader(Protocol):
    """One kind of file; see the module for what each member must do."""

    @property
    def name(self) -> str:
        """The word that ``--kind`` takes."""

    @property
    def title(self) -> Text:
        """The name of the kind of file for a person."""

    def accepts(self, head: Head) -> bool:
        """Return whether a file is of this kind."""

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield what the file says of each order; report what it cannot take."""


def readers(
    extra: Iterable[OrderReader] = (), warn: Callable[[TmcsError], None] | None = None
) -> list[OrderReader]:
    """Return all readers, those of plug-ins (``extra``) first, so that they can take what a built-in one would.

    Args:
        extra: more readers; one whose name is taken is left out.
        warn: gets an error for each one left out.
    """
    from tmcs.orders.readers.items import ItemReader
    from tmcs.orders.readers.orders import OrderReportReader
    from tmcs.orders.readers.parcels import DeliveryReader, WarehouseReader
    from tmcs.orders.readers.records import RecordReader
    from tmcs.orders.readers.top import TopReader

    built_in: list[OrderReader] = [
        OrderReportReader(), ItemReader(), DeliveryReader(), WarehouseReader(), RecordReader(), TopReader(),
    ]  # fmt: skip
    taken = {reader.name for reader in built_in}
    first: list[OrderReader] = []
    for reader in extra:
        if reader.name not in taken:
            taken.add(reader.name)
            first.append(reader)
        elif warn is not None:
            name = reader.name
            warn(InputError(f"订单读取器重名，已忽略: {name}", f"an order reader's name is taken; left out: {name}"))
    return [*first, *built_in]


def plugged(warn: Callable[[TmcsError], None] | None = None) -> list[OrderReader]:
    """Return the readers that plug-ins bring.

    Args:
        warn: gets the error of each plug-in that fails; the others are used all the same.
    """
    from tmcs.plugins import extra_readers

    return extra_readers(warn)


def choose(source: Source, report: Report, among: list[OrderReader], kind: str | None = None) -> OrderReader:
    """Return the reader for a file: the one named ``kind``, or the first that accepts it.

    Raises:
        InputError: no reader is named so, or none accepts the file.
    """
    if kind is not None:
        for reader in among:
            if reader.name == kind:
                return reader
        raise unknown_word("文件类型", "kind of file", kind, [reader.name for reader in among])
    header = [] if source.form == "json" else source.table(report).folded
    head = Head(source.form, source.head, header)
    for reader in among:
        if reader.accepts(head):
            return reader
    raise _unknown(source, header, among)


def _unknown(source: Source, header: list[str], among: list[OrderReader]) -> InputError:
    """Return the error for a file of no known kind; the header itself is not repeated, it may be a row of data."""
    name = source.name
    known = Text("、".join(r.title.zh for r in among), ", ".join(r.title.en for r in among))
    hint = Text(f"能读的文件: {known.zh}", f"files that are read: {known.en}")
    if source.form == "json":
        return InputError(f"{name}: 不认识的 JSON", f"{name}: JSON of no known kind", hint=hint)
    kind = kind_of(header)
    if kind is not None:
        title = kind_title(kind)
        zh, en = f"{name}: 是{title.zh}，不是订单文件", f"{name}: a {title.en}, not a file of orders"
        return InputError(zh, en, hint=hint)
    broken = source.utf8_until() if source.form == "csv" else -1
    if broken > 0 and not source.head[:broken].isascii():
        return source.damaged("UTF-8", broken)
    if has_order_no(header):
        return InputError(
            f"{name}: 表头有订单编号，但缺少订单状态、子订单编号等列，无法判断是哪种报表",
            f"{name}: the header has order numbers but none of the columns that tell the kind of report",
            hint=hint,
        )
    return InputError(
        f"{name}: 第一行不是已知的表头 (缺少订单编号列)",
        f"{name}: no known header (no column with order numbers)",
        hint=hint,
    )
