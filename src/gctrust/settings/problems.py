"""What can be wrong with settings: the Problem types, and the Problem for one that is missing."""

from __future__ import annotations

from ..errors import ProblemKind, ProblemType, problem_catalogue

SOURCE = "docs/decisions/settings.md"

BAD_VALUE = ProblemType(
    "config.bad-value",
    "A setting has a value that cannot be used.",
    "Going on with another value than the one given would do something you did not ask for.",
    "Correct the value where it was given, or remove it there.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
CONFLICT = ProblemType(
    "config.conflict",
    "Two names of one setting have different values.",
    "The guides and the official tools name one thing differently; which was meant is unclear.",
    "Unset one of the two names, or give both the same value.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
UNKNOWN_SETTING = ProblemType(
    "config.unknown-setting",
    "A settings file names a setting that does not exist.",
    "A misspelt setting would be ignored silently.",
    "Correct the name; `gctrust config show` lists all settings.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
UNREADABLE_FILE = ProblemType(
    "config.unreadable-file",
    "A settings or secret file cannot be read.",
    "Settings that are there but cannot be read would be ignored silently.",
    "Check the path, its permissions and its syntax.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
EXPOSED_SECRET = ProblemType(
    "config.exposed-secret",
    "A secret is given where others can read it.",
    "Flags are seen in the process list, and project files are committed and shared.",
    "Put the secret in an environment variable or in a file of its own, and name that file.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
MISSING = ProblemType(
    "config.missing",
    "A setting that this command needs is not set.",
    "There is no safe default for it.",
    "Set it as a flag, in the environment or in gctrust.toml.",
    kind=ProblemKind.USAGE,
    source=SOURCE,
)
PROBLEMS = problem_catalogue(
    BAD_VALUE, CONFLICT, UNKNOWN_SETTING, UNREADABLE_FILE, EXPOSED_SECRET, MISSING
)
