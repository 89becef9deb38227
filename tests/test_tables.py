"""Text tables and workbooks: headers, separators, merged cells, ragged rows, formulas."""

from __future__ import annotations

import gzip
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from riskmap.data.files import fingerprint, open_rows
from riskmap.data.spec import InputSpec
from riskmap.data.tables import read_csv
from riskmap.data.workbooks import read_xlsx
from riskmap.errors import DataError


def csv(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def rows(frame: pd.DataFrame) -> list[list[str | None]]:
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_separators_and_encodings(tmp_path: Path, mark: str, encoding: str) -> None:
    text = f"名称{mark}人口{mark}备注\r\n芝河镇{mark}12{mark}\r\n桑壁镇{mark}{mark}甲、乙\r\n"
    table = read_csv(csv(tmp_path, text, encoding))
    assert table.frame.columns.tolist() == ["名称", "人口", "备注"]
    assert rows(table.frame) == [["芝河镇", "12", None], ["桑壁镇", None, "甲、乙"]]


def test_every_cell_stays_as_it_is_written(tmp_path: Path) -> None:
    table = read_csv(csv(tmp_path, 'code,n,t\n007,1e5,NA\n"1,2",  x ,"a\n""b"""\nnull,None,nan\n'))
    assert rows(table.frame) == [["007", "1e5", "NA"], ["1,2", "  x ", 'a\n"b"'], ["null", "None", "nan"]]


def test_empty_rows_are_no_rows_and_short_ones_are_filled(tmp_path: Path) -> None:
    table = read_csv(csv(tmp_path, "a,b,c\n1\n,,\n\n   ,,\n2,x\n"))
    assert rows(table.frame) == [["1", None, None], ["2", "x", None]]


def test_trailing_separators_are_no_cells(tmp_path: Path) -> None:
    assert rows(read_csv(csv(tmp_path, "a,b\n1,2,\n3,4,,,\n")).frame) == [["1", "2"], ["3", "4"]]


def test_a_row_longer_than_the_header_names_its_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 cells under a header of 2") as caught:
        read_csv(csv(tmp_path, "a,b\n1,2\n3,4,5\n"), layer="villages")
    assert (caught.value.row, caught.value.code) == (2, "ROW_LONG")


def test_title_rows_and_rows_of_units(tmp_path: Path) -> None:
    table = read_csv(csv(tmp_path, "永和县乡镇表,,\n名称,人口,面积\n,(万人),km2\n芝河镇,1.7,200\n"))
    assert table.frame.columns.tolist() == ["名称", "人口(万人)", "面积(km2)"]
    assert len(table.frame) == 1
    assert [f.code for f in table.findings] == ["HEADER_MERGED"] or "HEADER_MERGED" in [f.code for f in table.findings]


def test_a_first_row_of_numbers_is_no_row_of_units(tmp_path: Path) -> None:
    assert len(read_csv(csv(tmp_path, "a,b\n1,1\n2,2\n")).frame) == 2


def test_repeated_headings_hide_nothing(tmp_path: Path) -> None:
    table = read_csv(csv(tmp_path, "名称,名称,n\nx,y,1\n"))
    assert table.frame.columns.tolist() == ["名称", "名称_2", "n"]
    assert [f.code for f in table.findings if f.severity == "warning"] == ["HEADER_REPEATED"]


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n,,\n"])
def test_nothing_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        open_rows(csv(tmp_path, text), InputSpec(path="t.csv"), "villages")


def test_gzipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress("名称,n\n芝河,1\n".encode("gbk")))
    opened = open_rows(path, InputSpec(path="t.csv.gz"), "villages")
    assert rows(opened.frame) == [["芝河", "1"]]
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match="cut off"):
        open_rows(path, InputSpec(path="t.csv.gz"), "villages")


def book(tmp_path: Path, sheets: dict[str, list[list[object]]], merges: dict[str, list[str]] | None = None) -> Path:
    wb = openpyxl.Workbook()
    wb.remove(wb.active)
    for name, content in sheets.items():
        page = wb.create_sheet(name)
        for row in content:
            page.append(row)
        for ref in (merges or {}).get(name, []):
            page.merge_cells(ref)
    path = tmp_path / "t.xlsx"
    wb.save(path)
    return path


