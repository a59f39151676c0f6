"""One's own TLS front as the place a certificate goes to: its files, then its reload command.

The published API takes no certificate for a domain, so journey 2 ends here. `{domain}` in a path
stands for the name. A Kubernetes secret is a front whose one file is the secret's manifest, applied
by kubectl where there is one; whatever applies it, handshakes tell whether it serves.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from ...certs.bundle import read_bundle
from ...certs.chain import sort_bundle
from ...certs.key import same_key
from ...errors import Problem, ProblemKind, ProblemType, Retry
from ...secret import Secret
from ...settings import Settings
from ..files import pem_of, read_file
from ..genesys.problems import CHANGED_MEANWHILE
from ..genesys.wire import AuditPage, CertificateUpload, CustomDomain
from ..reload_command import failure_of
from .client_switch import replace_file

NOT_WRITTEN = ProblemType(
    "tls.front-not-written",
    "The files of your TLS front cannot be written.",
    "The folder is missing or not writable, or the disk is full.",
    "Check GCTRUST_FRONT_CERTIFICATE and GCTRUST_FRONT_KEY, and the folder's permissions.",
    retry=Retry.LATER,
    source="POSIX rename(2)",
)
NOT_RELOADED = ProblemType(
    "tls.front-not-reloaded",
    "The reload command of your TLS front failed.",
    "Its files hold the new certificate, the front may still serve the old one.",
    "Run the command by hand and correct what it says; it must end with 0 in time.",
    retry=Retry.LATER,
    source="docs/guides/published-dialect.md",
)
BAD_FRONT = ProblemType(
    "tls.front-settings",
    "The settings of your TLS front do not name one place.",
    "A certificate goes into a certificate file and a key file, or into a Kubernetes secret.",
    "Set GCTRUST_FRONT_CERTIFICATE and GCTRUST_FRONT_KEY; or GCTRUST_FRONT_SECRET"
    " (namespace/name) and GCTRUST_FRONT_MANIFEST.",
    kind=ProblemKind.USAGE,
    source="docs/guides/published-dialect.md",
)
PROBLEMS = (NOT_WRITTEN, NOT_RELOADED, BAD_FRONT)

OWN = "own-front"  # the id of whatever a front holds
PATIENCE = 60.0  # seconds for the reload command
PUBLIC, OWNER_ONLY = 0o644, 0o600
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class OwnFront:
    """`secret` is "namespace/name" of a Kubernetes secret, then `key` and `certificate` are its
    manifest; else "". It answers the calls of journey 2 as a platform would."""

    certificate: str
    key: str
    secret: str = ""
    command: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> OwnFront | None:
        """None when no front is set. Raises Problem tls.front-settings."""
        files = settings.front_certificate, settings.front_key
        secret, manifest = settings.front_secret, settings.front_manifest
        if not any((*files, secret, manifest)):
            return None
        if all(files) and not (secret or manifest):
            return cls(str(files[0]), str(files[1]), command=settings.front_reload)
        if manifest and secret and _NAME.fullmatch(secret) and not any(files):
            kubectl = ("kubectl", "apply", "-f", str(manifest)) if shutil.which("kubectl") else ()
            return cls(str(manifest), str(manifest), secret, settings.front_reload or kubectl)
        raise Problem(BAD_FRONT, {"secret": secret} if secret else {})

    async def require(self, *operations: str) -> None:
        """A front of one's own asks for no rights."""

    async def find_custom_domain(self, domain: str) -> CustomDomain | None:
        return await asyncio.to_thread(self._held, domain)

    async def get_custom_domain(self, id: str) -> CustomDomain:
        """By the id that finding it gave."""
        held = await self.find_custom_domain(id.removeprefix(f"{OWN}:"))
        assert held is not None
        return held

    async def create_custom_domain(self, domain: str, upload: CertificateUpload) -> CustomDomain:
        return await self._put(domain, upload)

    async def replace_custom_domain(
        self, id: str, upload: CertificateUpload, etag: str
    ) -> CustomDomain:
        """Raises Problem genesys.changed-meanwhile when the files are no longer what was read."""
        domain = id.removeprefix(f"{OWN}:")
        held = await self.find_custom_domain(domain)
        if held is None or held.etag != etag:
            raise Problem(
                CHANGED_MEANWHILE, {"domain": domain, "path": self._at(self.certificate, domain)}
            )
        return await self._put(domain, upload)

    async def audit_pages(self) -> AsyncIterator[AuditPage]:
        """A front writes no audit log."""
        return
        yield

    async def reload(self, domain: str) -> None:
        """Raises Problem tls.front-not-reloaded."""
        if not self.command:
            return
        command = tuple(self._at(word, domain) for word in self.command)
        if seen := await failure_of(command, PATIENCE):
            raise Problem(NOT_RELOADED, {"command": command[0], "seen": seen})

    def pair(self, domain: str) -> CertificateUpload | None:
        """What the files hold, when certificate and key fit together."""
        certificate, key = self._read(domain)
        bundle = read_bundle(certificate + b"\n" + key)
        placed = sort_bundle(bundle)
        leaf = placed.leaf
        if leaf is None or not any(same_key(leaf, one) for one in bundle.keys):
            return None
        block = _KEY.search(key)
        text = block.group().decode("ascii", "replace") if block else ""
        return CertificateUpload(pem_of((leaf,)), Secret(text), pem_of(placed.others))

    # --- how it is kept

    def _held(self, domain: str) -> CustomDomain | None:
        certificate, key = self._read(domain)
        placed = sort_bundle(read_bundle(certificate))
        if placed.leaf is None:
            return None
        etag = hashlib.sha256(certificate + b"\0" + key).hexdigest()
        chain = pem_of(placed.others)
        return CustomDomain(f"{OWN}:{domain}", domain, "active", "files", None,
                            pem_of((placed.leaf,)), chain, etag)  # fmt: skip

    def _read(self, domain: str) -> tuple[bytes, bytes]:
        """Certificates and key; empty where there is no file yet. Raises Problem file.*."""
        found = [self._octets(path, domain) for path in (self.certificate, self.key)]
        return (found[0], found[1]) if not self.secret else _of_manifest(found[0])

    def _octets(self, path: str, domain: str) -> bytes:
        at = self._at(path, domain)
        return read_file(at) if Path(at).exists() else b""

    async def _put(self, domain: str, upload: CertificateUpload) -> CustomDomain:
        try:
            await asyncio.to_thread(self._write, domain, upload)
        except OSError as error:
            facts = {"domain": domain, "seen": error.strerror or type(error).__name__}
            raise Problem(NOT_WRITTEN, facts) from None
        held = await self.find_custom_domain(domain)
        assert held is not None
        return held

    def _write(self, domain: str, upload: CertificateUpload) -> None:
        """The key first: a front that starts between the two finds the old pair broken, not a new
        certificate it cannot serve, and the run goes on from the certificate it still reads."""
        public = upload.certificate + upload.chain
        private = upload.private_key.reveal()
        certificate, key = (self._at(path, domain) for path in (self.certificate, self.key))
        if self.secret:
            replace_file(Path(key), self._manifest(public, private), OWNER_ONLY)
        elif certificate == key:
            replace_file(Path(key), (public + private).encode(), OWNER_ONLY)
        else:
            replace_file(Path(key), private.encode(), OWNER_ONLY)
            replace_file(Path(certificate), public.encode(), PUBLIC)

    def _manifest(self, public: str, private: str) -> bytes:
        """A secret of type kubernetes.io/tls, as JSON: kubectl takes it, and nothing needs YAML."""
        namespace, _, name = self.secret.partition("/")
        data = {"tls.crt": public, "tls.key": private}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {"name": name, "namespace": namespace},
                "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()},
            },
            indent=2,
        ).encode()

    @staticmethod
    def _at(path: str, domain: str) -> str:
        return path.replace("{domain}", domain)


_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.S
)


def _of_manifest(octets: bytes) -> tuple[bytes, bytes]:
    """What is no manifest of ours holds nothing."""
    try:
        data = json.loads(octets)["data"] if octets else {}
        found = [base64.b64decode(data.get(name, "")) for name in ("tls.crt", "tls.key")]
    except (ValueError, TypeError, KeyError, AttributeError):
        return b"", b""
    return found[0], found[1]
