"""The charge of this machine's battery, as Linux reports it (kernel: Documentation/ABI/testing/sysfs-class-power)."""

from pathlib import Path

_SUPPLIES = Path("/sys/class/power_supply")


def percent(supplies: Path = _SUPPLIES) -> int | None:
    """Return the lowest charge of the machine's own batteries; None where it has none or does not say."""
    charges = [_charge(supply) for supply in _listed(supplies)]
    return min((charge for charge in charges if charge is not None), default=None)


def _listed(supplies: Path) -> list[Path]:
    try:
        return list(supplies.iterdir())
    except OSError:
        return []


def _charge(supply: Path) -> int | None:
    try:
        # A mouse or a headset is a battery too, of the scope "Device".
        if _text(supply / "type") != "Battery" or _text(supply / "scope") == "Device":
            return None
        charge = int(_text(supply / "capacity"))
    except ValueError:
        return None
    return charge if 0 <= charge <= 100 else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
