"""Colour from frame properties."""

from fractions import Fraction

import pytest

from vsainimotion.media.colour import Colour, read_colour


def test_properties_are_read() -> None:
    colour = read_colour(
        {"_Matrix": 9, "_Transfer": 16, "_Primaries": 9, "_Range": 0, "_ChromaLocation": 2, "_SARNum": 8, "_SARDen": 6}
    )
    assert colour == Colour(
        matrix=9, transfer=16, primaries=9, limited=True, chroma_location=2, sample_aspect=Fraction(4, 3)
    )


@pytest.mark.parametrize(
    ("properties", "limited"),
    [
        ({"_Range": 0}, True),
        ({"_Range": 1}, False),
        ({"_ColorRange": 1}, True),
        ({"_ColorRange": 0}, False),
        ({}, None),
    ],
)
def test_both_names_of_the_range_are_understood(properties: dict[str, int], limited: bool | None) -> None:
    assert read_colour(properties).limited is limited


def test_nothing_said_is_nothing_tagged() -> None:
    colour = read_colour({})
    assert colour == Colour()
    assert colour.filters() == ["setparams=chroma_location=0", "setsar=1/1"]
    assert set(colour.names().values()) == {"unspecified"}


def test_full_range_and_centred_chroma_are_tagged_although_their_number_is_that_of_unspecified() -> None:
    assert Colour(limited=False, chroma_location=1).filters()[0] == "setparams=range=2:chroma_location=2"


def test_an_aspect_of_nothing_is_square() -> None:
    assert read_colour({"_SARNum": 0, "_SARDen": 1}).sample_aspect == 1


def test_half_of_the_hdr_properties_are_none() -> None:
    assert read_colour({"MasteringDisplayPrimariesX": [0.1, 0.2, 0.3]}).mastering is None
