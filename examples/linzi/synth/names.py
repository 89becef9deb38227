"""Names. Township names and codes (GB/T 2260) and the census total are facts; the rest is invented."""

from __future__ import annotations

from typing import NamedTuple

DISTRICT = "临淄区"
DISTRICT_CODE = "370305"
POPULATION = 649_160  # 2020 census, the whole district


class Township(NamedTuple):
    """A township: real name and code; people, seat and size factor are invented."""

    name: str
    code: str
    people: int
    seat_km: tuple[float, float]
    size: float


TOWNSHIPS = [
    Township("闻韶街道", "370305001", 101_230, (-1.9, 6.2), 0.72),
    Township("雪宫街道", "370305002", 96_480, (2.6, 6.3), 0.70),
    Township("辛店街道", "370305003", 88_915, (-1.7, 2.0), 0.74),
    Township("稷下街道", "370305004", 84_207, (2.7, 2.2), 0.74),
    Township("齐陵街道", "370305005", 31_706, (8.9, -4.6), 1.12),
    Township("齐都镇", "370305100", 43_912, (3.6, 11.6), 0.95),
    Township("皇城镇", "370305102", 38_455, (9.1, 7.6), 0.95),
    Township("敬仲镇", "370305103", 33_871, (-0.2, 16.0), 0.98),
    Township("朱台镇", "370305104", 39_246, (-8.3, 12.3), 1.08),
    Township("金岭镇", "370305107", 17_903, (-7.4, -2.6), 0.86),
    Township("凤凰镇", "370305109", 45_128, (-7.6, 4.8), 1.0),
    Township("金山镇", "370305111", 28_107, (0.3, -9.6), 1.5),
]

STREET_WORDS = (  # invented street names; any likeness to a real street is chance
    [
        "文成",
        "景和",
        "云岭",
        "泰安里",
        "宏德",
        "崇礼",
        "怀远",
        "清源",
        "永宁",
        "昌盛",
        "瑞丰",
        "同德",
        "兴业",
        "学苑",
        "康乐",
        "新风",
        "长春",
        "嘉禾",
        "明德",
        "百川",
    ],
    ["", "东", "西", "一", "二", "北"],
)

VILLAGE_WORDS = (  # invented village names: a place word, a family name, an ending
    ["", "", "", "东", "西", "南", "北", "前", "后", "大", "小", "上", "下"],
    list(
        "王李张刘陈杨赵孙周徐朱高林郭罗郑谢宋唐许韩冯邓曹彭曾田董袁潘于蒋蔡余杜叶程魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    ),
    ["家庄村", "家村", "家屯村", "官庄村", "家沟村", "家寨村", "家桥村", "旺村"],
)
COMMUNITY_WORDS = (
    [
        "和平",
        "朝阳",
        "光明",
        "团结",
        "建设",
        "胜利",
        "安乐",
        "桃园",
        "柳泉",
        "翠湖",
        "金茂",
        "锦绣",
        "蓝天",
        "绿洲",
        "银座",
        "星河",
        "春晓",
        "秋实",
        "御景",
        "书香",
    ],
    ["", "东里", "西里", "新村", "花园", "苑"],
)
RARE_VILLAGE = "石㙍村"  # a character that GB18030 has and GBK has not

COMPANY_WORDS = (  # invented company names: a word and a trade
    [
        "宏盛",
        "鲁华",
        "天成",
        "恒信",
        "瑞达",
        "金桥",
        "海蓝",
        "中元",
        "祥龙",
        "齐源",
        "东方",
        "华泰",
        "久盛",
        "安泽",
        "联创",
        "润丰",
    ],
    ["化工", "石化", "气体", "新材料", "精细化工", "仓储", "助剂"],
)
