"""Words for invented names of streets, villages, communities and companies; any likeness to real ones is chance."""

from __future__ import annotations

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
