"""`gctrust pin`: the pins of certificates and keys, in the forms that other tools read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..errors import Problem, ProblemKind, ProblemType
from .exit_codes import ExitCode
from .output import Block, Heading
from .session import Options

UNREADABLE = ProblemType(
    "cli.unreadable-file",
    "A file given on the command line cannot be read.",
    "Without it there is nothing to judge.",
    "Check the path and its permissions.",
    kind=ProblemKind.USAGE,
    source="POSIX open(2)",
)
NOTHING_TO_PIN = ProblemType(
    "cli.nothing-to-pin",
    "The file holds no certificate and no key.",
    "A pin is the digest of a certificate or of its public key.",
    "Give a PEM or DER certificate, a private key, or a bundle that holds one.",
    kind=ProblemKind.USAGE,
    source="RFC 7468 section 2",
)

Form = Literal["all", "base64", "hex", "curl", "okhttp", "android", "rfc7469", "nginx", "openssl"]

MAX_READ = 1 << 20  # octets; no certificate, key or list of domains comes near


@dataclass(frozen=True, slots=True)
class PinShown:
    """`kind` says what was hashed: "spki" or "certificate"."""

    kind: str
    base64: str
    hex: str
    formats: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PinnedFile:
    file: str
    subject: str
    pins: tuple[PinShown, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pinned:
    certificates: tuple[PinnedFile, ...]


def read_file(path: Path) -> bytes:
    """At most MAX_READ octets of a file: a fifo would wait for its writer for ever.

    Raises Problem cli.unreadable-file.
    """
    try:
        if path.is_fifo():
            raise Problem(UNREADABLE, {"path": str(path), "seen": "a fifo, not a file"})
        with path.open("rb") as stream:
            data = stream.read(MAX_READ + 1)
    except (OSError, ValueError) as error:
        seen = getattr(error, "strerror", None) or "it cannot be read"
        raise Problem(UNREADABLE, {"path": str(path), "seen": seen}) from None
    if len(data) > MAX_READ:
        raise Problem(UNREADABLE, {"path": str(path), "seen": f"it has over {MAX_READ} octets"})
    return data


def pin(
    *files: Path,
    format: Annotated[Form, Parameter(name="--format")] = "all",
    host: str = "example.com",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Pins of certificate and key files. Keys have an SPKI pin, certificates both kinds.

    Parameters
    ----------
    files
        PEM or DER files.
    format
        Only this form, one pin a line.
    host
        The host name to write in forms that name one.
    """
    if not files:
        return options.out.usage("pin needs at least one FILE", "gctrust pin --help")
    pinned = tuple(found for path in files for found in _pinned(path, host))
    if format == "all":
        options.out.answer("pin", Pinned(pinned), _blocks(pinned))
    else:
        lines = [p.formats[format] for f in pinned for p in f.pins if format in p.formats]
        options.out.answer("pin", Pinned(pinned), lines)
    return ExitCode.FINE


def _pinned(path: Path, host: str) -> Iterator[PinnedFile]:
    from ..certs.bundle import read_bundle
    from ..pins.ownership import not_ours
    from ..pins.spki import Pin

    bundle = read_bundle(read_file(path), name=path.name)
    if not bundle.certificates and not bundle.keys:
        raise Problem(NOTHING_TO_PIN, {"path": str(path)})
    for certificate in bundle.certificates:
        pins = (Pin.of_certificate(certificate.der), Pin.of_spki(certificate.spki))
        shown = tuple(_shown(pin, host) for pin in pins)
        warnings = tuple(
            not_ours((*certificate.extensions.dns_names, host), is_ca=certificate.is_ca)
        )
        yield PinnedFile(str(path), certificate.subject_text, shown, warnings)
    for key in bundle.keys:
        yield PinnedFile(str(path), "private key", (_shown(Pin.of_spki(key.spki), host),))


def _shown(pin: object, host: str) -> PinShown:
    from ..pins.spki import Pin, pin_formats

    assert isinstance(pin, Pin)
    return PinShown(str(pin.kind), pin.base64, pin.hex, pin_formats(pin, host))


def _blocks(pinned: tuple[PinnedFile, ...]) -> Iterator[Block]:
    for found in pinned:
        yield Heading(f"{found.file}  {found.subject}")
        yield from (f"  not a key to pin: {reason}" for reason in found.warnings)
        for shown in found.pins:
            yield f"  {shown.kind} pin"
            for name, text in shown.formats.items():
                yield f"    {name:<8} {text}"
