"""Places for streams at once."""

import pytest
from starlette.exceptions import HTTPException

from earshot.audio.playback.open_sounds import MAX_OPEN
from earshot.web.sound.playing import Playing


def test_there_are_as_many_streams_as_places():
    playing = Playing()
    places = [playing.stream_place() for _ in range(MAX_OPEN)]
    for place in places:
        place.__enter__()
    with pytest.raises(HTTPException, match="8 streams are encoded already"), playing.stream_place():
        pass
    places[0].__exit__(None, None, None)
    with playing.stream_place():
        pass
    playing.close()
