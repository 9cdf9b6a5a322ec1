"""The flow `reorder`: handbook section H11."""

from tmcs import FlowFiles, hookimpl


@hookimpl
def tmcs_flow() -> FlowFiles:
    """Say where the flow's files are."""
    return FlowFiles.beside(__file__)
