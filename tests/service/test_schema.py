"""schemathesis asks what the OpenAPI document allows, and what it does not, of a real service."""

import subprocess
import sys
from pathlib import Path

from serving import Service


def test_every_answer_is_one_the_document_promises(service: Service, tmp_path: Path) -> None:
    """A 5xx, an undocumented status or media type, or a body that breaks its schema fails."""
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run"),
        *("--header", f"Authorization: Bearer {service.tokens['admin']}"),
        *("--max-examples", "6", "--seed", "9990", "--generation-database", "none"),
        # Tokens that it makes are its own; it must not revoke the one it asks with.
        *("--exclude-method", "DELETE", "--no-color", "--phases", "examples,coverage,fuzzing"),
        # Ids are texts of the user's: one the document allows need not exist.
        *("--exclude-checks", "positive_data_acceptance"),
        service.address + "/openapi.json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert "Test cases" in done.stdout
