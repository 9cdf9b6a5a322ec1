"""Orders as text: one order as a card, several as a table. What customers wrote is made safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tmcs.core.safe import one_line
from tmcs.core.text import Text

Record = Mapping[str, Any]

_UNKNOWN: Final = Text("(未知)", "(unknown)")
_NONE: Final = Text("(无)", "(none)")
_TITLE_WIDTH: Final = 28
_TIMES: Final = (
    ("created", Text("下单", "placed")),
    ("pay_time", Text("付款", "paid")),
    ("consign_time", Text("发货", "dispatched")),
    ("sign_time", Text("签收", "signed for")),
    ("end_time", Text("结束", "ended")),
)
_HEADS: Final = (
    Text("订单编号", "order"), Text("状态", "status"), Text("下单", "placed"), Text("实付", "paid"),
    Text("收货人", "receiver"), Text("手机", "phone"), Text("商品", "goods"),
)  # fmt: skip
_LINE_HEADS: Final = (
    Text("SKU", "SKU"), Text("商品", "goods"), Text("单价", "price"), Text("数量", "units"), Text("实付", "paid"),
    Text("退款", "refund"),
)  # fmt: skip


def moment(value: str | None, lang: str) -> str:
    """Return a time of a record as it is read by people, seconds included."""
    return value[:19].replace("T", " ") if value else _NONE.pick(lang)


def _cell(value: Any) -> str:
    return "" if value is None else one_line(str(value))


def _short(value: str) -> str:
    return value if len(value) <= _TITLE_WIDTH else value[: _TITLE_WIDTH - 1] + "…"


def _name(names: Mapping[str, Mapping[str, str]], word: str | None, lang: str) -> str:
    if word is None:
        return ""
    known = names.get(word)
    return known["en" if lang == "en" else "zh"] if known else one_line(word)


def _goods(record: Record) -> str:
    lines = record.get("orders") or []
    titles = [_short(_cell(line.get("title") or line.get("sku") or line.get("oid"))) for line in lines]
    if len(titles) > 1:
        return f"{titles[0]} +{len(titles) - 1}"
    return titles[0] if titles else ""


def order_table(
    records: Iterable[tuple[Record, bool]], lang: str, status_names: Mapping[str, Mapping[str, str]]
) -> str:
    """Return orders as a table, one a row.

    Args:
        records: (record, pending) of each order, masked as wanted.
        lang: ``zh`` or ``en``.
        status_names: how each TOP status is called.
    """
    from tabulate import tabulate

    waiting = Text("(待订单报表)", "(pending)").pick(lang)
    rows = []
    for record, pending in records:
        receiver = record.get("receiver") or {}
        status = waiting if pending else _name(status_names, record.get("status"), lang)
        created = record.get("created")
        rows.append([
            _cell(record.get("tid")), status, moment(created, lang)[:16] if created else "",
            _cell(record.get("payment")), _cell(receiver.get("name")), _cell(receiver.get("mobile")), _goods(record),
        ])  # fmt: skip
    heads = [head.pick(lang) for head in _HEADS]
    aligned = ("left", "left", "left", "right", "left", "left", "left")
    return tabulate(rows, heads, tablefmt="simple", disable_numparse=True, colalign=aligned)  # type: ignore[no-any-return]


def order_card(
    record: Record,
    lang: str,
    *,
    pending: bool,
    notes: Sequence[Mapping[str, str]],
    names: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> str:
    """Return one order as text.

    Args:
        record: schema ``tmcs/order/1``, masked as wanted; what it lacks is shown as unknown.
        lang: ``zh`` or ``en``.
        pending: the order itself was not imported yet.
        notes: rows of the delivery report and the warehouse feedback.
        names: ``status_names`` and ``refund_names``.
    """
    out = [f"{Text('订单', 'order').pick(lang)} {_cell(record.get('tid'))}"]
    if pending:
        out.append(Text("  订单本身尚未导入，只有配送、仓库或宝贝报表的内容", "  the order itself is not imported yet; "
                        "only what the delivery, warehouse or item report says").pick(lang))  # fmt: skip
    fields = [(Text("状态", "status"), _name(names["status_names"], record.get("status"), lang) or _UNKNOWN.pick(lang))]
    for key, label in _TIMES:
        fields.append((label, moment(record[key], lang) if key in record else _UNKNOWN.pick(lang)))
    fields += _facts(record, lang)
    width = max(_width(label.pick(lang)) for label, _ in fields)
    for label, value in fields:
        word = label.pick(lang)
        out.append(f"  {word}{' ' * (width - _width(word))}  {value}")
    out.append("")
    out.append(_lines(record, lang, names["refund_names"]))
    if notes:
        out.append("")
        out += [f"  {_note(note)}" for note in notes]
    return "\n".join(out)


def _known(record: Record, key: str, lang: str) -> str:
    if key not in record:
        return _UNKNOWN.pick(lang)
    return _cell(record[key]) or _NONE.pick(lang)


def _facts(record: Record, lang: str) -> list[tuple[Text, str]]:
    receiver, parcel = record.get("receiver") or {}, record.get("logistics") or {}
    where = " ".join(_cell(receiver.get(key)) for key in ("state", "city", "district", "address") if receiver.get(key))
    person = " ".join(_cell(receiver.get(key)) for key in ("name", "mobile") if receiver.get(key))
    shipped = " ".join(_cell(parcel.get(key)) for key in ("company", "out_sid") if parcel.get(key))
    if not shipped:
        shipped = (_NONE if "logistics" in record else _UNKNOWN).pick(lang)
    return [
        (Text("实付", "paid"), _known(record, "payment", lang)),
        (Text("邮费", "postage"), _known(record, "post_fee", lang)),
        (Text("LBX", "LBX"), _known(record, "lbx", lang)),
        (Text("包裹", "parcel"), shipped),
        (Text("买家", "buyer"), _known(record, "buyer_nick", lang)),
        (Text("收货人", "receiver"), person or _UNKNOWN.pick(lang)),
        (Text("地址", "address"), where or _UNKNOWN.pick(lang)),
        (Text("旗帜", "flag"), _known(record, "seller_flag", lang)),
        (Text("备注", "memo"), _known(record, "seller_memo", lang)),
    ]


def _lines(record: Record, lang: str, refund_names: Mapping[str, Mapping[str, str]]) -> str:
    lines = record.get("orders")
    if not lines:
        return Text("  商品明细未知，请导入宝贝报表", "  order lines unknown; import the item report").pick(lang)
    from tabulate import tabulate

    rows = [
        [
            _cell(line.get("sku") or line.get("oid")), _short(_cell(line.get("title"))), _cell(line.get("price")),
            _cell(line.get("num")), _cell(line.get("payment")), _name(refund_names, line.get("refund_status"), lang),
        ]
        for line in lines
    ]  # fmt: skip
    heads = [head.pick(lang) for head in _LINE_HEADS]
    aligned = ("left", "left", "right", "right", "right", "left")
    return tabulate(rows, heads, tablefmt="simple", disable_numparse=True, colalign=aligned)  # type: ignore[no-any-return]


def _note(note: Mapping[str, str]) -> str:
    keys = ("time", "trace_time", "type", "state", "fault", "sku", "note", "trace")
    return " · ".join(_cell(note[key]) for key in keys if note.get(key))


def _width(text: str) -> int:
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
