"""Write the example exports beside this file: always the same bytes, every person and number invented.

    python examples/make_exports.py [FOLDER]

The story's "now" is 2026-11-23 10:00 +08:00.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from xml.sax.saxutils import escape

GOODS = {
    "HONEY-500": ("山里人家百花蜂蜜玻璃瓶装500g", "39.90"),
    "FRUIT-BOX": ("当季鲜果礼盒约5斤装", "88.00"),
    "PUFF-12": ("膨化零食大礼包12袋", "29.90"),
    "GLASS-6": ("透明玻璃水杯6只装", "45.00"),
    "BOWL-4": ("家用陶瓷饭碗4只装", "39.00"),
    "SHAM-750": ("柔顺洗发水750ml", "49.90"),
    "TISSUE-10": ("原木抽纸10包", "25.90"),
    "SOAP-3": ("清香香皂3块装", "15.90"),
    "WASH-3": ("薰衣草洗衣液3kg", "36.90"),
    "MILK-12": ("纯牛奶250ml*12盒", "33.00"),
    "COLA-24": ("可乐型汽水330ml*24罐", "52.80"),
    "JUICE-1": ("鲜橙汁玻璃瓶装1L", "18.50"),
    "RICE-5": ("东北大米5kg", "42.80"),
    "OIL-5": ("压榨花生油5L", "89.90"),
    "NOODLE-5": ("红烧牛肉面5连包", "14.90"),
    "YOGURT-12": ("原味酸奶100g*12杯", "45.60"),
    "APPLE-3": ("红富士苹果约3斤", "26.80"),
    "GIFT-CUP": ("【赠品】马克杯1只", "0.00"),
}

NAMES = (
    "张测试", "李示例", "王样本", "赵虚构", "钱演示", "孙模拟",
    "周假设", "吴范例", "郑试写", "冯无此", "陈占位", "褚练习",
)  # fmt: skip
PLACES = (
    "浙江省 杭州市 余杭区 示例街道样例路{n}号1幢{n}室(311100)",
    "上海 上海市 静安区 示例街道样例路{n}号(200000)",
    "广东省 广州市 天河区 示例街道样例大厦{n}楼(510000)",
    "河南省 济源市 示例街道样例小区{n}号(459000)",
    "四川省 成都市 武侯区 示例街道样例路{n}号(610000)",
    "北京 北京市 朝阳区 示例街道样例里{n}号(100000)",
)

UNPAID, PAID, PART, SHIPPED, DONE, CLOSED = (
    "等待买家付款", "买家已付款，等待卖家发货", "卖家部分发货", "卖家已发货，等待买家确认", "交易成功", "交易关闭",
)  # fmt: skip

# status, lines as SKU*units, created, paid, dispatched, confirmed, and what else is special of the order.
ORDERS: list[dict[str, str]] = [
    {"is": SHIPPED, "of": "HONEY-500", "at": "11-19 20:11:05", "paid": "11-19 20:11:32", "sent": "11-20 15:02:00",
     "signed": "11-22 14:26:00", "by": "圆通速递"},
    {"is": SHIPPED, "of": "FRUIT-BOX PUFF-12*2", "at": "11-20 09:40:18", "paid": "11-20 09:41:02",
     "sent": "11-20 18:30:00", "signed": "11-22 16:05:00", "by": "顺丰速运", "say": "水果要新鲜, 别压坏"},
    {"is": UNPAID, "of": "SHAM-750", "at": "11-23 09:12:44"},
    {"is": CLOSED, "of": "COLA-24", "at": "11-20 08:00:00", "why": "买家未付款"},
    {"is": PAID, "of": "OIL-5", "at": "11-20 21:05:00", "paid": "11-20 21:06:10", "memo": "仓库缺货，等补货",
     "short": "yes"},
    {"is": PAID, "of": "RICE-5 NOODLE-5*2", "at": "11-22 19:20:00", "paid": "11-22 19:20:41", "lbx": "yes"},
    {"is": PART, "of": "MILK-12 FRUIT-BOX", "at": "11-21 10:00:00", "paid": "11-21 10:00:30",
     "sent": "11-22 09:30:00", "by": "中通快递", "memo": "水果另发"},
    {"is": SHIPPED, "of": "TISSUE-10*2", "at": "11-21 13:00:00", "paid": "11-21 13:01:00", "sent": "11-22 08:10:00",
     "by": "韵达快递", "track": "运输中"},
    {"is": SHIPPED, "of": "WASH-3", "at": "11-18 11:00:00", "paid": "11-18 11:00:45", "sent": "11-19 17:00:00",
     "by": "极兔速递", "track": "已下单", "memo": "无揽收记录，催过一次"},
    {"is": SHIPPED, "of": "SOAP-3", "at": "11-18 22:15:00", "paid": "11-18 22:15:20", "sent": "11-19 16:00:00",
     "signed": "11-21 19:40:00", "by": "中通快递"},
    {"is": DONE, "of": "GLASS-6", "at": "11-08 10:30:00", "paid": "11-08 10:31:00", "sent": "11-09 09:00:00",
     "signed": "11-11 12:00:00", "end": "11-21 12:00:05", "by": "圆通速递"},
    {"is": DONE, "of": "RICE-5 OIL-5 SHAM-750", "at": "11-05 09:00:00", "paid": "11-05 09:00:30",
     "sent": "11-05 18:00:00", "signed": "11-08 11:20:00", "end": "11-18 11:20:03", "post": "6.00", "by": "中通快递"},
    {"is": SHIPPED, "of": "MILK-12*12", "at": "11-17 14:00:00", "paid": "11-17 14:02:00", "sent": "11-18 10:00:00",
     "signed": "11-20 10:45:00", "by": "德邦快递", "feed": "破损|外箱破损，快递责任"},
    {"is": SHIPPED, "of": "GLASS-6 BOWL-4", "at": "11-16 20:00:00", "paid": "11-16 20:00:50", "sent": "11-17 16:00:00",
     "signed": "11-19 18:30:00", "by": "圆通速递", "back": "买家已经申请退款，等待卖家同意", "flag": "黄",
     "feed": "漏发|监控确认少放一件", "memo": "客户说少一套碗，仓库核对中"},
    {"is": CLOSED, "of": "YOGURT-12", "at": "11-12 08:00:00", "paid": "11-12 08:00:30", "sent": "11-12 17:00:00",
     "why": "退款", "by": "顺丰速运", "back": "退款成功", "track": "拒签退回"},
    {"is": SHIPPED, "of": "APPLE-3*2", "at": "11-19 07:50:00", "paid": "11-19 07:50:40", "sent": "11-19 19:00:00",
     "signed": "11-21 09:15:00", "by": "顺丰速运", "say": '=HYPERLINK("http://example.invalid/x","点我")'},
    {"is": CLOSED, "of": "TISSUE-10 SOAP-3", "at": "11-06 08:00:00", "paid": "11-06 08:00:30", "sent": "11-07 18:00:00",
     "why": "退款", "by": "极兔速递", "back": "退款成功", "track": "丢失", "memo": "快递丢件，已理赔"},
    {"is": SHIPPED, "of": "JUICE-1*6", "at": "11-20 12:00:00", "paid": "11-20 12:01:00", "sent": "11-21 09:00:00",
     "signed": "11-22 20:10:00", "by": "中通快递", "memo": '客户称碎2瓶, 已发"照片"'},
    {"is": SHIPPED, "of": "RICE-5*2 MILK-12*2 TISSUE-10 NOODLE-5*3", "at": "11-19 18:00:00", "paid": "11-19 18:03:00",
     "sent": "11-20 11:00:00", "signed": "11-22 11:30:00", "by": "韵达快递"},
    {"is": SHIPPED, "of": "COLA-24*2", "at": "11-21 08:30:00", "paid": "11-21 08:30:44", "sent": "11-21 20:00:00",
     "by": "EMS", "track": "派送中"},
    {"is": PAID, "of": "YOGURT-12*2", "at": "11-23 08:55:00", "paid": "11-23 08:56:10",
     "moved": "江苏省 南京市 建邺区 示例大街2号样例大厦8楼(210000)"},
    {"is": SHIPPED, "of": "FRUIT-BOX GIFT-CUP", "at": "11-19 10:10:00", "paid": "11-19 10:10:30",
     "sent": "11-19 21:00:00", "signed": "11-21 17:00:00", "by": "顺丰速运"},
    {"is": DONE, "of": "BOWL-4", "at": "10-20 09:00:00", "paid": "10-20 09:00:30", "sent": "10-20 18:00:00",
     "signed": "10-23 09:30:00", "end": "11-02 09:30:02", "by": "中通快递"},
    {"is": CLOSED, "of": "APPLE-3", "at": "11-22 07:00:00", "paid": "11-22 07:00:30", "why": "退款",
     "back": "退款成功"},
]  # fmt: skip


def columns(names: str) -> list[str]:
    """Return a header row from its names, joined by commas."""
    return names.split(",")


ORDER_HEAD = columns(
    "订单编号,买家会员名,买家支付宝账号,支付单号,支付详情,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,"
    "虚拟号过期时间,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,"
    "店铺名称,订单关闭原因,"
    "卖家服务费,买家服务费,发票抬头,是否手机订单,修改后的收货地址,天猫卡券抵扣,集分宝抵扣,退款金额,确认收货时间,"
    "打款商家金额,发货时间,商家备忘,备注标签,主订单编号"
)
ITEM_HEAD = columns(
    "子订单编号,主订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码,支付单号,"
    "买家应付货款,买家实际支付金额,退款状态,退款金额,订单创建时间,订单付款时间"
)
XLSX_HEAD = columns(
    "订单编号,支付单号,买家应付货款,买家应付邮费,总金额,买家实付金额,订单状态,收货地址,订单创建时间,订单付款时间,商品标题,"
    "宝贝种类,物流单号,物流公司,备注标签,商家备注,宝贝总数量,订单关闭原因,商家编码,退款金额,发货时间,确认收货时间"
)
DELIVERY_HEAD = columns(
    "订单编号,LBX单号,物流公司,物流公司编码,物流单号,发货时间,揽收时间,签收时间,物流状态,最新轨迹时间,最新轨迹,异常原因"
)
WAREHOUSE_HEAD = columns(
    "登记时间,仓库,LBX单号,订单编号,物流公司,物流单号,反馈类型,商家编码,应发数量,实发数量,处理状态,处理说明,登记人"
)

TOP_STATUS = {
    UNPAID: "WAIT_BUYER_PAY", PAID: "WAIT_SELLER_SEND_GOODS", PART: "SELLER_CONSIGNED_PART",
    SHIPPED: "WAIT_BUYER_CONFIRM_GOODS", DONE: "TRADE_FINISHED", CLOSED: "TRADE_CLOSED",
}  # fmt: skip
TOP_REFUND = {"": "NO_REFUND", "买家已经申请退款，等待卖家同意": "WAIT_SELLER_AGREE", "退款成功": "SUCCESS"}


def yuan(fen: int) -> str:
    """Return fen as CNY with two places."""
    return f"{fen // 100}.{fen % 100:02d}"


class Line:
    """One order line of the story."""

    def __init__(self, word: str, tid: str, place: int, alone: bool) -> None:
        self.sku, _, units = word.partition("*")
        self.title, self.price = GOODS[self.sku]
        self.num = int(units or 1)
        self.fen = round(float(self.price) * 100) * self.num
        self.oid = tid if alone else str(int(tid) + 100_000 * (place + 1))


class Case:
    """One order of the story, with all its numbers."""

    def __init__(self, number: int, data: dict[str, str]) -> None:
        self.n = number
        self.data = data
        self.tid = str(5_200_000_000_000_010_000 + number)
        words = data["of"].split()
        self.lines = [Line(word, self.tid, place, len(words) == 1) for place, word in enumerate(words)]
        self.goods = sum(line.fen for line in self.lines)
        self.post = round(float(data.get("post", "0")) * 100)
        self.paid = self.goods + self.post if "paid" in data else 0
        self.name = NAMES[number % len(NAMES)]
        self.address = PLACES[number % len(PLACES)].format(n=number)
        self.phone = f"138000000{number:02d}"
        self.parcel = f"SY{90_000_000_000 + number * 137}" if "by" in data else ""
        self.lbx = f"LBX52000000000{number:04d}" if "by" in data or "lbx" in data else ""
        self.pay_no = f"20261100220052000000000000{number:02d}" if "paid" in data else ""
        self.refund = self.paid if data.get("back") == "退款成功" else 0

    def at(self, key: str) -> str:
        """Return a time of the order in full, ``""`` where it has none."""
        return f"2026-{self.data[key]}" if key in self.data else ""

    def line_refund(self, place: int) -> str:
        """Return the refund status text of a line: a whole refund is on all lines, one asked for is on the last."""
        said = self.data.get("back", "")
        return said if said == "退款成功" or place == len(self.lines) - 1 else ""


def csv_field(value: str, bare: bool = False) -> str:
    """Return a field as the backend writes it: quoted, or a bare ``="…"`` for numbers."""
    if bare:
        return f'="{value}"'
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def csv_text(head: list[str], rows: list[dict[str, str]], bare: tuple[str, ...]) -> str:
    """Return a report as text; a column that a row does not name is empty."""
    out = [",".join(csv_field(name) for name in head)]
    for row in rows:
        out.append(",".join(csv_field(row.get(name.strip(), ""), name in bare) for name in head))
    return "\r\n".join(out) + "\r\n"


def order_row(case: Case) -> dict[str, str]:
    """Return the order report's row."""
    data = case.data
    return {
        "订单编号": case.tid, "主订单编号": case.tid, "买家会员名": f"sm_demo{case.n:04d}",
        "买家支付宝账号": f"demo{case.n:04d}@example.invalid", "支付单号": case.pay_no,
        "支付详情": f"支付方式：支付宝|支付金额：{yuan(case.paid)}" if case.paid else "",
        "买家应付货款": yuan(case.goods), "买家应付邮费": yuan(case.post), "总金额": yuan(case.goods + case.post),
        "买家支付积分": "0", "返点积分": "0", "买家实际支付积分": "0", "买家实际支付金额": yuan(case.paid),
        "买家实付金额": yuan(case.paid), "订单状态": data["is"], "买家留言": data.get("say", ""),
        "收货人姓名": case.name, "收货地址": case.address, "运送方式": "快递", "联系手机": f"'{case.phone}",
        "订单创建时间": case.at("at"), "订单付款时间": case.at("paid"),
        "宝贝标题": "，".join(line.title for line in case.lines), "宝贝种类": str(len(case.lines)),
        "物流单号": case.parcel, "物流公司": data.get("by", ""), "订单备注": data.get("memo", ""),
        "商家备忘": data.get("memo", ""), "宝贝总数量": str(sum(line.num for line in case.lines)), "店铺Id": "0",
        "店铺名称": "示例超市", "订单关闭原因": data.get("why", "订单未关闭"), "卖家服务费": "0", "买家服务费": "0元",
        "是否手机订单": "手机订单", "修改后的收货地址": data.get("moved", ""), "退款金额": yuan(case.refund),
        "确认收货时间": case.at("end"), "打款商家金额": yuan(case.paid - case.refund if data["is"] == DONE else 0),
        "发货时间": case.at("sent"), "备注标签": data.get("flag", ""),
    }  # fmt: skip


