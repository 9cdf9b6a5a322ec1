"""Orders: readers of the seller backend's exports, and the order book that keeps what they say.

Public names: :func:`tmcs.orders.select.order_record` (one order from a file or the book),
:class:`tmcs.orders.book.Book` (look-ups), :func:`tmcs.orders.ingest.import_files` (fill the book),
:mod:`tmcs.orders.readers` (the reader protocol) and :mod:`tmcs.orders.privacy` (masks).

Nothing is imported here: a look-up by order number costs sqlite3 and json only.
"""
