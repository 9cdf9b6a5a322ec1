"""The delivery report (配送报表) and the warehouse feedback (仓库反馈): joined to orders by their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs.orders.fragment import Fragment, Report
from tmcs.orders.readers.columns import Columns, TableReader
from tmcs.orders.source import Source
from tmcs.orders.values import bare, code, lbx, moment, parcel, text
from tmcs.orders.words import aliases


def _note(kind: str, c: Columns) -> dict[str, str]:
    """Return the row as it is kept: its cells by field, wrappings off."""
    return {field: bare(c.cell(field)) for field in aliases(kind) if c.has(field)}


class DeliveryReader(TableReader):
    """Reads the delivery report: LBX, dispatch, signature, parcel."""

    name = "delivery"

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield one fragment for each good row."""
        c = Columns(self.name, source, report)
        for line, row in source.table(report):
            c.start(line, row)
            if not c.wants(source.want):
                continue
            record: dict[str, Any] = {"tid": c.tid()}
            if c.has("lbx"):
                record["lbx"] = c.get("lbx", lbx)
            if c.has("signed"):
                record["sign_time"] = c.get("signed", moment)
            number = c.get("parcel", code)
            company = c.get("company", text) or c.get("company_code", text)
            logistics = parcel(company, number)
            if logistics is not None:
                record["logistics"] = logistics
            consigned = c.get("consigned", moment)
            weak = {"consign_time": consigned} if consigned is not None else {}
            seen = c.get("trace_time", moment) or consigned or ""
            if c.faulty:
                continue
            key = number or record.get("lbx") or ""
            note = (self.name, seen, key, _note(self.name, c))
            parcels = (number,) if number else ()
            yield Fragment(record, weak=weak, parcels=parcels, notes=[note], line=line, column=c.number("tid"))


class WarehouseReader(TableReader):
    """Reads the warehouse feedback: LBX and parcel for the order; the row itself is kept for later jobs."""

    name = "warehouse"

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield one fragment for each good row."""
        c = Columns(self.name, source, report)
        for line, row in source.table(report):
            c.start(line, row)
            if not c.wants(source.want):
                continue
            record: dict[str, Any] = {"tid": c.tid()}
            if c.has("lbx"):
                record["lbx"] = c.get("lbx", lbx)
            logistics = parcel(c.get("company", text), c.get("parcel", code))
            at = c.get("time", moment) or ""
            if c.faulty:
                continue
            weak = {"logistics": logistics} if logistics is not None else {}
            note = _note(self.name, c)
            key = "|".join(note.get(field, "") for field in ("type", "sku", "lbx"))
            yield Fragment(
                record, weak=weak, notes=[(self.name, at, f"{at}|{key}", note)], line=line, column=c.number("tid")
            )