def item_rows(case: Case) -> list[dict[str, str]]:
    """Return the item report's rows."""
    rows = []
    for place, line in enumerate(case.lines):
        refund = case.line_refund(place)
        rows.append({
            "子订单编号": line.oid, "主订单编号": case.tid, "标题": line.title, "价格": line.price,
            "购买数量": str(line.num), "外部系统编号": line.sku, "商家编码": line.sku, "订单状态": case.data["is"],
            "支付单号": case.pay_no, "买家应付货款": yuan(line.fen),
            "买家实际支付金额": yuan(line.fen) if case.paid else "0.00", "退款状态": refund or "没有申请退款",
            "退款金额": yuan(line.fen) if refund else "无退款申请", "订单创建时间": case.at("at"),
            "订单付款时间": case.at("paid"),
        })  # fmt: skip
    return rows


def delivery_row(case: Case) -> dict[str, str]:
    """Return the delivery report's row."""
    state = "已签收" if "signed" in case.data else case.data.get("track", "运输中")
    last = case.at("signed") or case.at("sent")
    said = {"已签收": "已签收，签收人：本人", "已下单": "商家已下单"}.get(state, "快件离开【示例转运中心】")
    return {
        "订单编号": case.tid, "LBX单号": case.lbx, "物流公司": case.data["by"], "物流单号": case.parcel,
        "发货时间": case.at("sent"), "揽收时间": "" if state == "已下单" else case.at("sent"),
        "签收时间": case.at("signed"), "物流状态": state, "最新轨迹时间": last, "最新轨迹": said,
        "异常原因": {"已下单": "超48小时未揽收", "丢失": "快递确认丢件", "拒签退回": "拒签"}.get(state, ""),
    }  # fmt: skip


