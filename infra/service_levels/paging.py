"""The composite alarms that page: one for each area, raised by any of its alarms that are worth a night's sleep."""

from infra.service_levels import alarms
from infra.service_levels.alarms import Area, Resource, Subject

_NAMES = {Area.GATES: "Gates", Area.SALES: "Sales", Area.BACK_OFFICE: "BackOffice", Area.PLATFORM: "Platform"}


def expand(watching: dict[str, Resource]) -> dict[str, Resource]:
    """Return the composite alarms over these alarms. Raises ValueError for one that may not be there."""
    made = {}
    for area, name in _NAMES.items():
        paging = sorted(each for each, part in watching.items() if _pages(part, area))
        conditional = [each for each in paging if "Condition" in watching[each]]
        if conditional:
            raise ValueError(f"A composite alarm cannot name alarms of a condition: {', '.join(conditional)}")
        made[f"{name}PageAlarm"] = alarms.composite(
            Subject("pages", area),
            f"{area.value}-page",
            alarms.any_of(paging),
            says=f"Alarms of {area.value.replace('-', ' ')} that do not wait until morning",
            actions=[alarms.PAGES],
        )
    return made


def _pages(part: Resource, area: Area) -> bool:
    said = part["Metadata"]
    return bool(said["Pages"] and said["Area"] == area.value)
