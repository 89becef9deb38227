"""Substances of GB 18218-2018 that the invented plants hold: name, CAS number, threshold Q in tonnes.

``cap_t`` is the most that one invented unit may hold. Propylene and diesel aren't in table 1 of the standard:
they come with their table-2 class and without a CAS number.
"""

from __future__ import annotations

from typing import NamedTuple


class Substance(NamedTuple):
    """A substance with its threshold (t), a cap for one unit (t), and the class when table 1 lacks it."""

    name: str
    cas: str
    threshold_t: float
    cap_t: float
    group: str = ""


_ROWS = [
    Substance("氨", "7664-41-7", 10, 900),
    Substance("氯", "7782-50-5", 5, 260),
    Substance("硫化氢", "7783-06-4", 5, 25),
    Substance("氯化氢", "7647-01-0", 20, 120),
    Substance("氟化氢", "7664-39-3", 1, 30),
    Substance("二氧化硫", "7446-09-5", 20, 160),
    Substance("环氧乙烷", "75-21-8", 10, 700),
    Substance("溴甲烷", "74-83-9", 10, 40),
    Substance("甲烷", "74-82-8", 50, 2200),
    Substance("液化石油气", "68476-85-7", 50, 4500),
    Substance("乙烯", "74-85-1", 50, 5000),
    Substance("氢", "1333-74-0", 5, 60),
    Substance("乙炔", "74-86-2", 1, 6),
    Substance("氯乙烯", "75-01-4", 50, 6000),
    Substance("丁二烯", "106-99-0", 5, 900),
    Substance("一甲胺", "74-89-5", 5, 90),
    Substance("二甲醚", "115-10-6", 50, 900),
    Substance("甲醇", "67-56-1", 500, 24000),
    Substance("乙醇", "64-17-5", 500, 6000),
    Substance("汽油", "86290-81-5", 200, 26000),
    Substance("苯", "71-43-2", 50, 4200),
    Substance("甲苯", "108-88-3", 500, 6500),
    Substance("丙酮", "67-64-1", 500, 4000),
    Substance("苯乙烯", "100-42-5", 500, 9000),
    Substance("乙酸乙酯", "141-78-6", 500, 3500),
    Substance("正己烷", "110-54-3", 500, 2600),
    Substance("环己烷", "110-82-7", 500, 3000),
    Substance("环氧丙烷", "75-56-9", 10, 1600),
    Substance("丙烯腈", "107-13-1", 50, 5200),
    Substance("二硫化碳", "75-15-0", 50, 160),
    Substance("环氧氯丙烷", "106-89-8", 20, 700),
    Substance("甲苯二异氰酸酯", "26471-62-5", 100, 1200),
    Substance("溴", "7726-95-6", 20, 90),
    Substance("三氧化硫", "7446-11-9", 75, 300),
    Substance("氧", "7782-44-7", 200, 1500),
    Substance("碳化钙", "75-20-7", 100, 1800),
    Substance("丙烯", "", 10, 3200, "W2"),
    Substance("柴油", "", 5000, 48000, "W5.4"),
]
SUBSTANCES = {s.name: s for s in _ROWS}
ALIASES = {
    "氨": "液氨",
    "氯": "液氯",
    "碳化钙": "电石",
    "液化石油气": "液化气",
    "甲苯二异氰酸酯": "TDI",
    "乙酸乙酯": "醋酸乙酯",
    "氢": "氢气",
    "氧": "液氧",
    "甲烷": "天然气",
}
MIXES = {  # what plants of one kind of park hold
    "petrochemical": [
        "乙烯",
        "丙烯",
        "丁二烯",
        "苯",
        "苯乙烯",
        "丙烯腈",
        "氯乙烯",
        "氯",
        "氢",
        "氨",
        "液化石油气",
        "环氧乙烷",
        "甲苯",
        "硫化氢",
        "二氧化硫",
        "汽油",
        "柴油",
        "氯化氢",
        "环氧丙烷",
        "氧",
    ],
    "coal": [
        "甲醇",
        "乙醇",
        "氨",
        "二甲醚",
        "一甲胺",
        "氢",
        "液化石油气",
        "碳化钙",
        "乙炔",
        "三氧化硫",
        "正己烷",
        "氧",
        "苯",
    ],
    "fine": [
        "氯",
        "溴",
        "氟化氢",
        "甲苯二异氰酸酯",
        "环氧氯丙烷",
        "甲苯",
        "丙酮",
        "二氧化硫",
        "乙酸乙酯",
        "溴甲烷",
        "氯化氢",
        "氢",
        "二硫化碳",
        "环己烷",
        "氨",
    ],
    "depot": [
        "汽油",
        "柴油",
        "液化石油气",
        "甲烷",
        "甲醇",
        "甲苯",
        "苯",
        "丙酮",
        "乙醇",
    ],
}
PROCESSES = [
    "氯化工艺",
    "裂解（裂化）工艺",
    "合成氨工艺",
    "氧化工艺",
    "加氢工艺",
    "聚合工艺",
    "烷基化工艺",
    "过氧化工艺",
    "胺基化工艺",
]
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
