"""The list of incidents."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Incident
from chalicelib.vocabulary.gate import IncidentStatus, IncidentType

INCIDENTS = ListOf(
    name="incidents",
    item=Incident,
    id_name="incident_id",
    orderings={"created_at": Ordering(lambda incident: incident.created_at)},
    filters={
        "status": Filter(lambda incident: incident.status, IncidentStatus),
        "event_id": Filter(lambda incident: incident.event_id),
        "type": Filter(lambda incident: incident.type, IncidentType),
    },
    indexes=(("status",), ("event_id",)),
    texts=lambda incident: (incident.note,),
    columns=("note", "card_uid", "ticket_id", "reported_by", "answer", "answered_by", "answered_at"),
)
