"""The living handbook: the running rules as pages, written as a static site and as Markdown.

:mod:`tmcs.manual.book` loads what is running; each module ``*_page`` turns one kind of thing into pages of the small model of
:mod:`tmcs.manual.model`; :mod:`tmcs.manual.html` and :mod:`tmcs.manual.markdown` write those. No rule is decided here.
"""
