"""The flow `held-order`: handbook section H01."""

from tmcs import FlowFiles, hookimpl


@hookimpl
def tmcs_flow() -> FlowFiles:
    """Say where the flow's files are."""
    return FlowFiles.beside(__file__)
