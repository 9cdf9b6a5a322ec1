"""The pure core: facts, flow graphs, policy, resolve, scripts, working calendar, money.

Nothing in here reads a file, a clock, the environment or a database, and nothing imports click, pluggy or YAML:
the layers around it do. `tests/test_purity.py` and an import contract keep it so.
"""
