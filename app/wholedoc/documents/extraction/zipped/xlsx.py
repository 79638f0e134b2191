"""Excel workbooks, with openpyxl: a page is a sheet, or some rows of one below its header."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from ..counting import counted
from ..pages.blocks import Block, Paragraph, Section, Table, extracted_from_sections, short_label
from ..pages.extracted import Extracted
from .package import Package
from .xml import named, parse_xml

_MOST_NAMED = 20
_Grid = dict[int, dict[int, str]]


def read_xlsx(package: Package) -> Extracted:
    """Read a workbook: what its cells show, row by row. Raises `DocumentError`."""
    import openpyxl

    data = package.source.data
    shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    formulas = _formulas(package, data)
    reader = _Reader()
    sections = [
        reader.section(sheet, formulas[sheet.title] if formulas and sheet.title in formulas.sheetnames else None)
        for sheet in shown.worksheets
    ]
    reader.charts = [sheet.title for sheet in shown.chartsheets]
    reader.missing = [name for name in _sheet_names(package) if name not in shown.sheetnames]
    return extracted_from_sections(sections, tuple(reader.warnings()))


def _formulas(package: Package, data: bytes) -> Any:
    """Return the workbook with its formulas in place of what they yield, or None if it has none."""
    import openpyxl

    sheets = [name for name in package.entries if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    if not any(b"<f" in package.read(name) for name in sheets):
        return None
    return openpyxl.load_workbook(io.BytesIO(data), keep_links=False)


def _sheet_names(package: Package) -> Iterator[str]:
    """Yield the names of all sheets. openpyxl passes over those that are not there, without a word."""
    data = package.get("xl/workbook.xml")
    for sheet in named(parse_xml(data, package.source), "sheet") if data is not None else ():
        yield sheet.get("name") or ""


class _Reader:
    def __init__(self) -> None:
        self.charts: list[str] = []
        self.missing: list[str] = []
        self._hidden_sheets: list[str] = []
        self._hidden_cells: list[str] = []
        self._comments = 0
        self._not_computed = 0

    def section(self, sheet: Any, formulas: Any) -> Section:
        """Return a sheet as a page: its tables, which empty rows separate, and the comments on its cells."""
        hidden = sheet.sheet_state != "visible"
        if hidden:
            self._hidden_sheets.append(sheet.title)
        if any(one.hidden for one in (*sheet.row_dimensions.values(), *sheet.column_dimensions.values())):
            self._hidden_cells.append(sheet.title)
        grid = self._grid(sheet, formulas)
        label = f"sheet {short_label(sheet.title)}{' (hidden)' if hidden else ''}"
        return Section(label, (*_tables(grid), *self._comment_blocks(sheet)), sheet.title)

    def warnings(self) -> Iterator[str]:
        if self._hidden_sheets:
            yield f"Hidden sheets were read too, and are marked as hidden: {_named(self._hidden_sheets)}."
        if self._hidden_cells:
            yield f"Hidden rows or columns were read too, in these sheets: {_named(self._hidden_cells)}."
        if self._comments:
            yield f"Comments on cells stand below their sheets: {counted(self._comments, 'comment')}."
        if self._not_computed:
            yield (
                f"The file has no results for {counted(self._not_computed, 'formula')}, and the formulas stand in"
                " their place: open it in a spreadsheet program and save it, and add it again."
            )
        if self.missing:
            yield f"The file is damaged: sheets that it names are not in it: {_named(self.missing)}."
        if self.charts:
            yield f"Sheets that are charts were not read: {_named(self.charts)}."

    def _grid(self, sheet: Any, formulas: Any) -> _Grid:
        """Return the text of the cells that have some, by row and column; the size that a sheet states is not
        believed."""
        grid: _Grid = {}
        for (row, column), cell in sorted(sheet._cells.items()):
            text = _shown(cell.value, cell.number_format) if cell.value is not None else ""
            formula = formulas._cells.get((row, column)) if formulas is not None and not text else None
            if formula is not None and formula.data_type == "f":
                self._not_computed += 1
                text = str(getattr(formula.value, "text", None) or formula.value)
            if text.strip():
                grid.setdefault(row, {})[column] = text
        for merged in sheet.merged_cells.ranges:  # what goes down over rows is said in each that has something
            said = grid.get(merged.min_row, {}).get(merged.min_col, "")
            for row in range(merged.min_row + 1, merged.max_row + 1) if said else ():
                if row in grid:
                    grid[row].setdefault(merged.min_col, said)
        return grid

    def _comment_blocks(self, sheet: Any) -> Iterator[Block]:
        for _, cell in sorted(sheet._cells.items()):
            if cell.comment is not None and (text := " ".join(str(cell.comment.text).split())):
                self._comments += 1
                yield Paragraph(f"Comment on {cell.coordinate}: {text}", is_item=self._comments > 1)


def _tables(grid: _Grid) -> Iterator[Table]:
    """Yield the tables of a sheet: rows without an empty row between them, from the first column that they use."""
    rows = sorted(grid)
    start = 0
    for index in range(1, len(rows) + 1):
        if index == len(rows) or rows[index] > rows[index - 1] + 1:
            yield _table(grid, rows[start:index])
            start = index


def _table(grid: _Grid, rows: Sequence[int]) -> Table:
    columns = sorted({column for row in rows for column in grid[row]})
    return Table(tuple(tuple(grid[row].get(one, "") for one in columns) for row in rows), tuple(rows))


def _shown(value: Any, number_format: str) -> str:
    """Return a value about as a spreadsheet shows it, so that it can be found by what people read there."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        if "%" in number_format:
            return f"{value * 100:.12g}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    return str(value)


def _named(names: Sequence[str]) -> str:
    more = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