def test_merged_headers_and_cells(tmp_path: Path) -> None:
    content = [
        ["清单", None, None, None],
        ["单位", "物质", None, "存量"],
        [None, "名称", "CAS号", "(t)"],
        ["W1", "氨", "7664-41-7", 12.5],
        [None, "汽油", "86290-81-5", 180],
    ]
    path = book(tmp_path, {"一": content}, {"一": ["A1:D1", "A2:A3", "B2:C2", "A4:A5"]})
    table = read_xlsx(path)
    assert table.frame.columns.tolist() == ["单位", "名称", "CAS号", "(t)"]
    assert rows(table.frame) == [["W1", "氨", "7664-41-7", 12.5], ["W1", "汽油", "86290-81-5", 180]]
    assert [f.code for f in table.findings] == ["HEADER_MERGED"]


def test_a_number_merged_over_rows_is_a_warning(tmp_path: Path) -> None:
    content = [["村", "人口"], ["甲", 300], ["乙", None], ["丙", 40]]
    table = read_xlsx(book(tmp_path, {"一": content}, {"一": ["B2:B3"]}))
    assert rows(table.frame) == [["甲", 300], ["乙", 300], ["丙", 40]]
    shared = [f for f in table.findings if f.code == "CELLS_SHARED"]
    assert [f.severity for f in shared] == ["warning"]
    assert "人口" in shared[0].message.zh


def test_same_leaf_under_two_headings_is_told_apart(tmp_path: Path) -> None:
    content = [["户数", None, "人数", None], ["男", "女", "男", "女"], [1, 2, 3, 4]]
    table = read_xlsx(book(tmp_path, {"s": content}, {"s": ["A1:B1", "C1:D1"]}))
    assert table.frame.columns.tolist() == ["户数/男", "户数/女", "人数/男", "人数/女"]


def test_several_sheets_need_a_name(tmp_path: Path) -> None:
    data = [["a", "b"], [1, 2]]
    path = book(tmp_path, {"封面": [["说明"]], "甲": data, "乙": data})
    with pytest.raises(DataError, match=r"甲.*乙"):
        read_xlsx(path)
    assert len(read_xlsx(path, sheet="乙").frame) == 1
    with pytest.raises(DataError, match="no layer or sheet") as caught:
        read_xlsx(path, sheet="乙 ")
    assert caught.value.code == "FILE_NO_LAYER"
    one = book(tmp_path, {"封面": [["说明"]], "甲": data})
    assert read_xlsx(one).sheet == "甲"


def test_formulas_without_saved_results_are_told(tmp_path: Path) -> None:
    path = book(tmp_path, {"s": [["name", "n"], ["a", 1], ["b", "=B2*2"]]})
    table = read_xlsx(path)
    assert rows(table.frame) == [["a", 1], ["b", None]]
    found = [f for f in table.findings if f.code == "CELL_UNCALCULATED"]
    assert len(found) == 1
    assert "B3" in found[0].message.en


def test_a_workbook_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(DataError, match="old Office") as caught:
        open_rows(path, InputSpec(path="t.xlsx"), "villages")
    assert ".xlsx" in caught.value.remedy.en


def test_where_sees_numbers_as_numbers(tmp_path: Path) -> None:
    path = csv(tmp_path, "名称,人口,代码\na,99,007\nb,100,070\nc,,700\n")
    spec = InputSpec(path="t.csv", where="人口 >= 100")
    opened = open_rows(path, spec, "villages")
    assert opened.frame["名称"].tolist() == ["b"]
    assert opened.rows_in_file == 3
    assert opened.frame.index.tolist() == [1]
    codes = open_rows(path, InputSpec(path="t.csv", where="代码 LIKE '007%'"), "villages")
    assert codes.frame["名称"].tolist() == ["a"]
    with pytest.raises(DataError, match="where") as caught:
        open_rows(path, InputSpec(path="t.csv", where="人囗 > 1"), "villages")
    assert "人口" in caught.value.remedy.en


def test_fingerprints_follow_the_bytes(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,2\n")
    first = fingerprint(path)
    path.write_bytes(path.read_bytes())
    assert fingerprint(path) == first
    path.write_bytes(b"a,b\n1,3\n")
    assert fingerprint(path) != first


def test_a_column_without_a_heading_is_kept_under_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,,人口,\n甲,x,1,\n乙,,2,\n", encoding="utf-8")
    table = read_csv(path)
    assert list(table.frame.columns) == ["名称", "列2", "人口"]
    assert [f.code for f in table.findings if f.code.startswith("HEADER")] == ["HEADER_NAMELESS"]
    given = read_xlsx(book(tmp_path, {"甲": [["名称", None, "人口"], ["甲", "x", 1], ["乙", None, 2]]}))
    assert given.frame["列2"].tolist() == ["x", None]
