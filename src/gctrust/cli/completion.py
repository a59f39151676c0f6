"""`gctrust completion`: the script that completes gctrust's commands in a shell."""

from __future__ import annotations

from typing import Literal

from .exit_codes import ExitCode
from .output import Output


def completion(shell: Literal["bash", "zsh", "fish"], /) -> ExitCode:
    """Print the completion script of a shell.

    Parameters
    ----------
    shell
        For instance: gctrust completion bash > ~/.local/share/bash-completion/completions/gctrust
    """
    from .main import build

    Output().raw(build().generate_completion(shell=shell))
    return ExitCode.FINE
