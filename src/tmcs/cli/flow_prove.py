"""What `tmcs flow check --prove` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tmcs.core.prove_report import FlowProof, LoopProof, ProofFault
    from tmcs.flowproof import ProofRun

_KINDS = {
    "gap": ("空缺", "gap"),
    "overlap": ("重叠", "overlap"),
    "no-result": ("无结果", "no result"),
    "other-end": ("结局不符", "another end"),
    "unanswerable": ("无法回答", "no answer"),
    "no-path": ("没有路径", "no path"),
    "loop": ("流程循环", "loop"),
    "cap": ("超过封顶", "above cap"),
    "authority": ("超出权限", "beyond authority"),
}


def print_proof(run: ProofRun, form: str, lang: str, checked: Sequence[str], seconds: float) -> None:
    """Print checks and proofs: ``checked`` are the lines of the static checks."""
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({
            "schema": "tmcs/flow-proof/1",
            "checked": [check.to_dict() for check in run.checks],
            "proved": [proof.to_dict() for proof in run.proofs],
            "loops": run.loops.to_dict(),
            "seconds": round(seconds, 3),
            "ok": not run.faults,
        }))  # fmt: skip
        return
    lines = [*checked, ""]
    for proof in run.proofs:
        lines += _flow_lines(proof, lang)
    lines += _loop_lines(run.loops, lang)
    combinations, cases = sum(p.combinations for p in run.proofs), sum(p.cases for p in run.proofs) + run.loops.cases
    lines.append(
        f"共 {len(run.proofs)} 个流程，{combinations} 种组合，实际求解 {cases} 次，{run.faults} 处问题，{seconds:.2f} 秒"
        if lang == "zh"
        else f"{len(run.proofs)} flows, {combinations} combinations, {cases} cases decided, {run.faults} faults, {seconds:.2f} s"
    )
    print("\n".join(lines))


def _flow_lines(proof: FlowProof, lang: str) -> list[str]:
    from tmcs.core.safe import clean

    mark = "✗" if proof.faults else "✓"
    reached, total = proof.ends
    said = (
        f"{proof.paths} 条路径，{proof.combinations} 种可能的组合，求解 {proof.cases} 次，终点 {reached}/{total}，{proof.seconds:.2f} 秒"
        if lang == "zh"
        else f"{proof.paths} paths, {proof.combinations} combinations that can occur, {proof.cases} cases decided, "
        f"ends {reached}/{total}, {proof.seconds:.2f} s"
    )
    proved = "已证明" if lang == "zh" else "proved"
    lines = [f"{mark} {clean(proof.id)} {proved if mark == '✓' else ''}".rstrip() + f": {said}"]
    for fault in proof.faults:
        lines += _fault_lines(fault, proof.word, lang)
    return lines


def _loop_lines(loops: LoopProof, lang: str) -> list[str]:
    mark, zh = "✗" if loops.faults else "✓", lang == "zh"
    ways = sum(map(len, loops.graph.values()))
    rings = "; ".join(", ".join(group) for group in loops.cycles) or "—"
    lines = [
        f"{mark} 流程之间: {ways} 处转交，图上成环的流程: {rings}，求解 {loops.cases} 次，循环 {len(loops.faults)} 处，{loops.seconds:.2f} 秒"
        if zh
        else f"{mark} between flows: {ways} hand-overs, rings in the graph: {rings}, {loops.cases} cases decided, "
        f"{len(loops.faults)} loops, {loops.seconds:.2f} s"
    ]
    for fault in loops.faults:
        lines += _fault_lines(fault, loops.words.get(fault.flow, fault.flow), lang)
    return lines


def _fault_lines(fault: ProofFault, word: str, lang: str) -> list[str]:
    from tmcs.core.safe import clean

    zh = lang == "zh"
    kind = _KINDS[fault.kind][not zh]
    state = f" [{fault.state.title[not zh]}]" if fault.state is not None else ""
    where = "" if fault.kind == "loop" else f"{fault.node}: "
    return [f"  {kind}: {clean(where)}{clean(fault.zh if zh else fault.en)}{state}", f"    {clean(fault.command(word))}"]
