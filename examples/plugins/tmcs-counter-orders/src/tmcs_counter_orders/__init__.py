"""Reads what the tills of an invented shop export: orders placed at the counter and sent from the warehouse."""

from collections.abc import Iterator

from tmcs import Text, hookimpl
from tmcs.sources import Fragment, Head, OrderReader, Report, Source

tmcs_api = "1"  # the version of the plug-in interface that this is written for

NUMBER, AMOUNT, STATE = "小票号", "实收金额", "配送状态"
#: What the till calls a state -> the status of an order.
STATES = {"待发货": "WAIT_SELLER_SEND_GOODS", "已发货": "WAIT_BUYER_CONFIRM_GOODS", "已完成": "TRADE_FINISHED"}


class Reader:
    """A table with one order on each row."""

    name = "counter-orders"  # what `tmcs order import --kind` takes
    title = Text("门店收银导出", "export of the tills")

    def accepts(self, head: Head) -> bool:
        """Return whether a file is one of ours: by its columns."""
        return head.form == "csv" and {NUMBER, AMOUNT, STATE} <= set(head.header)

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield what each row says of its order; report each row that cannot be taken."""
        table = source.table(report)
        number, amount, state = (table.folded.index(name) for name in (NUMBER, AMOUNT, STATE))
        for line, row in table:
            status = STATES.get(row[state].strip())
            if status is None:
                report.add(line, state + 1, f"没有这种配送状态: {row[state]}", f"unknown state of delivery: {row[state]}", " | ".join(STATES))
                continue
            record = {"tid": row[number].strip(), "status": status, "payment": row[amount].strip()}
            yield Fragment(record, whole=True, line=line)


@hookimpl
def tmcs_order_readers() -> list[OrderReader]:
    """Add the reader."""
    return [Reader()]
