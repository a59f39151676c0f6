"""What can be wrong with a stored ledger: one rule each."""

from __future__ import annotations

from ...findings import Rule, Severity


def _rule(id_: str, sentence: str, why: str) -> Rule:
    return Rule(
        id=id_,
        row="LED",
        severity=Severity.CRITICAL,
        sentence=sentence,
        why=why,
        fix="Restore the store from a backup taken before the change, and find who made it.",
        source="RFC 6962 section 2.1",
    )


ALTERED = _rule(
    "ledger.entry-altered",
    "Entry {seq} is not what was appended.",
    "Its text no longer hashes to the leaf that was stored with it.",
)
MISSING = _rule(
    "ledger.entry-missing", "Entry {seq} is missing.", "Entries are numbered without gaps."
)
ADDED = _rule(
    "ledger.entry-added",
    "Entry {seq} was never appended.",
    "Entries are numbered from 0 without gaps, and none lies before the first.",
)
MISFILED = _rule(
    "ledger.entry-misfiled",
    "Entry {seq} is filed under another run, slot, action or entity than it says.",
    "The columns that searches use were changed.",
)
TREE = _rule(
    "ledger.tree-altered",
    "The hash of entries {first} to {last} is not that of their leaves.",
    "A stored subtree hash was changed, or entries and leaves were changed together.",
)
FRONTIER = _rule(
    "ledger.frontier-altered",
    "The stored frontier of the tree is not that of its leaves.",
    "It was changed; the entries and their signed root are whole.",
)
ROOT = _rule(
    "ledger.root-mismatch",
    "The {entries} entries do not have the root that was signed for {signed}.",
    "Entries were changed, cut off or added together with their hashes.",
)
UNSIGNED = _rule(
    "ledger.checkpoint-invalid",
    "The checkpoint is not signed by this ledger's key.",
    "It was changed, or written with another key.",
)
KEY = _rule(
    "ledger.key-not-endorsed",
    "Entry {seq} changes the key without the old key's signature.",
    "Only the holder of the old key can name the next.",
)
ROLLED_BACK = _rule(
    "ledger.rolled-back",
    "The ledger has {entries} entries; a checkpoint kept elsewhere has {kept}.",
    "Entries that were once signed are gone: the store was rolled back or cut.",
)
FORKED = _rule(
    "ledger.anchor-mismatch",
    "The first {kept} entries do not have the root of the checkpoint kept elsewhere.",
    "History was written anew by someone who holds the key.",
)
FOREIGN = _rule(
    "ledger.anchor-invalid",
    "The checkpoint kept elsewhere is not signed by this ledger's key.",
    "It was changed, or it is another ledger's.",
)
UNREADABLE = _rule(
    "ledger.unreadable",
    "The stored ledger cannot be read from entry {seq} on.",
    "The file itself is damaged.",
)
RULES = (
    ALTERED, MISSING, ADDED, MISFILED, TREE, FRONTIER, ROOT, UNSIGNED, KEY, ROLLED_BACK, FORKED,
    FOREIGN, UNREADABLE,
)  # fmt: skip
