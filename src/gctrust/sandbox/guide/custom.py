"""Custom domains and their audit log, as the guide dialect has them (with our additions to read,
list, replace and delete). The certificate is never given back with its key.
"""

from __future__ import annotations

from dataclasses import replace

from ..answer import Answer, Detail, Headers, JsonObject, Refusal, invalid, not_found
from ..fields import Field, read_object, read_query, whole_number
from ..platform import Platform, new_id
from ..state import AuditEntry, CustomDomain
from ..upload import Upload, read_upload
from ..wire import Call
from .email import domain_name

_SETTINGS = (Field("tlsVersion"), Field("ocspStapling", "boolean"))
_CERTIFICATE = (
    Field("certificate", required=True),
    Field("privateKey", required=True),
    Field("certificateChain", nullable=True),
    # Cipher directives and the like are passed over, as the guide says of the platform.
    Field("settings", "object", fields=_SETTINGS, open=True),
)
_CREATE = (
    Field("domain", required=True),
    Field("type", required=True, choices=("web",)),
    *_CERTIFICATE,
)
_REPLACE = (Field("domain"), Field("type", choices=("web",)), *_CERTIFICATE)
_AUDIT_QUERY = ("pageSize", "entityType", "eventId", "page")


async def create(platform: Platform, call: Call) -> Answer:
    body = read_object(call.request.body, _CREATE, platform.strict)
    name = domain_name(str(body["domain"]))
    upload = _upload(body)
    if call.view.custom_domain_named(name) is not None:
        raise Refusal(
            409,
            f"The custom domain [{name}] already exists",
            "custom.domain.exists",
            (Detail("custom.domain.exists", "domain", entity_name=name),),
        )
    now = platform.clock.now()
    made = _record(platform, new_id(), name, upload, created=now, version=1)
    return _land(platform, call, made, upload, "CREATE", 201)


async def read(platform: Platform, call: Call) -> Answer:
    found = _find(call)
    return Answer(200, _json(platform, found, certificate=True), _etag(found))


async def list_all(platform: Platform, call: Call) -> Answer:
    query = read_query(call.request.query, ("domain",), platform.strict)
    wanted = query.get("domain", "").lower().rstrip(".")
    listed = [
        _json(platform, one, certificate=True) | {"etag": one.etag}
        for one in call.view.custom_domains.values()
        if not wanted or one.domain == wanted
    ]
    return Answer(200, {"entities": listed, "total": len(listed)})


async def replace_one(platform: Platform, call: Call) -> Answer:
    found = _find(call)
    body = read_object(call.request.body, _REPLACE, platform.strict)
    check_match(call, found.etag)
    if domain_name(str(body.get("domain", found.domain))) != found.domain:
        raise invalid("domain", "a custom domain cannot be renamed")
    upload = _upload(body)
    made = _record(
        platform, found.id, found.domain, upload, created=found.created, version=found.version + 1
    )
    return _land(platform, call, made, upload, "UPDATE", 200)


async def delete(platform: Platform, call: Call) -> Answer:
    found = _find(call)
    check_match(call, found.etag)
    state = call.change()
    del state.now.custom_domains[found.id]
    state.add_audit([replace(platform.audit(call.client.id, "DELETE", found.id))])
    platform.withdraw(found.domain)
    return Answer(204)


async def audit_log(platform: Platform, call: Call) -> Answer:
    """Newest first. `nextPage` is the number of the next page, empty on the last."""
    query = read_query(call.request.query, _AUDIT_QUERY, platform.strict)
    size = whole_number(query, "pageSize", 25, 1, 100)
    page = whole_number(query, "page", 1, 1, 1_000_000)
    entries = [entry for entry in reversed(call.view.audit) if _wanted(platform, entry, query)]
    start = (page - 1) * size
    shown = [_audit_json(platform, entry) for entry in entries[start : start + size]]
    following = str(page + 1) if len(entries) > start + size else ""
    return Answer(200, {"entity": shown, "nextPage": following})


def check_match(call: Call, etag: str) -> None:
    """If-Match (RFC 9110 section 13.1.1). Raises Refusal 412."""
    header = call.request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return
    if etag not in [tag.strip() for tag in header.split(",")]:
        raise Refusal(
            412,
            f"If-Match does not hold: the current ETag is {etag}",
            "precondition.failed",
            (Detail("version.conflict", "If-Match"),),
        )


def _land(
    platform: Platform, call: Call, made: CustomDomain, upload: Upload, event: str, status: int
) -> Answer:
    state = call.change()
    state.put_custom_domain(made)
    state.add_audit([platform.audit(call.client.id, event, made.id)])
    platform.deploy(made.domain, upload, made.ready_at)
    return Answer(status, _json(platform, made, certificate=False), _etag(made))


def _upload(body: JsonObject) -> Upload:
    settings = body.get("settings")
    chosen = settings if isinstance(settings, dict) else {}
    return read_upload(
        str(body["certificate"]),
        str(body["privateKey"]),
        str(body.get("certificateChain") or ""),
        str(chosen.get("tlsVersion", "TLSv1.2")),
        bool(chosen.get("ocspStapling", False)),
    )


def _record(
    platform: Platform, key: str, name: str, upload: Upload, *, created: float, version: int
) -> CustomDomain:
    now = platform.clock.now()
    return CustomDomain(
        id=key,
        domain=name,
        certificate=upload.certificate,
        chain=upload.chain,
        tls_version=upload.tls_version,
        ocsp_stapling=upload.ocsp_stapling,
        created=created,
        modified=now,
        ready_at=now + platform.seed.hostile.deploy_seconds,
        version=version,
    )


def _find(call: Call) -> CustomDomain:
    found = call.view.custom_domains.get(call.params["id"])
    if found is None:
        raise not_found("custom domain", call.params["id"])
    return found


def _etag(domain: CustomDomain) -> Headers:
    return (("ETag", domain.etag),)


def _json(platform: Platform, domain: CustomDomain, *, certificate: bool) -> JsonObject:
    body: JsonObject = {
        "id": domain.id,
        "domain": domain.domain,
        "status": _status(platform, domain),
        "createdDate": platform.instant(domain.created),
        "modifiedDate": platform.instant(domain.modified),
        "type": "web",
        "settings": {"tlsVersion": domain.tls_version, "ocspStapling": domain.ocsp_stapling},
        "selfUri": f"/api/v2/customdomains/{domain.id}",
    }
    if certificate:
        body |= {"certificate": domain.certificate, "certificateChain": domain.chain}
    return body


def _status(platform: Platform, domain: CustomDomain) -> str:
    if platform.clock.now() < domain.ready_at:
        return "deploying"
    return "failed" if platform.deploy_failed(domain.domain) else "active"


def _wanted(platform: Platform, entry: AuditEntry, query: dict[str, str]) -> bool:
    return (
        entry.visible_at <= platform.clock.now()
        and query.get("entityType", entry.entity_type) == entry.entity_type
        and query.get("eventId", entry.event_id) == entry.event_id
    )


def _audit_json(platform: Platform, entry: AuditEntry) -> JsonObject:
    return {
        "id": entry.id,
        "eventId": entry.event_id,
        "eventType": entry.event_type,
        "timestamp": platform.instant(entry.timestamp),
        "actorId": entry.actor_id,
        "targetId": entry.target_id,
        "status": entry.status,
    }
