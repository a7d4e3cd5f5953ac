"""Flags and factors in words, from the numbers that a record stores."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.vocabulary.campus import EvidenceFactor, EvidenceFlag

# The text of the contract; the numbers are in the flag's evidence.
OUTSIDE_RADIUS_TEXT = "Location does not match event venue"


def flag_message(flag: EvidenceFlag, numbers: Mapping[str, int]) -> str:
    """Return a flag in words, with its numbers; without them where an older record stores others."""
    known = {name: number for name, number in numbers.items() if isinstance(number, int | float)}
    try:
        return _FLAGS[flag](known)
    except KeyError:
        return _WITHOUT_NUMBERS[flag]


def factor_message(factor: EvidenceFactor, passed: bool | None, numbers: Sequence[int]) -> str:  # noqa: FBT001 - a verdict
    """Return the result of a factor in words, with its numbers."""
    if factor is EvidenceFactor.QR:
        return f"Code read {numbers[0]} s after it was made" if numbers else "Code accepted"
    if factor is EvidenceFactor.LOCATION and len(numbers) > 1:
        said = f"{numbers[0]:,} m from the venue, radius {numbers[1]:,} m"
        return said if passed else f"{OUTSIDE_RADIUS_TEXT}: {said}"
    if factor is EvidenceFactor.TIME and not passed:
        return f"Submitted {numbers[0]:,} min after the limit for lateness" if numbers else "Submitted late"
    return _PLAIN[factor][passed]


_PLAIN: dict[EvidenceFactor, dict[bool | None, str]] = {
    EvidenceFactor.LOCATION: {
        True: "Location matches the venue",
        False: "Location was not received, and the event asks for it",
        None: "Location was not asked for",
    },
    EvidenceFactor.FRONT_PHOTO: {
        True: "Front photo checked",
        False: "Front photo is missing or needs a look by staff",
        None: "Front photo is not asked for, or its check is not finished",
    },
    EvidenceFactor.BACK_PHOTO: {
        True: "Back photo checked",
        False: "Back photo is missing or needs a look by staff",
        None: "Back photo is not asked for, or its check is not finished",
    },
    EvidenceFactor.SIGNATURE: {
        True: "Signature received",
        False: "Signature was not received, and the event asks for it",
        None: "Signature was not asked for",
    },
    EvidenceFactor.TIME: {True: "Submitted in time", False: "Submitted late", None: "Time was not checked"},
}


def _old_qr(numbers: Mapping[str, int]) -> str:
    return (
        f"The code was {numbers['age']} s old when it arrived; codes of the room are at most {numbers['limit']} s old"
    )


def _no_position(numbers: Mapping[str, int]) -> str:
    if "accuracy" in numbers:
        return f"The position is accurate to {numbers['accuracy']:,} m, which is too coarse to show a place"
    return "No position was received, and the event asks for it"


def _mock_position(numbers: Mapping[str, int]) -> str:
    if "accuracy" in numbers:
        return f"The position states an accuracy of {numbers['accuracy']} m, which no phone reaches"
    if "distance" in numbers:
        return "The position is exactly the published centre of the event"
    return "The phone says that its position was set by a tool"


def _impossible_travel(numbers: Mapping[str, int]) -> str:
    kilometres, minutes, speed = numbers["distance"] / 1000, numbers["minutes"], numbers["speed"]
    return f"The last event was {kilometres:,.1f} km away, {minutes:,} min before: {speed:,} km/h"


def _others(numbers: Mapping[str, int]) -> str:
    return "1 other person" if numbers["others"] == 1 else f"{numbers['others']} other people"


def _duplicate(numbers: Mapping[str, int]) -> str:
    if not numbers["bits"]:
        return "A photo is the same as one that was sent before"
    return f"A photo is the same picture as one that was sent before: {numbers['bits']} of 256 bits differ"


def _other_code(numbers: Mapping[str, int]) -> str:
    if "age" in numbers:
        return (
            f"A photo shows a code that was {numbers['age']:,} s old at the upload; the limit is {numbers['limit']} s"
        )
    return "A photo shows a code of another event, or an earlier one"


_FLAGS: dict[EvidenceFlag, Callable[[Mapping[str, int]], str]] = {
    EvidenceFlag.OLD_QR: _old_qr,
    EvidenceFlag.OUTSIDE_RADIUS: lambda _: OUTSIDE_RADIUS_TEXT,
    EvidenceFlag.NO_POSITION: _no_position,
    EvidenceFlag.MOCK_POSITION: _mock_position,
    EvidenceFlag.FROZEN_POSITION: lambda n: f"{_others(n)} submitted from exactly the same coordinates",
    EvidenceFlag.IMPOSSIBLE_TRAVEL: _impossible_travel,
    EvidenceFlag.SHARED_DEVICE: lambda n: f"{_others(n)} submitted with the same device",
    EvidenceFlag.BURST: lambda n: f"Another person submitted with the same device {n['seconds']} s before",
    EvidenceFlag.NO_PHOTO: lambda n: f"{n['missing']} of 2 photos were not received, and the event asks for them",
    EvidenceFlag.PHOTO_NOT_BOUND: lambda n: f"{n['photos']} of 2 photos were not taken for this submission",
    EvidenceFlag.DUPLICATE_PHOTO: _duplicate,
    EvidenceFlag.OTHER_CODE_SHOWN: _other_code,
    EvidenceFlag.SCREENSHOT: lambda _: "A photo was drawn by a computer, not taken by a camera",
    EvidenceFlag.NO_SIGNATURE: lambda _: "No signature was received, and the event asks for it",
}
# A record keeps the numbers of its day; the words of today may ask for others.
_WITHOUT_NUMBERS: dict[EvidenceFlag, str] = {
    EvidenceFlag.OLD_QR: "The code was older than codes of the room when it arrived",
    EvidenceFlag.OUTSIDE_RADIUS: OUTSIDE_RADIUS_TEXT,
    EvidenceFlag.NO_POSITION: "No usable position was received, and the event asks for it",
    EvidenceFlag.MOCK_POSITION: "The position shows signs of a tool",
    EvidenceFlag.FROZEN_POSITION: "Others submitted from exactly the same coordinates",
    EvidenceFlag.IMPOSSIBLE_TRAVEL: "The last event was too far away to come from it in this time",
    EvidenceFlag.SHARED_DEVICE: "Others submitted with the same device",
    EvidenceFlag.BURST: "Another person submitted with the same device shortly before",
    EvidenceFlag.NO_PHOTO: "Not all photos were received, and the event asks for them",
    EvidenceFlag.PHOTO_NOT_BOUND: "Not all photos were taken for this submission",
    EvidenceFlag.DUPLICATE_PHOTO: "A photo is the same picture as one that was sent before",
    EvidenceFlag.OTHER_CODE_SHOWN: "A photo shows a code of another event, or an earlier one",
    EvidenceFlag.SCREENSHOT: "A photo was drawn by a computer, not taken by a camera",
    EvidenceFlag.NO_SIGNATURE: "No signature was received, and the event asks for it",
}