def warehouse_row(case: Case) -> dict[str, str]:
    """Return the warehouse feedback's row."""
    usual = "缺货|预计 11-25 到货" if "short" in case.data else "排队|已接单"
    kind, _, said = case.data.get("feed", usual).partition("|")
    line = case.lines[-1]
    return {
        "登记时间": "2026-11-22 09:30:00", "仓库": "华东示例仓", "LBX单号": case.lbx, "订单编号": case.tid,
        "物流公司": case.data.get("by", ""), "物流单号": case.parcel, "反馈类型": kind, "商家编码": line.sku,
        "应发数量": str(line.num), "实发数量": "0" if kind in ("缺货", "漏发") else str(line.num),
        "处理状态": "待补货" if kind == "缺货" else "已核实", "处理说明": said, "登记人": "仓管甲",
    }  # fmt: skip


def xlsx_row(case: Case) -> list[str]:
    """Return the row as the backend's spreadsheet has it now: no name, no phone, the address masked."""
    row = order_row(case)
    row["商品标题"] = ",".join(line.title for line in case.lines)
    row["商家备注"] = row["订单备注"]
    row["商家编码"] = ",".join(line.sku for line in case.lines)
    row["收货地址"] = row["收货地址"].split("样例")[0].split("示例大街")[0] + "****"
    row["订单状态"] = row["订单状态"].replace("，", ",") if case.data["is"] == PAID else row["订单状态"]
    return [row.get(name, "") for name in XLSX_HEAD]


