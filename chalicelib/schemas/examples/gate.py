"""The examples of the gate's portals: ushers, readers, staff."""

from chalicelib.schemas.examples.shared import (
    ACCESS,
    ADMIN_ID,
    ASSERTION,
    CARD_ID,
    CARD_UID,
    DEVICE_ID,
    EVENT_ID,
    KEY,
    LOG_ID,
    REFRESH,
    SCAN_ID,
    TICKET_ID,
    TOKENS,
    USHER_ID,
    Example,
    page,
)

_USHER = {"id": USHER_ID, "username": "usher1", "name": "Demo Usher", "roles": ["ushering", "leave_desk"]}
_EVENT = {
    "id": EVENT_ID,
    "title": "Gatehouse Demo Night",
    "description": "One evening, one admission each.",
    "category": "music",
    "status": "live",
    "starts_at": "2026-11-20T19:00:00.000Z",
    "ends_at": "2026-11-20T23:30:00.000Z",
    "timezone": "Asia/Karachi",
    "scanning_opens_at": "2026-11-20T17:00:00.000Z",
    "scanning_closes_at": "2026-11-20T23:30:00.000Z",
    "scanning_enabled": True,
    "re_entry_allowed": False,
    "children_enabled": True,
    "venue": {"id": None, "name": "Alhamra Arts Centre", "city": "Lahore", "address": None},
    "gates": ["Gate 1", "Gate 2"],
}
_ADMIN = {
    "id": ADMIN_ID,
    "email": "admin@example.com",
    "name": "Demo Admin",
    "role": "usher_manager",
    "permissions": ["devices", "ushers"],
}
_ADMITTED = {
    "scan_id": SCAN_ID,
    "result": "valid",
    "reason": None,
    "attendee": {"name": "Ayesha Khan", "photo_url": None, "labels": ["vip"]},
    "ticket": {"id": TICKET_ID, "number": "DEMO-000001", "tier": "VIP"},
    "first_scan": None,
    "remaining": None,
    "log_id": LOG_ID,
    "decided_at": "2026-11-20T19:04:31.250Z",
}
_FIRST_SCAN = {"scanned_at": "2026-11-20T19:04:31.250Z", "gate": "Gate 1", "by": "usher1"}
_ENTRY = {
    "id": LOG_ID,
    "scan_id": SCAN_ID,
    "event_id": EVENT_ID,
    "card_id": CARD_UID,
    "ticket_id": TICKET_ID,
    "attendee_name": "Ayesha Khan",
    "result": "valid",
    "reason": None,
    "direction": "entry",
    "gate": "Gate 1",
    "usher": {"id": USHER_ID, "username": "usher1"},
    "device_id": None,
    "source": "online",
    "conflict": None,
    "scanned_at": "2026-11-20T19:04:31.250Z",
    "received_at": "2026-11-20T19:04:31.250Z",
}
_ATTENDEE = {
    "name": "Ayesha Khan",
    "photo_url": None,
    "card_id": CARD_ID,
    "ticket_id": TICKET_ID,
    "ticket_status": "valid",
    "ticket_tier": "VIP",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "emergency_contact": None,
    "blood_type": None,
    "labels": ["vip"],
    "children": [],
}
_SETTINGS = {"heartbeat_seconds": 30, "batch_size": 100, "online_timeout_ms": 1000, "debounce_ms": 1000}
_DEVICE = {
    "id": DEVICE_ID,
    "event_id": EVENT_ID,
    "gate": "Gate 1",
    "name": "Gate 1 left",
    "status": "enrolled",
    "online": True,
    "last_seen_at": "2026-11-20T19:04:30.000Z",
    "queue_depth": 0,
    "clock_offset_ms": 12,
    "app_version": "0.1.0",
    "last_error": None,
    "created_at": "2026-11-20T16:00:00.000Z",
    "enrolled_at": "2026-11-20T16:05:00.000Z",
    "revoked_at": None,
}


