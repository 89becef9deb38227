"""Text tables and workbooks: headers, separators, merged cells, ragged rows, formulas."""

from __future__ import annotations

import gzip
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from riskmap.data.catalog import house
from riskmap.data.files import fingerprint, open_rows
from riskmap.data.prepare import prepare_rows
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
    told = {f.code: f.message.en for f in table.findings}
    assert told["HEADER_ROWS"] == "the header stands in row 2-3"
    below = read_csv(csv(tmp_path, "永和县乡镇表,,\n名称,人口,面积\n芝河镇,1.7,200\n"))
    assert "the header stands in row 2" in [f.message.en for f in below.findings]


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
    assert table.frame.columns.tolist() == ["单位", "名称", "CAS号", "存量(t)"]
    assert rows(table.frame) == [["W1", "氨", "7664-41-7", 12.5], ["W1", "汽油", "86290-81-5", 180]]
    assert [f.code for f in table.findings] == ["TABLE_TITLE", "HEADER_MERGED"]


def test_an_amount_merged_over_rows_counts_once_and_other_values_stand_for_all(tmp_path: Path) -> None:
    content = [
        ["编号", "物质名称", "存量(kg)", "类别", "企业名称"],
        ["W1", "氨", 300_000, "W2", "甲厂"],
        [None, "汽油", None, None, "甲厂"],
        ["W2", "氯", 40_000, "W3", "乙厂"],
    ]
    path = book(tmp_path, {"一": content}, {"一": ["A2:A3", "C2:C3", "D2:D3"]})
    layer = prepare_rows(path, InputSpec(path="t.xlsx"), house().layer("hazchem_inventory"))
    assert layer.frame["quantity_t"].tolist() == [300.0, pytest.approx(float("nan"), nan_ok=True), 40.0]
    assert layer.frame[["source_id", "class"]].to_numpy().tolist() == [["W1", "W2"], ["W1", "W2"], ["W2", "W3"]]
    shared = [f for f in layer.findings if f.code == "CELLS_SHARED"]
    assert [(f.severity, f.field, f.rows, f.row) for f in shared] == [("warning", "quantity_t", 1, "2")]
    changed = layer.repairs[layer.repairs["code"] == "CELLS_SHARED"]
    assert changed[["row_id", "before"]].to_numpy().tolist() == [["2", "300"]]
    assert changed["after"].isna().all()


def test_lines_of_a_form_are_no_header_and_no_secret(tmp_path: Path) -> None:
    content = [
        ["附件1", None, None, None],
        ["永和县村庄表", None, None, None],
        ["填报单位：永和县民政局", None, None, "填报日期：2023年12月"],
        ["填报人", "张三", None, None],
        ["村名", "村代码", "人口", "户数"],
        ["东征村", "141032100201", 300, 90],
    ]
    for table in (
        read_xlsx(book(tmp_path, {"一": content}, {"一": ["A2:D2"]})),
        read_csv(csv(tmp_path, "\n".join(",".join(str(c or "") for c in row) for row in content))),
    ):
        assert table.frame.columns.tolist() == ["村名", "村代码", "人口", "户数"]
        assert len(table.frame) == 1
        told = [f.message.zh for f in table.findings if f.code == "TABLE_TITLE"]
        assert len(told) == 1
        assert "填报日期：2023年12月" in told[0]


def test_the_form_under_a_table_is_no_row(tmp_path: Path) -> None:
    text = "编号,物质名称,CAS号,存量(t)\nW1,氨,,12\nW2,氯：液态,,\n填表人：张三,,,审核人：李四\n注：按设计最大量,,,\n"
    layer = prepare_rows(csv(tmp_path, text), InputSpec(path="t.csv"), house().layer("hazchem_inventory"))
    assert layer.frame["source_id"].tolist() == ["W1", "W2"]
    assert [(f.code, f.named) for f in layer.findings if f.dropped] == [("ROW_NOTE", ("3", "4"))]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_unit_above_the_table_holds_for_columns_that_name_none(tmp_path: Path, kind: str) -> None:
    content = [
        ["人口表", None, None],
        [None, None, "单位：万人、km2"],
        ["名称", "代码", "人口"],
        ["芝河镇", "141032100", 2.1],
    ]
    text = "\n".join(",".join(str(c or "") for c in row) for row in content)
    path = book(tmp_path, {"一": content}) if kind == "xlsx" else csv(tmp_path, text)
    layer = prepare_rows(path, InputSpec(path=path.name), house().layer("townships"))
    converted = {f.code: f for f in layer.findings if f.code.startswith("UNIT_")}
    assert set(converted) == {"UNIT_STATED", "UNIT_CONVERTED"}
    assert "万人" in converted["UNIT_STATED"].message.zh
    assert not [f for f in layer.findings if f.code == "NUMBER_NOT_WHOLE"]


def test_a_heading_counts_with_the_one_above_it(tmp_path: Path) -> None:
    content = [
        ["编号", "名称", "类型", "位置", None, "威胁对象", None, None],
        [None, None, None, "经度", "纬度", "户数（户）", "人数（人）", "财产（万元）"],
        ["1", "东沟滑坡", "滑坡", 110.55, 36.75, 12, 40, 320],
    ]
    path = book(tmp_path, {"一": content}, {"一": ["A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:H1"]})
    layer = prepare_rows(path, InputSpec(path="t.xlsx", crs="EPSG:4490"), house().layer("geohazard_points"))
    assert not layer.errors
    row = layer.frame.iloc[0]
    assert (row["threatened_people"], row["threatened_households"]) == (40, 12)
    assert row["threatened_property_cny"] == 3_200_000


def test_a_quotation_mark_never_swallows_rows_in_silence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 3") as caught:
        read_csv(csv(tmp_path, '村名,人口\n乙,2\n"甲,1\n丙,3\n'), layer="villages")
    assert caught.value.code == "QUOTE_OPEN"
    table = read_csv(csv(tmp_path, '村名,人口\n"甲,1\n乙,2\n丙",3\n丁,4\n'))
    assert [(f.code, f.severity, f.row) for f in table.findings if "QUOTE" in f.code] == [
        ("QUOTE_SWALLOWS", "warning", "1")
    ]
    # lines within a cell are its own business
    assert "QUOTE_SWALLOWS" not in [f.code for f in read_csv(csv(tmp_path, 'a,b\n"x\ny",1\n')).findings]


def test_workbooks_whatever_they_are_called_and_sheets_that_are_hidden_or_bare(tmp_path: Path) -> None:
    data = [["a", "b"], [1, 2]]
    path = book(tmp_path, {"甲": data, "旧": data, "空": []})
    wb = openpyxl.load_workbook(path)
    wb["旧"].sheet_state = "hidden"
    wb["空"]["F9"].font = openpyxl.styles.Font(bold=True)
    wb.save(path)
    table = read_xlsx(path)
    assert table.sheet == "甲"
    assert [(f.code, "旧" in f.message.zh) for f in table.findings] == [("SHEET_HIDDEN", True)]
    assert read_xlsx(path, sheet="旧").sheet == "旧"
    old = path.rename(tmp_path / "t.xls")
    assert len(open_rows(old, InputSpec(path="t.xls"), "villages").frame) == 1
    text = old.rename(tmp_path / "t.csv")
    with pytest.raises(DataError, match="zip or an xlsx") as caught:
        open_rows(text, InputSpec(path="t.csv"), "villages")
    assert caught.value.code == "FILE_TYPE"


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