def write_xlsx(path: str, rows: list[list[str]]) -> None:
    """Write a sheet as the backend does: inline strings, and a dimension that is wrong."""
    body = []
    for row in rows:
        cells = "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>' for cell in row)
        body.append(f"<row>{cells}</row>")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><dimension ref="A1"/>'
        f"<sheetData>{''.join(body)}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, (2026, 11, 23, 10, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, xml + text)


def trade(case: Case) -> dict[str, object]:
    """Return the order as TOP answers it."""
    state, city, *rest = case.address.split(" ")
    data: dict[str, object] = {
        "tid": int(case.tid), "tid_str": case.tid, "status": TOP_STATUS[case.data["is"]], "type": "fixed",
        "buyer_nick": "s**", "created": case.at("at"), "payment": yuan(case.goods + case.post),
        "post_fee": yuan(case.post), "num": case.lines[0].num if len(case.lines) == 1 else 0,
        "receiver_name": case.name[0] + "**", "receiver_mobile": f"138****{case.phone[-4:]}",
        "receiver_state": state, "receiver_city": city, "receiver_district": rest[0], "receiver_address": "示例****",
        "seller_flag": 2 if "flag" in case.data else 0, "seller_memo": case.data.get("memo", ""),
    }  # fmt: skip
    for key, name in (("pay_time", "paid"), ("consign_time", "sent"), ("end_time", "end")):
        if name in case.data:
            data[key] = case.at(name)
    lines = []
    for place, line in enumerate(case.lines):
        one: dict[str, object] = {
            "oid": int(line.oid), "oid_str": line.oid, "outer_sku_id": line.sku, "title": line.title,
            "price": line.price, "num": line.num, "payment": yuan(line.fen), "divide_order_fee": yuan(line.fen),
            "refund_status": TOP_REFUND[case.line_refund(place)], "status": TOP_STATUS[case.data["is"]],
        }  # fmt: skip
        if case.parcel:
            one |= {"logistics_company": case.data["by"], "invoice_no": case.parcel}
        lines.append(one)
    data["orders"] = {"order": lines}
    return data


