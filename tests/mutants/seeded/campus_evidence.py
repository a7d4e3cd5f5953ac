"""Bugs of campus evidence: what is drift, what a flag may do, which pictures are the same, which nonce counts."""

from tests.mutants.seeded.mutant import Mutant

_RULE = "chalicelib/domain/campus/evidence/judgement.py"
_NUMBERS = "chalicelib/domain/campus/evidence/thresholds.py"
_JUDGED = "tests/domain/campus/test_judgement.py"
_FAIR = "tests/domain/campus/test_fairness.py"
_PICTURES = "tests/domain/campus/test_picture_hash.py"
_LENGTHS = "tests/domain/campus/test_distances.py"

MUTANTS = (
    Mutant(
        name="accuracy-ignored",
        bug="the drift that a phone states counts against the student",
        file="chalicelib/domain/campus/evidence/distances.py",
        before="    return distance <= radius + min(max(accuracy or 0.0, 0.0), thresholds.MOST_ACCURACY_ADDED)\n",
        after="    return distance <= radius\n",
        tests=(_LENGTHS,),
    ),
    Mutant(
        name="accuracy-without-bound",
        bug="a phone that claims an accuracy of 400 m is inside from 400 m away",
        file=_NUMBERS,
        before="MOST_ACCURACY_ADDED = 100.0\n",
        after="MOST_ACCURACY_ADDED = 10_000.0\n",
        tests=(_LENGTHS,),
    ),
    Mutant(
        name="flag-becomes-absence",
        bug="a flag makes a student absent",
        file=_RULE,
        before="        status=status_by_time(evidence.submitted_at, evidence.late_after),\n",
        after=(
            "        status=AttendanceStatus.ABSENT if flags else"
            " status_by_time(evidence.submitted_at, evidence.late_after),\n"
        ),
        tests=(_FAIR,),
    ),
    Mutant(
        name="flag-becomes-rejection",
        bug="a flag rejects a record before staff have looked",
        file=_RULE,
        before="        return VerificationStatus.FLAGGED\n",
        after="        return VerificationStatus.REJECTED\n",
        tests=(_FAIR,),
    ),
    Mutant(
        name="pictures-within-64-bits",
        bug="two neighbours' photos of one screen count as one picture",
        file=_NUMBERS,
        before="SAME_PICTURE_BITS = 16\n",
        after="SAME_PICTURE_BITS = 64\n",
        tests=(_PICTURES,),
    ),
    Mutant(
        name="bands-of-half-a-hash",
        bug="the index of near pictures covers half of the bits",
        file="chalicelib/domain/campus/evidence/picture_hash.py",
        before="    edges = [BITS * number // BANDS for number in range(BANDS + 1)]\n",
        after="    edges = [BITS * number // BANDS // 2 for number in range(BANDS + 1)]\n",
        tests=(_PICTURES,),
    ),
    Mutant(
        name="nonce-unchecked",
        bug="a photo of another submission counts as taken for this one",
        file=_RULE,
        before="        unbound = sum(not photo.is_bound for photo in by_side.values())\n",
        after="        unbound = 0\n",
        tests=(_JUDGED,),
    ),
    Mutant(
        name="borrowed-phone-suspected",
        bug="a second person on a borrowed phone is flagged",
        file=_NUMBERS,
        before="MOST_PEOPLE_OF_A_DEVICE = 2\n",
        after="MOST_PEOPLE_OF_A_DEVICE = 1\n",
        tests=(_JUDGED,),
    ),
)
