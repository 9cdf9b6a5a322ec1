"""Workbooks in LibreOffice itself, which a desk may have and a test run may not: `pytest tests/jobs/office_report.py`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.jobs.test_report import HOSTILE, one_column, report  # noqa: F401 (a fixture)
from tmcs.jobs.report import Report
from tmcs.render.workbook import write_xlsx

#: CSV of every sheet, texts as they stand, formulas as formulas.
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,{shown},{formulas},false,-1"


def convert(folder: Path, form: str) -> None:
    """Have LibreOffice convert a.xlsx; it may have nothing to say about it."""
    office = shutil.which("soffice")
    assert office, "install libreoffice-calc"
    command = [office, "--headless", f"-env:UserInstallation=file://{folder}/office", "--convert-to", form, "a.xlsx"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    said = [line for line in ran.stderr.splitlines() if "javaldx" not in line]  # there is no Java, and none is needed
    assert (ran.returncode, said) == (0, [])


def test_it_opens_without_a_warning_and_reads_the_same(report: Report, tmp_path: Path) -> None:  # noqa: F811
    write_xlsx(report, tmp_path / "a.xlsx", "zh")
    convert(tmp_path, "pdf")
    assert (tmp_path / "a.pdf").stat().st_size > 10_000
    convert(tmp_path, CSV.format(shown="true", formulas="false"))
    assert (tmp_path / "a-汇总.csv").read_text().splitlines()[1] == "到期日,12,1234.56,33.33%"


def test_no_text_is_a_formula(tmp_path: Path) -> None:
    write_xlsx(one_column([*HOSTILE, "<r><t>x</t></r>", "_x0041_"]), tmp_path / "a.xlsx", "zh")
    found = []
    for shown, formulas in (("true", "false"), ("false", "true")):  # were one a formula, its value would differ from it
        convert(tmp_path, CSV.format(shown=shown, formulas=formulas))
        found.append((tmp_path / "a-s.csv").read_text())
    assert found[0] == found[1]
    assert found[0].splitlines()[1] == "=1+1"
    assert found[0].splitlines()[-1] == "_x0041_"