def main() -> None:
    """Write all files."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    cases = [Case(number, data) for number, data in enumerate(ORDERS, 1)]
    newest = sorted(cases, key=lambda case: case.at("at"), reverse=True)
    ids = ("订单编号", "主订单编号", "子订单编号")

    def write(name: str, text: str, encoding: str) -> None:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(text.encode(encoding))

    write("orders-2026-11.csv", csv_text(ORDER_HEAD, [order_row(case) for case in newest], ids), "gb18030")
    items = [row for case in newest for row in item_rows(case)]
    write("order-items-2026-11.csv", csv_text(ITEM_HEAD, items, ids), "gb18030")
    parcels = [delivery_row(case) for case in cases if case.parcel]
    write("delivery-report-2026-11.csv", csv_text(DELIVERY_HEAD, parcels, ()), "utf-8")
    told = [warehouse_row(case) for case in cases if {"feed", "short", "lbx"} & case.data.keys()]
    write("warehouse-feedback-2026-11.csv", csv_text(WAREHOUSE_HEAD, told, ids), "gb18030")
    write_xlsx(os.path.join(folder, "orders-2026-11.xlsx"), [XLSX_HEAD, *(xlsx_row(case) for case in newest)])
    few = [trade(cases[n]) for n in (0, 1, 13, 9)]
    answer = {"trades_sold_get_response": {"total_results": len(few), "has_next": False, "trades": {"trade": few}}}
    write("orders-top.json", json.dumps(answer, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
