"""Expand, then contract: which statements of a migration the release before it could not live with (R20).

While a release is rolled out, processes of the one before still run on the new tables. So a migration may only add: new
tables, new columns that may be empty or have a default, new indexes, fewer constraints. What takes away waits for a
migration of its own kind, marked `contract = True`, in a release after the one whose code no longer needs it.
"""

import ast
import re
from pathlib import Path

BREAKING = {
    "drops a table": re.compile(r"\bdrop\s+table\b", re.IGNORECASE),
    "drops a column": re.compile(r"\bdrop\s+(?:column|view|function|type|sequence|policy)\b", re.IGNORECASE),
    "renames": re.compile(r"\brename\s+(?:to|column|constraint|value)\b|\brename\s+\w+\s+to\b", re.IGNORECASE),
    "changes a type": re.compile(r"\balter\s+(?:column\s+)?\w+\s+(?:set\s+data\s+)?type\b", re.IGNORECASE),
    "forbids empty values": re.compile(r"\bset\s+not\s+null\b", re.IGNORECASE),
    "takes rights away": re.compile(r"\brevoke\b", re.IGNORECASE),
    "empties a table": re.compile(r"\btruncate\b(?!\s+on\b)", re.IGNORECASE),
}
NEW_COLUMN = re.compile(
    r"\badd\s+column\s+(?:if\s+not\s+exists\s+)?(?P<column>[^,;]*(?:\([^)]*\)[^,;]*)*)", re.IGNORECASE
)
REQUIRED, DEFAULT = (
    re.compile(r"\bnot\s+null\b", re.IGNORECASE),
    re.compile(r"\b(?:default|generated)\b", re.IGNORECASE),
)
NEW_CHECK = re.compile(
    r"\badd\s+(?:constraint\s+\w+\s+)?(?:check|unique|foreign\s+key|primary\s+key|exclude)\b", re.IGNORECASE
)
DROPPED_CHECK = re.compile(r"\bdrop\s+constraint\b", re.IGNORECASE)
NEW_TABLE = re.compile(r"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)", re.IGNORECASE)
SUBJECT = re.compile(r"\b(?:alter\s+table|on|delete\s+from|update)\s+(?:only\s+)?(\w+)", re.IGNORECASE)


def breaches(migration: str) -> list[str]:
    """What the migration of this source does that the release before could not live with.

    Nothing for a contract, and nothing for a service's first migration: no release was before it.
    """
    tree = ast.parse(migration)
    if _assigned(tree, "contract") is True or _assigned(tree, "down_revision") is None:
        return []
    texts = _texts(tree)
    new_tables = {name for text in texts for name in NEW_TABLE.findall(text)}
    new_columns = {match["column"].split()[0] for text in texts for match in NEW_COLUMN.finditer(text)}
    # Nobody knew the new tables before.
    old = [text for text in texts if not (subjects := set(SUBJECT.findall(text))) or subjects - new_tables]
    return [what for text in old for what in _breaches_of(text, new_columns)]


def _breaches_of(text: str, new_columns: set[str]) -> list[str]:
    found = [what for what, pattern in BREAKING.items() if pattern.search(text)]
    for match in NEW_COLUMN.finditer(text):
        if REQUIRED.search(match["column"]) and not DEFAULT.search(match["column"]):
            found.append("adds a column that must be given")
    about_new_ones = any(re.search(rf"\b{column}\b", text) for column in new_columns)
    if NEW_CHECK.search(text) and not DROPPED_CHECK.search(text) and not about_new_ones:
        found.append("adds a constraint")
    return found


def files(service_folder: Path) -> list[Path]:
    """The migrations of one service, oldest first."""
    return sorted((service_folder / "migrations").glob("[0-9]*.py"))


def _assigned(tree: ast.Module, name: str) -> object:
    """The constant that the module gives *name*; False without one."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [one.id for one in node.targets if isinstance(one, ast.Name)] == [name]:
            return node.value.value if isinstance(node.value, ast.Constant) else False
    return False


def _texts(tree: ast.Module) -> list[str]:
    """All literals, those of `downgrade` and of documentation left out; the fixed parts of an f-string as one."""
    kept = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == "downgrade")]
    documentation = {
        id(node.body[0].value)
        for part in (tree, *kept)
        for node in ast.walk(part)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    texts, inside = [], set()
    for part in kept:
        for node in ast.walk(part):
            if isinstance(node, ast.JoinedStr):
                inside |= {id(value) for value in node.values}
                texts.append(
                    "".join(str(value.value) if isinstance(value, ast.Constant) else "x" for value in node.values)
                )
    return texts + [
        node.value
        for part in kept
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation | inside
    ]
