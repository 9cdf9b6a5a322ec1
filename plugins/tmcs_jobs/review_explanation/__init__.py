"""P01 评价解释: neutral and bad reviews with text are sorted by topic and answered by a call."""

from __future__ import annotations

import os

#: The lexicon that reviews are sorted by; a desk's own is laid over it.
LEXICON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lexicon.yaml")
