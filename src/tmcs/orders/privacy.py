"""Personal data masked: what is left tells two customers apart and reaches neither.

Masked are the nick, the Alipay account, the receiver's name, phone and street address, the invoice title, and phone
numbers and mail addresses inside a memo. Province, city and district stay: rules ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_MOBILE = re.compile(r"(?<![0-9])(1[0-9]{2})[0-9]{4}([0-9]{4})(?![0-9])")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@([A-Za-z0-9.-]+)")
_HIDDEN = "***"


def mask_name(name: str) -> str:
    """Return a name by its first character: ``张**``."""
    return name[:1] + "**"


def mask_phone(phone: str) -> str:
    """Return a phone number by its first three and last four digits: ``138****0001``; a short one by its last two."""
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"****{phone[-2:]}"


def mask_account(account: str) -> str:
    """Return a nick or an account by its first character and last: ``t***1``; of a mail address the domain stays."""
    if "@" in account:
        user, domain = account.split("@", 1)
        if not user:  # no mailbox: the rest may be anything
            return _HIDDEN
        return f"{user[:1]}{_HIDDEN}@{domain}"
    if account.isdigit() and len(account) == 11:
        return mask_phone(account)
    return f"{account[:1]}{_HIDDEN}{account[-1:] if len(account) > 4 else ''}"


def mask_address(address: str) -> str:
    """Return a street address by its first two characters: ``示例****``."""
    return f"{address[:2]}****" if len(address) > 4 else "****"


def mask_memo(memo: str) -> str:
    """Return a memo with the phone numbers and mail addresses in it masked."""
    return _MAIL.sub(rf"{_HIDDEN}@\1", _MOBILE.sub(r"\1****\2", memo))


_MASKS: dict[str, Callable[[str], str]] = {
    "buyer_nick": mask_account, "alipay_no": mask_account, "seller_memo": mask_memo,
}  # fmt: skip
_RECEIVER_MASKS: dict[str, Callable[[str], str]] = {"name": mask_name, "mobile": mask_phone, "address": mask_address}


def mask_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an order record (schema ``tmcs/order/1``) with the person masked; keys and nulls stay."""
    masked = dict(record)
    for key, mask in _MASKS.items():
        if masked.get(key):
            masked[key] = mask(masked[key])
    receiver = masked.get("receiver")
    if receiver:
        receiver = dict(receiver)
        for key, mask in _RECEIVER_MASKS.items():
            if receiver.get(key):
                receiver[key] = mask(receiver[key])
        masked["receiver"] = receiver
    invoice = masked.get("invoice")
    if invoice and invoice.get("title"):
        masked["invoice"] = {**invoice, "title": mask_name(invoice["title"])}
    return masked
