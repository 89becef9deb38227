"""Which column is which field: aliases, units in headings, cut names, near matches, refusals that list candidates."""

from __future__ import annotations

import pytest

from riskmap.data.catalog import house
from riskmap.data.matching import Matching, match_fields
from riskmap.data.units import fold, split


def match(columns: list[str], layer: str, **declared: str) -> Matching:
    return match_fields(columns, house().layer(layer), declared)


def test_what_nobody_sees_in_a_heading_parts_no_field_from_its_column() -> None:
    found = match(["\u200b编号", "名称\ufeff", "灾\u00a0种\u200e", "\x00威胁人数"], "geohazard_points")
    assert sorted(found.mapping) == ["id", "kind", "name", "threatened_people"]
    assert not codes(found)


def test_a_field_by_its_own_name_may_state_its_unit() -> None:
    found = match(["name", "code", "value (%)"], "capacity")
    assert (found.mapping["value"], found.matches["value"].unit) == ("value (%)", "%")


def codes(matching: Matching, severity: str = "error") -> list[str]:
    return [f.code for f in matching.findings if f.severity == severity]


def test_labels_short_names_and_full_width() -> None:
    found = match(["yhdbh", "隐患点名称", "灾害类型 ", "ＷＸＲＳＲ", "wxccwy"], "geohazard_points")
    assert found.mapping == {
        "id": "yhdbh",
        "name": "隐患点名称",
        "kind": "灾害类型 ",
        "threatened_people": "ＷＸＲＳＲ",
        "threatened_property_cny": "wxccwy",
    }
    assert found.matches["threatened_property_cny"].unit == "万元"
    assert not found.findings


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("人口（万人）", "万人"), ("人口(万人)", "万人"), ("总人口/人", "人"), ("人口_万人", "万人"), ("人口", None)],
)
def test_units_in_headings(heading: str, unit: str | None) -> None:
    found = match(["名称", "代码", heading], "townships").matches["population"]
    assert (found.column, found.unit) == (heading, unit)


def test_a_word_in_brackets_that_is_no_unit_stays_in_the_name() -> None:
    assert split("人口(2020)") == ("人口(2020)", None)
    assert "population" not in match(["名称", "代码", "人口(2020)"], "townships").matches


def test_missing_required_fields_are_all_named_with_candidates() -> None:
    found = match(["mingcheng", "thretened_people"], "geohazard_points")
    assert codes(found) == ["FIELD_MISSING"] * 4
    texts = {f.field: f for f in found.findings}
    assert "did you mean 'thretened_people'" in texts["threatened_people"].message.en
    assert "wxrsr" in texts["threatened_people"].remedy.en
    assert "mingcheng" in texts["id"].remedy.en


def test_two_columns_for_a_required_field_are_refused_for_others_warned() -> None:
    found = match(["名称", "乡镇名称", "代码", "人口", "常住人口"], "townships")
    assert codes(found) == ["FIELD_AMBIGUOUS"]
    assert codes(found, "warning") == ["FIELD_AMBIGUOUS"]
    assert "population" not in found.matches
    assert {f.field for f in found.findings} == {"name", "population"}


def test_the_declared_column_wins_and_must_be_there() -> None:
    found = match(["名称", "乡镇名称", "代码"], "townships", name="乡镇名称")
    assert found.mapping["name"] == "乡镇名称"
    assert not codes(found)
    lost = match(["名称", "代码"], "townships", name="乡镇名")
    assert codes(lost) == ["FIELD_NOT_IN_FILE"]
    unknown = match(["名称", "代码"], "townships", populaton="名称")
    assert codes(unknown) == ["FIELD_UNKNOWN"]
    assert "population" in unknown.findings[0].message.en


def test_a_declared_column_keeps_the_unit_that_its_name_implies() -> None:
    """Once the unit was lost when a project named the column that would have been found anyway."""
    columns = ["yhdbh", "隐患点名称", "灾害类型", "wxrsr", "wxccwy", "财产"]
    found = match(columns, "geohazard_points", threatened_property_cny="wxccwy").matches["threatened_property_cny"]
    assert (found.how, found.unit) == ("declared", "万元")
    other = match(columns, "geohazard_points", threatened_property_cny="财产").matches["threatened_property_cny"]
    assert other.unit is None


def test_a_column_serves_one_field_only() -> None:
    found = match(["编号", "名称", "类别", "存量", "最大量(t)"], "hazchem_inventory")
    assert len(set(found.mapping.values())) == len(found.mapping)


def test_one_of_several_groups() -> None:
    assert codes(match(["road_name"], "roads")) == ["FIELD_GROUP"]
    assert not codes(match(["highway"], "roads"))
    assert not codes(match(["道路等级"], "roads"))


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_names_cut_at_ten_bytes(encoding: str) -> None:
    cut = "受威胁人数".encode(encoding)[:10].decode(encoding, "ignore")
    columns = ["yhdbh", "yhdmc", "yhdlx", cut]
    spec = house().layer("geohazard_points")
    assert "threatened_people" not in match_fields(columns, spec, {}).matches or encoding == "gbk"
    found = match_fields(columns, spec, {}, cut_names=True)
    assert found.mapping["threatened_people"] == cut


def test_a_cut_name_whose_unit_is_gone_is_not_guessed() -> None:
    # ten bytes of 地区生产总值(万元) and of 地区生产总值(亿元) are the same
    cut = "地区生产总值(万元)".encode("gbk")[:10].decode("gbk")
    found = match_fields([cut], house().layer("exposure_gdp"), {}, cut_names=True)
    assert "gdp" not in found.matches
    told = next(f for f in found.findings if f.code == "FIELD_AMBIGUOUS")
    assert "万元" in told.message.en
    assert "亿元" in told.message.en


def test_own_id_beats_an_alias_and_case_is_forgiven() -> None:
    found = match(["NAME", "名称", "Code"], "townships")
    assert found.mapping == {"name": "NAME", "code": "Code"}


def test_fold() -> None:
    assert fold("　ＷＸ rsr（人）") == "wxrsr(人)"
