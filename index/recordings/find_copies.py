"""Find the tracks that are one recording by their sound: every new fingerprint is compared with all others."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from earshot.data.fingerprint import Fingerprint, align
from earshot.data.name_matching import artist_keys, is_other_version, title_key
from earshot.data.placeholder_names import is_no_title
from earshot.index.library import Library
from earshot.index.recordings.fingerprint_index import FingerprintIndex
from earshot.index.recordings.recordings import MAX_LENGTH_RATIO, store_same

_NEW_AT_ONCE = 5_000  # tracks whose words are in memory, sorted
_READ_AT_ONCE = 2_000

# Measured on 339 clips and songs re-encoded in sixteen ways, down to 48 kbit/s and with up to 5 s before or cut off:
# agreement is at least 0.48 (0.55 where few words overlap), the levels differ by at most 1.9 dB at the same place and
# by 3.7 dB with a lag. Of all 57,291 pairs the twins alone are found; 0.24 is the best of the others that was seen.
# Invented songs without their drums agree up to 0.89, and differ by 2.2 dB or more; with another song over them, at two
# thirds of their level, by 4.5 dB in the median, but by 1.1 dB at the least: such a remix may pass.
_MIN_AGREEMENT, _OF_FEW_WORDS = 0.42, 0.9  # the latter over the root of the number of words: few agree by chance
_SAME_NAME_BONUS = 0.06
_OTHER_VERSION = 0.8  # agreement of two files whose titles say that they differ
_MAX_LEVEL_DIFFERENCE, _WITH_LAG, _OF_SAME_NAME, _OF_OTHER_VERSION = 2.2, 4.0, 4.0, 1.0  # dB
# In the mean at least 5.6 bits change from word to word in those clips. Most chords of pure tones stay below 5, and
# agree up to 0.96 with each other: of a sound that stands still only an equal one is the same.
_MIN_CHANGE, _OF_STANDING_SOUND, _LEVELS_OF_STANDING_SOUND = 5.0, 0.97, 0.2  # bits, agreement, dB
_MAX_LAG = 2  # words that a codec may delay
_MAX_CUT = 5.5  # seconds that one file may have before or after what both hold


@dataclass(frozen=True)
class Sound:
    """A track's sound and what helps to judge it."""

    fingerprint: Fingerprint
    duration: float  # seconds
    artist: str | None = None
    title: str | None = None


def agreement_if_same(one: Sound, other: Sound) -> float | None:
    """The agreement of two tracks if they are one recording, else None.

    Re-encoding, gain, a low-pass, up to 5 s more or less at either end, and silence around do not matter. Names never
    make a recording; near ones of equal names are believed sooner, and those that name another version later.
    """
    aligned = align(one.fingerprint, other.fingerprint)
    if aligned is None:
        return None
    is_named_alike, is_other = _compare_names(one, other)
    least = _MIN_AGREEMENT + _OF_FEW_WORDS / aligned.n_words**0.5
    loudest = _MAX_LEVEL_DIFFERENCE if abs(aligned.lag) <= _MAX_LAG else _WITH_LAG
    if is_named_alike:
        least, loudest = least - _SAME_NAME_BONUS, max(loudest, _OF_SAME_NAME)
    if is_other:
        least, loudest = max(least, _OTHER_VERSION), _OF_OTHER_VERSION
    if min(one.fingerprint.bits_changed(), other.fingerprint.bits_changed()) < _MIN_CHANGE:
        least, loudest = max(least, _OF_STANDING_SOUND), min(loudest, _LEVELS_OF_STANDING_SOUND)
    if aligned.agreement < least or aligned.level_difference > loudest:
        return None
    if not _is_covered(one, other, aligned.seconds) or not _is_covered(other, one, -aligned.seconds):
        return None
    return round(min(aligned.agreement, 1.0), 3)


def find_copies(library: Library) -> Iterator[tuple[int, int]]:
    """Compare every new fingerprint with all others, and store the pairs; yield (done, total) tracks.

    A kill loses no more than the comparisons since the last report.
    """
    new_ids = library.ids("SELECT track_id FROM fingerprints WHERE NOT is_compared ORDER BY track_id").tolist()
    for start in range(0, len(new_ids), _NEW_AT_ONCE):
        part = new_ids[start : start + _NEW_AT_ONCE]
        new = read_sounds(library, part)
        index = FingerprintIndex({track_id: sound.fingerprint for track_id, sound in new.items()})
        pairs = list(_same_pairs(library, index, new))
        among = "(SELECT value FROM json_each(?))"
        earlier = f"DELETE FROM same_recording WHERE why = 'sound' AND (track_id IN {among} OR other_id IN {among})"
        with library.transaction():
            library.db.execute(earlier, [json.dumps(part)] * 2)  # of other fingerprints of these tracks
            store_same(library, pairs)
            library.db.execute(f"UPDATE fingerprints SET is_compared = 1 WHERE track_id IN {among}", [json.dumps(part)])
        yield start + len(part), len(new_ids)


def read_sounds(library: Library, track_ids: Sequence[int]) -> dict[int, Sound]:
    """Read the fingerprints of tracks, by id; tracks without one, or with a damaged one, are skipped."""
    rows = library.db.execute(
        "SELECT f.track_id, f.fingerprint, t.duration_s, t.artist, t.title FROM fingerprints AS f"
        " JOIN tracks AS t ON t.id = f.track_id WHERE f.track_id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(track_ids))],
    )
    sounds = {}
    for track_id, blob, duration, artist, title in rows:
        try:
            sounds[track_id] = Sound(Fingerprint.from_bytes(blob), duration or 0.0, artist, title)
        except ValueError:
            continue  # damaged, or of another version: its copies are not known until it is embedded again
    return sounds


def _same_pairs(
    library: Library, index: FingerprintIndex, new: Mapping[int, Sound]
) -> Iterator[tuple[int, int, str, float]]:
    query = "SELECT track_id FROM fingerprints WHERE is_compared OR track_id <= ? ORDER BY track_id"
    others = library.ids(query, [max(new, default=0)]).tolist()  # later ones will be compared with these
    for start in range(0, len(others), _READ_AT_ONCE):
        sounds = read_sounds(library, others[start : start + _READ_AT_ONCE])
        fingerprints = {track_id: sound.fingerprint for track_id, sound in sounds.items()}
        for one, other in index.candidates(fingerprints).tolist():
            if one == other or (other in new and other < one):  # of two new ones once
                continue
            agreement = agreement_if_same(new[one], sounds[other])
            if agreement is not None:
                yield one, other, "sound", agreement


def _compare_names(one: Sound, other: Sound) -> tuple[bool, bool]:
    """Tell whether two tracks have equal names, and whether their titles name different versions of a song."""
    if not (one.title and other.title):
        return False, False
    is_alike = title_key(one.title) == title_key(other.title) and not is_no_title(one.title)
    is_alike &= not artist_keys(one.artist).isdisjoint(artist_keys(other.artist))
    return is_alike, is_other_version(one.title) != is_other_version(other.title)


def _is_covered(one: Sound, other: Sound, lag: float) -> bool:
    """Tell whether all that sounds in one track lies, `lag` seconds later, within the other, but for a short cut."""
    longer, shorter = max(one.duration, other.duration), min(one.duration, other.duration)
    margin = _MAX_CUT if longer < MAX_LENGTH_RATIO * shorter else 1.0
    seconds = one.fingerprint.seconds() + lag
    return not len(seconds) or (seconds[0] >= -margin and seconds[-1] <= other.duration + margin)
