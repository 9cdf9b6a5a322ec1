"""Proofs of flows from their files: :mod:`tmcs.core.prove` and :mod:`tmcs.core.prove_loops` with what is installed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from tmcs import flowcheck, loader
from tmcs.core.check import CheckReport
from tmcs.core.errors import TmcsError
from tmcs.core.flow import Flow
from tmcs.core.prove_report import FlowProof, LoopProof


class ProofRun:
    """What `tmcs flow check --prove` finds.

    Attributes:
        checks: the static checks, as without ``--prove``.
        proofs: the proof of each flow that can be walked.
        loops: the proof that nothing loops between flows.
    """

    def __init__(self) -> None:
        self.checks: list[CheckReport] = []
        self.proofs: list[FlowProof] = []
        self.loops = LoopProof({})

    @property
    def faults(self) -> int:
        """How many findings and faults there are."""
        found = sum(len(check.findings) for check in self.checks) + len(self.loops.faults)
        return found + sum(len(proof.faults) for proof in self.proofs)


def is_folder(word: str) -> bool:
    """Return whether a word names a folder with a flow, not an installed flow: it has a separator and ``flow.yaml``."""
    return os.sep in word and os.path.isfile(os.path.join(word, "flow.yaml"))


def open_folder(folder: str) -> Flow:
    """Return the flow whose files lie in a folder, with the flows installed that it may hand over to; unchecked."""
    from tmcs.plugins import registry

    flow = loader.read_flow_files(folder)
    flow.installed = frozenset(registry().flow_names())
    return flow


def prove_all(words: Iterable[str] = ()) -> ProofRun:
    """Check and prove the named flows, or all that are installed.

    Raises:
        InputError: there is no such flow.
    """
    from tmcs.plugins import registry

    chosen = list(words)
    run = ProofRun()
    run.checks = flowcheck.check_all(chosen)
    flows: dict[str, Flow] = {}
    places: dict[str, str] = {}
    for word, check in zip(chosen or registry().flow_names(), run.checks, strict=False):
        if not check.paths:  # unknown words, or a loop: there is nothing to walk
            continue
        folder = os.path.isfile(os.path.join(word, "flow.yaml"))
        flow = loader.read_flow_files(word) if folder else loader.load_flow(word, checked=False)
        flows[flow.id] = flow
        # `tmcs resolve` refuses an installed flow that fails its check; its folder it takes.
        places[flow.id] = _place(flow) if folder or check.findings else flow.id
        began = time.perf_counter()
        proof = _prove(flow, places[flow.id])
        proof.seconds = time.perf_counter() - began
        run.proofs.append(proof)
    run.loops = _loops(flows, places, bool(chosen))
    return run


def _prove(flow: Flow, word: str) -> FlowProof:
    from tmcs.core.prove import prove_flow

    return prove_flow(flow, loader.load_policy(), word)


def _place(flow: Flow) -> str:
    folder = os.path.dirname(flow.source)
    return folder if os.sep in folder else os.path.join(".", folder)


def _loops(chosen: dict[str, Flow], places: dict[str, str], some: bool) -> LoopProof:
    """Prove that nothing loops between the chosen flows, and between them and the installed ones."""
    from tmcs.core.prove_loops import prove_loops
    from tmcs.plugins import registry

    began = time.perf_counter()
    flows = dict(chosen)
    for name in registry().flow_names() if some else ():
        if name not in flows:
            try:
                flows[name] = loader.load_flow(name)
            except TmcsError:  # told of by its own check
                continue
    loops = prove_loops(flows, loader.load_policy())
    if some:
        loops.faults = [fault for fault in loops.faults if any(name in chosen for name in fault.node.split(" → "))]
        loops.cycles = [group for group in loops.cycles if any(name in chosen for name in group)]
        loops.graph = {name: following for name, following in loops.graph.items() if name in chosen}
    loops.words = places
    loops.seconds = time.perf_counter() - began
    return loops
