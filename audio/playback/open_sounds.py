"""Tasks of the process that plays: it keeps what it opened, since the next part of a sound mostly follows the last."""

from collections import OrderedDict
from typing import Protocol, TypeVar

from earshot.audio.decoding.music_file import Cause, UndecodableError
from earshot.audio.playback.encoded_stream import EncodedStream
from earshot.audio.playback.played_sound import PlayedSound, SoundShape
from earshot.audio.playback.sound_source import SoundSource

MAX_OPEN = 8  # of each kind; the one that was read least lately is closed


class _Closing(Protocol):
    def close(self) -> None: ...


K = TypeVar("K")
C = TypeVar("C", bound=_Closing)
_sounds: "OrderedDict[int, PlayedSound]" = OrderedDict()  # by the id of the object
_streams: "OrderedDict[str, EncodedStream]" = OrderedDict()  # by the names that were given


def sound_shape(source: SoundSource) -> SoundShape:
    """The rate, channels and length of a track; raises as `PlayedSound` does."""
    return _sound(source, 0).shape


def sound_samples(source: SoundSource, start: int, n: int) -> bytes:
    """Samples of a track, as `PlayedSound.read` reads them."""
    sound = _sound(source, start)
    try:
        return sound.read(start, n)
    except BaseException:
        _sounds.pop(id(sound)).close()
        raise


def encoded_part(name: str, number: int, source: SoundSource, form: str, bit_rate: int, begin: float) -> bytes:
    """The next part of a stream of this name, the first of which has the number 0; no bytes at the end.

    Raises
    ------
    UndecodableError
        As `EncodedStream.read`; or others pushed the stream out, or this process is a new one.
    """
    if number == 0:
        _put(_streams, name, EncodedStream(source, form, bit_rate, begin))
    stream = _streams.get(name)
    if stream is None:
        raise UndecodableError("too many streams are played at once", Cause.ENVIRONMENT)
    _streams.move_to_end(name)
    try:
        content = stream.read()
    except BaseException:
        end_stream(name)
        raise
    if not content:
        end_stream(name)
    return content


def end_stream(name: str) -> None:
    """Close a stream that nobody hears any more."""
    stream = _streams.pop(name, None)
    if stream is not None:
        stream.close()


def _sound(source: SoundSource, start: int) -> PlayedSound:
    """An open sound of a track, the one that goes on at `start` if there is one."""
    same = [sound for sound in _sounds.values() if sound.source == source]
    fitting = next((sound for sound in same if sound.position == start), None)
    if fitting is None and len(_sounds) >= MAX_OPEN and same:
        fitting = same[0]
    if fitting is None:
        fitting = PlayedSound(source)
        _put(_sounds, id(fitting), fitting)
    _sounds.move_to_end(id(fitting))
    return fitting


def _put(kept: "OrderedDict[K, C]", key: K, value: C) -> None:
    """Keep an open thing, and close the one that was used least lately where there are too many."""
    kept[key] = value
    if len(kept) > MAX_OPEN:
        kept.popitem(last=False)[1].close()
