"""Finding encodings from bytes: what is certain, what is told, what is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmap.data.cells import unmangled
from riskmap.data.encodings import CHINESE, codecs_name, dbf_text, detect
from riskmap.errors import DataError

CHINESE_TEXT = "编号,名称,威胁人数\n141032010001,芝河镇滑坡,35\n"


def dbf(fields: list[tuple[bytes, int]], rows: list[list[bytes]], language: int = 0) -> bytes:
    """Make a dBase III table of text fields by hand."""
    width = 1 + sum(size for _, size in fields)
    head = struct.pack("<BBBBIHH17xB2x", 3, 120, 1, 1, len(rows), 32 + 32 * len(fields) + 1, width, language)
    for name, size in fields:
        head += name.ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([size]) + b"\0" * 15
    body = b"".join(b" " + b"".join(c.ljust(s) for c, (_, s) in zip(r, fields, strict=True)) for r in rows)
    return head + b"\r" + body + b"\x1a"


@pytest.mark.parametrize(
    ("encoding", "name", "how"),
    [
        ("utf-8", "UTF-8", "bytes"),
        ("utf-8-sig", "UTF-8-SIG", "bom"),
        ("gbk", CHINESE, "bytes"),
        ("gb18030", CHINESE, "bytes"),
        ("utf-16", "UTF-16", "bom"),
        ("utf-16-le", "utf-16-le", "bytes"),
        ("utf-16-be", "utf-16-be", "bytes"),
    ],
)
def test_usual_encodings(encoding: str, name: str, how: str) -> None:
    found = detect(CHINESE_TEXT.encode(encoding))
    assert (found.name, found.how) == (name, how)
    assert CHINESE_TEXT.encode(encoding).decode(found.name).removeprefix("\ufeff") == CHINESE_TEXT


def test_the_only_foreign_byte_may_stand_on_the_last_line() -> None:
    data = b"id,name\n" + b"1,abc\n" * 100_000 + "2,𪚥村".encode("gb18030")
    assert detect(data).name == CHINESE


def test_a_claim_that_the_bytes_contradict_loses_and_is_told() -> None:
    found = detect("芝河镇".encode("gbk"), claimed="UTF-8")
    assert (found.name, found.contradicts) == (CHINESE, "UTF-8")
    assert [f.code for f in found.findings("villages", "a.shp")] == ["ENCODING_CPG_WRONG"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("rest", [b"2,a\0b\n", b"\0" * 501])
def test_zero_bytes_in_a_damaged_file_do_not_make_it_utf16(encoding: str, rest: bytes) -> None:
    data = "编号,村名,人口\n1,芝河镇,5\n".encode(encoding) + rest
    assert detect(data).name.lower() == encoding


@pytest.mark.parametrize("claim", ["936", "ANSI 936", "GBK", "gb2312", "CP936", "54936"])
def test_code_pages_as_cpg_files_write_them(claim: str) -> None:
    found = detect("芝河镇".encode("gbk"), claimed=claim)
    assert (found.name, found.how, found.contradicts) == (CHINESE, "claimed", None)


def test_a_wrong_declaration_is_refused() -> None:
    with pytest.raises(DataError, match="declared as UTF-8") as caught:
        detect("芝河镇".encode("gbk"), declared="UTF-8")
    assert caught.value.code == "ENCODING_DECLARED_WRONG"
    with pytest.raises(DataError, match="no encoding"):
        detect(b"a", declared="GBKK")


def test_neither_nor_is_refused() -> None:
    with pytest.raises(DataError, match="neither"):
        detect(b"\xff\xfa\xff\x81,\x20\xff")


def test_short_text_that_fits_both_is_read_as_chinese_and_told() -> None:
    # 一 in GBK is D2 BB, which is also a Cyrillic letter in UTF-8
    data = "id,x\n1,一\n".encode("gbk")
    assert data.decode("utf-8")
    found = detect(data)
    assert found.name == CHINESE
    assert [f.severity for f in found.findings("villages", "a.csv")] == ["warning"]


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4, max_size=60))
def test_hanzi_come_back_from_either_encoding(text: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        assert text.encode(encoding).decode(detect(text.encode(encoding)).name) == text


def test_characters_cut_by_the_width_of_a_field_do_not_mislead() -> None:
    name = "威胁人数多少".encode()[:10]  # three hanzi and a piece
    table = dbf([(name, 8)], [["芝河村".encode()[:8]], ["桑壁镇".encode()[:8]]])
    assert detect(dbf_text(table)).name == "UTF-8"
    odd = "芝河村".encode("gbk")[:5]
    assert detect(dbf_text(dbf([(b"NAME", 5)], [[odd]]))).name == CHINESE


def test_names_of_encodings() -> None:
    assert codecs_name("utf8") == "UTF-8"
    assert codecs_name("Big5") == "big5"
    assert codecs_name("nonsense") is None


@given(st.text(alphabet="芝河镇桑壁坡头乾坤湾望海寺楼山乡人民政府滑坡崩塌泥石流", min_size=1, max_size=20))
def test_sound_names_are_no_mojibake(text: str) -> None:
    assert unmangled(text) is None


@pytest.mark.parametrize("text", ["芝河", "桑壁镇人民政府", "滑坡隐患点"])
def test_mojibake_is_recognised(text: str) -> None:
    if len(text.encode()) % 2 == 0:
        assert unmangled(text.encode().decode("gb18030")) == text
    assert unmangled(text.encode("gbk").decode("latin-1")) == text


def test_rare_characters_throughout_speak_of_another_encoding() -> None:
    found = detect("村名,人口\n甲鄉鎮公所,1\n東興里,2\n".encode("big5"))
    assert [f.code for f in found.findings("villages", "a.csv")] == ["ENCODING_DOUBTFUL"]
    rare = detect("村名,人口\n𬇙水村,1\n昫町村,2\n孤山堃村,3\n".encode("gb18030"))
    assert [f.code for f in rare.findings("villages", "a.csv")] == ["ENCODING_GUESSED"]
