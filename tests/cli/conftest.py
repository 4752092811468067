"""The films that tests of the command line use."""

from tests.media.films import ffmpeg, make_film, plain, rich

__all__ = ["ffmpeg", "make_film", "plain", "rich"]
