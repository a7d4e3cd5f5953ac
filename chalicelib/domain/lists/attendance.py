"""The lists of campus attendance: the records, and the appeals against them."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus, VerificationStatus

# A record costs five write units from the stream: the whole list and four indexes, each with one entry under 1 KB.
# Status and verification are `live`, so that checks of photos and decisions of staff write no entry. Names are in
# profiles, so there is no word to search for. Two shards take 2,000 records a second of one campus. Four of the whole
# list take half of what they serve at 1,000,000 students in ten minutes (docs/performance.md); a page of it costs
# five requests, and one for names.
ATTENDANCE = ListOf(
    name="attendance",
    item=AttendanceRecord,
    id_name="attendance_id",
    orderings={"date": Ordering(lambda record: record.submitted_at, shown_as="submitted_at")},
    filters={
        "event": Filter(lambda record: record.event_id),
        "student": Filter(lambda record: record.user_id, named=True),
        "organizer": Filter(lambda record: record.organizer_id),
        "campus": Filter(lambda record: record.campus_id, named=True),
        "department": Filter(lambda record: record.department, folded=True),
        "status": Filter(lambda record: record.status, AttendanceStatus, live=True),
        "verification_status": Filter(lambda record: record.verification_status, VerificationStatus, live=True),
    },
    indexes=(("event",), ("student",), ("organizer",), ("campus",)),
    texts=lambda _: (),
    shards=2,
    whole_shards=4,
)
# Five write units for an appeal, and ten for its answer; appeals are few.
APPEALS = ListOf(
    name="appeals",
    item=AttendanceAppeal,
    id_name="appeal_id",
    orderings={"date": Ordering(lambda appeal: appeal.filed_at, shown_as="filed_at")},
    filters={
        "status": Filter(lambda appeal: appeal.status, AppealStatus),
        "event": Filter(lambda appeal: appeal.event_id),
        "student": Filter(lambda appeal: appeal.user_id, named=True),
        "organizer": Filter(lambda appeal: appeal.organizer_id),
        "campus": Filter(lambda appeal: appeal.campus_id, named=True),
    },
    indexes=(("status",), ("status", "event"), ("status", "organizer"), ("status", "campus")),
    texts=lambda _: (),
)
