"""The films that tests of the reports use."""

from tests.media.films import cache, ffmpeg, make_film, plain, rich

__all__ = ["cache", "ffmpeg", "make_film", "plain", "rich"]
