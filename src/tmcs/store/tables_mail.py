"""The table of mail: what became of each sending of a report, so that nothing goes out twice."""

from __future__ import annotations

from typing import Final

#: Part of migration 3. state: sending (written before the connection is made), sent, failed (surely not accepted), unknown. recipients: the
#: address. detail: the words for it, ``[zh, en]``.
MAIL: Final = (
    """CREATE TABLE mail (
         message_id TEXT NOT NULL PRIMARY KEY, job TEXT NOT NULL, span TEXT NOT NULL, recipients TEXT NOT NULL,
         state TEXT NOT NULL, at TEXT NOT NULL, detail TEXT)""",
    "CREATE INDEX mail_job ON mail (job, span)",
)
