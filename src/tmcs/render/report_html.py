"""A report as one HTML file that stands alone: tables, charts drawn here as SVG, nothing fetched, nothing run, fit to print."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from tmcs.render.cells import harmless, measure, show, show_time
from tmcs.render.report import is_right
from tmcs.render.svg import Series, draw

if TYPE_CHECKING:
    from tmcs.jobs.report import Chart, Report, Row, Sheet

#: More points than this make no chart that a person can read.
MAX_POINTS: Final = 500

# The policy forbids what the page has no use for, should a text ever get past the escaping: scripts, images, the network.
_HEAD: Final = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.5 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; margin: 24px; color: #222; }}
h1 {{ font-size: 20px; margin: 0; }} h2 {{ font-size: 16px; margin: 24px 0 8px; }} p {{ color: #666; margin: 4px 0; }}
table {{ border-collapse: collapse; }}
th, td {{ border-bottom: 1px solid #ddd; padding: 3px 10px; text-align: left; vertical-align: top; white-space: pre-wrap;
  overflow-wrap: anywhere; max-width: 48em; }}
th {{ background: #DDEBF7; position: sticky; top: 0; white-space: nowrap; }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.charts {{ display: flex; flex-wrap: wrap; gap: 16px; margin: 8px 0 16px; }}
figure {{ margin: 0; border: 1px solid #ddd; padding: 8px; break-inside: avoid; }}
svg {{ max-width: 100%; height: auto; }}
figcaption {{ font-weight: bold; text-align: center; }}
.d {{ white-space: nowrap; }}
@media screen and (max-width: 640px) {{ body {{ margin: 12px; }} table, figure {{ display: block; overflow-x: auto; }}
  th, td {{ padding: 3px 5px; }} th {{ position: static; }} td {{ min-width: 3em; overflow-wrap: break-word; }} svg {{ min-width: 480px; }} }}
@media print {{ body {{ margin: 0; font-size: 11px; }} thead {{ display: table-header-group; }} tr {{ break-inside: avoid; }}
  th {{ position: static; print-color-adjust: exact; -webkit-print-color-adjust: exact; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{clock}</p>
"""
_MARKS: Final = {"day": ' class="d"', "time": ' class="d"'}  # never broken into lines
_TAIL: Final = "</body>\n</html>\n"


def html(report: Report, lang: str) -> Iterator[str]:
    """Yield a report as the pieces of an HTML document; its rows are gone through once."""
    yield _HEAD.format(
        lang="zh-CN" if lang == "zh" else "en", title=_safe(report.title.pick(lang)), clock=show_time(report.clock)
    )
    for sheet in report.sheets:
        yield f"<h2>{_safe(sheet.name.pick(lang))}</h2>\n"
        rows = iter(sheet.rows)
        if sheet.charts:
            first = list(islice(rows, MAX_POINTS + 1))
            yield from _charts(sheet, first, lang)
            rows = chain(first, rows)
        yield from _table(sheet, rows, lang)
    yield _TAIL


def _safe(text: str) -> str:
    return escape(harmless(text))


def _table(sheet: Sheet, rows: Iterator[Row], lang: str) -> Iterator[str]:
    columns = [(one.key, one.kind, ' class="n"' if is_right(one) else _MARKS.get(one.kind, "")) for one in sheet.columns]
    heads = "".join(f"<th{mark}>{_safe(one.title.pick(lang))}</th>" for one, (_, _, mark) in zip(sheet.columns, columns, strict=True))
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    for row in rows:
        cells = [f"<td{mark}>{escape(show(row.get(key), kind, lang))}</td>" for key, kind, mark in columns]
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody>\n</table>\n"


def _charts(sheet: Sheet, rows: list[Row], lang: str) -> Iterator[str]:
    if not rows:
        return
    if len(rows) > MAX_POINTS:
        zh, en = f"超过 {MAX_POINTS} 行，图表从略", f"more than {MAX_POINTS} rows: the charts are left out"
        yield f"<p>{zh if lang == 'zh' else en}</p>\n"
        return
    yield '<div class="charts">\n'
    for one in sheet.charts:
        yield f"<figure><figcaption>{_safe(one.title.pick(lang))}</figcaption>{_chart(sheet, one, rows, lang)}</figure>\n"
    yield "</div>\n"


def _chart(sheet: Sheet, chart: Chart, rows: list[Row], lang: str) -> str:
    kind = sheet.column(chart.categories).kind
    names = [" ".join(show(row.get(chart.categories), kind, lang).split()) for row in rows]
    series = []
    for key in chart.values:
        column = sheet.column(key)
        values = [measure(row.get(key), column.kind) for row in rows]
        shown = [show(row.get(key), column.kind, lang) for row in rows]
        series.append(Series(harmless(column.title.pick(lang)), values, shown, column.kind))
    return draw(chart.kind, names, series)
