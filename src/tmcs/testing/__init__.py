"""A small kit to test a flow: an example order in any phase, and the worked cases beside a flow.

``examples.yaml`` holds the worked cases of a flow; ``tmcs flow check`` and a test of your own run the same ones:

>>> import tmcs
>>> from tmcs.testing import example_order, run_examples
>>> example_order("unpaid")["status"]
'WAIT_BUYER_PAY'
>>> flow, policy = tmcs.load_flow("missing-item"), tmcs.load_policy()
>>> [finding for result in run_examples(flow, policy) for finding in result.findings]
[]
"""

from __future__ import annotations

from tmcs.testing.examples import Example, Result, example_order, read_examples, run_example, run_examples

__all__ = ["Example", "Result", "example_order", "read_examples", "run_example", "run_examples"]