OPERATIONS: dict[str, Example] = {
    "usher_login": Example(
        {"event_id": EVENT_ID, "username": "usher1", "password": "demo-Usher-2026"},
        {**TOKENS, "usher": _USHER, "event": _EVENT},
    ),
    "usher_refresh": Example({"refresh": REFRESH}, TOKENS),
    "usher_logout": Example(answer={}),
    "usher_events": Example(answer=page(_EVENT, count=1)),
    "usher_event": Example(answer=_EVENT),
    "usher_validate_assignment": Example(answer={"assigned": True, "role": "ushering", "scanning_enabled": True}),
    "usher_event_status": Example(
        answer={
            "active": True,
            "scanning_enabled": True,
            "starts_at": _EVENT["starts_at"],
            "ends_at": _EVENT["ends_at"],
            "tickets_sold": 6,
            "admitted": 1,
            "on_leave": 0,
            "inside": 1,
            "last_scan_at": "2026-11-20T19:04:31.250Z",
            "server_time": "2026-11-20T19:05:00.000Z",
        }
    ),
    "usher_verify_card": Example(
        {"card_id": CARD_UID}, {"known": True, "usable": True, "status": "active", "reason": None}
    ),
    "usher_card": Example(
        answer={
            "id": CARD_ID,
            "uid": CARD_UID,
            "type": "uid",
            "status": "active",
            "assigned_at": "2026-11-01T10:00:00.000Z",
            "has_ticket": True,
        }
    ),
    "usher_validate_card": Example(
        {"event_id": EVENT_ID},
        {
            "result": "already_scanned",
            "reason": None,
            "attendee": _ADMITTED["attendee"],
            "ticket": _ADMITTED["ticket"],
            "first_scan": _FIRST_SCAN,
        },
    ),
    "usher_attendee": Example(answer=_ATTENDEE),
    "usher_attendee_at_event": Example(answer=_ATTENDEE),
    "usher_scan": Example({"scan_id": SCAN_ID, "card_id": "04:A1:B2:C3:D4:E5:F6", "gate": "Gate 1"}, _ADMITTED),
    "usher_logs": Example(answer=page(_ENTRY)),
    "usher_search_logs": Example(answer=page(_ENTRY)),
    "usher_log": Example(answer=_ENTRY),
    "device_enroll": Example(
        {"code": "ABCD-EFGH-JKLM", "public_key": KEY, "name": "Gate 1 left"},
        {
            "device_id": DEVICE_ID,
            "event_id": EVENT_ID,
            "gate": "Gate 1",
            "server_public_key": KEY,
            "config": _SETTINGS,
        },
    ),
    "device_token": Example(
        {"device_id": DEVICE_ID, "assertion": ASSERTION},
        {"access": ACCESS, "token_type": "Bearer", "expires_in": 900},
    ),
    "device_taps": Example(
        {
            "taps": [{"scan_id": SCAN_ID, "uid": CARD_UID, "scanned_at": "2026-11-20T19:04:31Z"}],
            "device_time": "2026-11-20T19:04:32Z",
        },
        {"results": [_ADMITTED]},
    ),
    "device_heartbeat": Example(
        {
            "queue_depth": 0,
            "clock_offset_ms": 12,
            "reader": {"path": "usb:072f:2200", "model": "ACS ACR122U"},
            "app_version": "0.1.0",
        },
        {"config": _SETTINGS, "revoked_before": None, "time": "2026-11-20T19:05:00.000Z"},
    ),
    "admin_login": Example(
        {"email": "admin@example.com", "password": "demo-Admin-2026"}, {**TOKENS, "csrf_token": None, "admin": _ADMIN}
    ),
    "admin_refresh": Example({"refresh": REFRESH}, {**TOKENS, "csrf_token": None}),
    "admin_logout": Example(answer={}),
    "admin_change_password": Example(
        {"old_password": "demo-Admin-2026", "new_password": "a longer and better one"}, {}
    ),
    "admin_me": Example(answer=_ADMIN),
    "admin_devices": Example(answer=page(_DEVICE)),
    "admin_provision_device": Example(
        {"event_id": EVENT_ID, "gate": "Gate 1", "name": "Gate 1 left"},
        {"device_id": DEVICE_ID, "enrollment_code": "ABCD-EFGH-JKLM", "expires_at": "2026-11-20T16:15:00.000Z"},
    ),
    "admin_revoke_device": Example(),
    "health": Example(answer={"status": "ok", "time": "2026-11-20T19:05:00.000Z"}),
}
