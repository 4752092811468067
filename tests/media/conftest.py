"""The films that tests of the media layer use."""

from tests.media.films import ffmpeg, make_film, plain, rich

__all__ = ["ffmpeg", "make_film", "plain", "rich"]
