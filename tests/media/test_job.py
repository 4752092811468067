"""The job, end to end, with the real children."""

import hashlib
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import av.stream
import pytest

from tests.media.films import FONT, X264, MakeFilm, frame_count, payloads, picture, times, tone
from vsainimotion.enhance import Options
from vsainimotion.errors import ArgumentError, InputError, JobError, OutputError
from vsainimotion.media import render
from vsainimotion.media.encode import EncodeOptions
from vsainimotion.media.ffmpeg import find_ffmpeg, run_ffmpeg
from vsainimotion.media.job import Plan, Request, Result, plan_job, run_job
from vsainimotion.media.probe import probe
from vsainimotion.media.render import Progress
from vsainimotion.media.span import parse_span
from vsainimotion.media.timeline import read_timeline
from vsainimotion.media.vspipe import child_environment, find_vspipe

OFF = Options(interpolator="off", upscaler="off")
ENLARGED = Options(multi=Fraction(2), height=96, interpolator="mvtools", upscaler="spline36")
FAST = EncodeOptions(arguments="-preset ultrafast")
LOSSLESS = EncodeOptions(encoder="ffv1")
NTSC = Fraction(24000, 1001)


def plan(source: Path, out: Path, encode: EncodeOptions = FAST, enhance: Options = OFF, **fields: object) -> Plan:
    span = parse_span(str(fields.pop("clip"))) if "clip" in fields else None
    overwrite = bool(fields.pop("overwrite", False))
    assert not fields
    request = Request(source=source, out=out, encode=encode, enhance=enhance, span=span, overwrite=overwrite)
    return plan_job(request, lambda _: None)


def run(planned: Plan) -> Result:
    return run_job(planned, lambda _: None, lambda _: None)


def pictures(path: Path) -> list[str]:
    """A checksum of each decoded frame of the picture, made by ffmpeg in the frames' own format."""
    arguments = ["-loglevel", "error", "-i", f"file:{path}", "-map", "0:v:0", "-f", "framemd5", "-"]
    lines = run_ffmpeg(find_ffmpeg(), arguments).splitlines()
    return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]


def test_everything_but_the_picture_arrives_untouched(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    run(plan(rich, out))
    before, after = probe(rich), probe(out)
    assert [stream.kind for stream in after.streams] == [stream.kind for stream in before.streams]
    for old, new in zip(before.streams, after.streams, strict=True):
        assert (new.codec, new.language, new.dispositions) == (
            "h264" if old.kind == "video" else old.codec, old.language, old.dispositions
        )  # fmt: skip
        assert new.tags.get("title") == old.tags.get("title")
    for index in range(1, 5):
        assert payloads(out, index) == payloads(rich, index)
        assert times(out, index) == times(rich, index)
    assert (after.tags["title"], after.tags["ARTIST"]) == ("A Film", "Somebody")
    with av.open(str(rich)) as old_film, av.open(str(out)) as new_film:
        assert new_film.chapters() == old_film.chapters()
        font = new_film.streams[5]
        assert isinstance(font, av.stream.AttachmentStream)
        assert font.data == FONT
        assert new_film.streams[5].metadata == old_film.streams[5].metadata


def test_the_picture_keeps_count_rate_colour_and_tags(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    run(plan(rich, out))
    before, after = probe(rich), probe(out)
    assert after.video.colour == before.video.colour
    assert (after.video.frames, after.video.rate.fps) == (72, NTSC)
    assert frame_count(out) == 72
    assert after.streams[0].tags["title"] == "The Picture"
    assert "ultrafast" not in str(after.streams[0].tags)


def test_new_frames_and_lines_come_out_as_planned(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    only_picture = tmp_path / "only.mkv"
    only_picture.write_bytes(rich.read_bytes())
    planned = plan(
        rich,
        out.with_suffix(".mkv"),
        enhance=ENLARGED,
    )
    assert (planned.rendered.frames, planned.rendered.fps, planned.rendered.height) == (144, 2 * NTSC, 96)
    run(planned)
    video = probe(out.with_suffix(".mkv")).video
    assert (video.frames, video.rate.fps, video.height, video.width) == (144, 2 * NTSC, 96, 128)


FORMATS = (
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv410p", "yuv411p", "gray"),
    *("yuv420p10le", "yuv422p12le", "yuv444p16le", "gray10le", "gray16le"),
    *("bgr0", "gbrp10le", "gbrp16le"),
)


@pytest.mark.parametrize("pixels", FORMATS)
def test_every_format_passes_bit_for_bit_through_a_lossless_job(
    make_film: MakeFilm, tmp_path: Path, pixels: str
) -> None:
    film = make_film("in.mkv", *picture(0.3), "-pix_fmt", pixels, "-c:v", "ffv1", "-level", "3", "-strict", "-2")
    out = tmp_path / "out.mkv"
    run(plan(film, out, LOSSLESS))
    assert probe(out).video.pixel_format == pixels
    assert pictures(out) == pictures(film)


@pytest.mark.parametrize("pixels", ["yuv444p", "gray", "gbrp10le"])
@pytest.mark.parametrize("size", ["33x17", "16x16", "1x1"])
def test_odd_and_tiny_sizes_pass(make_film: MakeFilm, tmp_path: Path, pixels: str, size: str) -> None:
    film = make_film(
        "in.mkv",
        *picture(0.2, size="64x48"),
        "-vf",
        f"scale={size.replace('x', ':')}",
        "-pix_fmt",
        pixels,
        "-c:v",
        "ffv1",
    )
    out = tmp_path / "out.mkv"
    run(plan(film, out, LOSSLESS))
    assert pictures(out) == pictures(film)


def test_an_odd_size_with_halved_chroma_is_cropped_and_the_user_is_told(make_film: MakeFilm, tmp_path: Path) -> None:
    noise = "nullsrc=size=65x47:rate=24:duration=0.2,geq=random(1)*255:128:128"
    film = make_film("in.mkv", "-f", "lavfi", "-i", noise, "-pix_fmt", "yuv420p", "-c:v", "ffv1")
    planned = plan(film, tmp_path / "out.mkv")
    assert planned.notes == ("the size is cropped from 65x47 to 64x46: its chroma needs even numbers",)
    run(planned)
    video = probe(tmp_path / "out.mkv").video
    assert (video.width, video.height) == (64, 46)


@pytest.mark.parametrize(
    ("encoder", "suffix", "codec", "pixels"),
    [
        ("x264", ".mp4", "h264", "yuv420p"),
        ("x265", ".mp4", "hevc", "yuv420p10le"),
        ("svt-av1", ".webm", "av1", "yuv420p10le"),
        ("svt-av1", ".mkv", "av1", "yuv420p10le"),
        ("ffv1", ".mkv", "ffv1", "yuv420p"),
        ("x265", ".mov", "hevc", "yuv420p10le"),
    ],
)
def test_each_software_encoder_writes_each_container_with_the_films_colour(
    make_film: MakeFilm, tmp_path: Path, encoder: str, suffix: str, codec: str, pixels: str
) -> None:
    film = make_film(
        *("in.mkv", *picture(0.5), *X264),
        *("-vf", "setparams=color_primaries=smpte170m:color_trc=bt709:colorspace=smpte170m:range=limited,setsar=3/2"),
    )
    out = tmp_path / f"out{suffix}"
    run(plan(film, out, EncodeOptions(encoder=encoder)))
    info = probe(out)
    stream = info.streams[0]
    assert stream.codec.replace("libdav1d", "av1") == codec
    assert (info.video.pixel_format, info.video.frames, info.video.rate.fps) == (pixels, 12, NTSC)
    names = info.video.colour.names()
    assert [names[name] for name in ("matrix", "transfer", "primaries", "range")] == [
        "smpte170m", "bt709", "smpte170m", "limited"
    ]  # fmt: skip
    assert info.video.colour.sample_aspect == Fraction(3, 2)


@pytest.mark.parametrize("location", ["left", "center", "topleft"])
def test_the_chroma_location_is_that_of_the_film(make_film: MakeFilm, tmp_path: Path, location: str) -> None:
    tag = ("-vf", f"format=yuv420p,setparams=chroma_location={location}")
    film = make_film("in.mkv", *picture(0.2), *tag, "-c:v", "libx265", "-x265-params", "log-level=error")
    run(plan(film, tmp_path / "out.mkv", EncodeOptions(encoder="x265")))
    assert probe(film).video.colour.names()["chroma_location"] == location
    assert probe(tmp_path / "out.mkv").video.colour.names()["chroma_location"] == location


def test_hevc_in_mp4_has_the_tag_that_players_ask_for_and_its_index_first(plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    run(plan(plain, out, EncodeOptions(encoder="x265")))
    content = out.read_bytes()
    assert b"hvc1" in content
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("encoder", ["x264", "x265", "svt-av1"])
def test_hdr10_metadata_arrives(make_film: MakeFilm, tmp_path: Path, encoder: str) -> None:
    settings = (
        "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    )
    film = make_film("hdr.mkv", *picture(0.3), "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", settings)
    out = tmp_path / "out.mkv"
    planned = plan(film, out, EncodeOptions(encoder=encoder))
    assert planned.notes == ()
    run(planned)
    before, after = probe(film).video, probe(out).video
    assert after.hdr == before.hdr == ("mastering display", "content light level")
    assert after.colour.names() == before.colour.names()
    again = plan(out, tmp_path / "again.mkv", EncodeOptions(encoder=encoder)).colour
    assert again.light_level == planned.colour.light_level == (1000, 400)
    assert again.mastering is not None
    assert planned.colour.mastering is not None
    for got, wanted in zip(again.mastering.primaries, planned.colour.mastering.primaries, strict=True):
        assert got == pytest.approx(wanted, abs=2 / 50000)
    assert again.mastering.luminance == pytest.approx(planned.colour.mastering.luminance, rel=0.01)


def test_the_script_gives_the_same_frames_under_vspipe_as_the_job(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    planned = plan(rich, out, LOSSLESS, ENLARGED)
    run(planned)
    script = tmp_path / "script.vpy"
    script.write_text(planned.opened.script, "utf-8")
    command = [str(find_vspipe()), str(script), "-"]
    raw = subprocess.run(command, env=child_environment(), capture_output=True, check=True).stdout
    with av.open(str(out)) as container:
        planes = hashlib.sha256()
        for frame in container.decode(video=0):
            planes.update(frame.to_ndarray().tobytes())
    assert len(raw) == 144 * 128 * 96 * 3 // 2
    assert hashlib.sha256(raw).hexdigest() == planes.hexdigest()


NAMES = (
    *("a b.mkv", 'it\'s "quoted".mkv', "two\nlines.mkv", "-dash.mkv"),
    *("映画 фильм.mkv", "100%03d%s.mkv", "back\\slash.mkv", "a:b;c&d.mkv"),
)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works(plain: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    source = Path("in", name)
    source.write_bytes(plain.read_bytes())
    run(plan(source, Path(name)))
    assert probe(tmp_path / name).video.frames == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "in"])
    assert [path.name for path in (tmp_path / "in").iterdir()] == [name]


def test_one_frame_is_a_film(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("one.mkv", *picture(0.5), "-frames:v", "1", *X264)
    run(plan(film, tmp_path / "out.mkv"))
    assert frame_count(tmp_path / "out.mkv") == 1


def test_a_film_that_begins_late_begins_at_zero_with_its_sound_in_place(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("late.mkv", *picture(1), *tone(1), *X264, "-c:a", "flac", "-output_ts_offset", "2.5")
    out = tmp_path / "out.mkv"
    run(plan(film, out))
    assert times(film, 0)[0] == Fraction(5, 2)
    assert times(out, 0)[0] == 0
    assert times(out, 1) == [time - Fraction(5, 2) for time in times(film, 1)]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_sound_that_begins_before_the_picture_keeps_its_place(make_film: MakeFilm, tmp_path: Path, suffix: str) -> None:
    sound = make_film("sound.mka", *tone(1.5), "-c:a", "flac")
    moving = make_film("picture.mkv", *picture(1), *X264)
    film = make_film("early.mkv", "-itsoffset", "0.5", "-i", str(moving), "-i", str(sound), "-c", "copy")
    out = tmp_path / f"out{suffix}"
    run(plan(film, out))
    tick = Fraction(1, 1000)
    assert abs(times(out, 0)[0] - times(out, 1)[0] - Fraction(1, 2)) <= tick
    assert times(out, 1)[0] == 0
    assert payloads(out, 1) == payloads(film, 1)


KINDS = {
    "film.avi": ("-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3"),
    "film.ts": ("-c:v", "libx264", "-bf", "2", "-c:a", "aac"),
    "film.mpg": ("-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2"),
    "film.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
    "film.nut": ("-c:v", "ffv1", "-c:a", "flac"),
    "film.webm": ("-c:v", "libvpx", "-c:a", "libopus"),
    "film.h264": ("-map", "0:v", "-c:v", "libx264"),
    "film.gif": ("-map", "0:v"),
}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("name", KINDS)
def test_films_of_other_kinds_keep_picture_and_sound_together(
    make_film: MakeFilm, tmp_path: Path, name: str, suffix: str
) -> None:
    film = make_film(name, *picture(2), *tone(2), *KINDS[name])
    out = tmp_path / f"out{suffix}"
    run(plan(film, out))
    after, before = probe(out), probe(film)
    assert (after.video.frames, after.video.rate.fps) == (48, NTSC)
    sounds = [stream.index for stream in before.streams if stream.kind == "audio"]
    assert sounds == [stream.index for stream in after.streams if stream.kind == "audio"]
    for index in sounds:
        start = read_timeline(film, None, lambda _: None).start
        old = [time - start for time in times(film, index)]
        new = [time - times(out, after.video.index)[0] for time in times(out, index)]
        assert len(new) == len(old)
        assert max(abs(a - b) for a, b in zip(old, new, strict=True)) <= Fraction(2, 1000)


def test_the_first_frame_of_an_avi_is_found_although_it_has_no_timestamp(make_film: MakeFilm) -> None:
    film = make_film("film.avi", *picture(2), *KINDS["film.avi"][:4])
    assert read_timeline(film, None, lambda _: None).start == 1 / NTSC  # the decoder holds one frame back
    assert times(film, 0)[0] == 1 / NTSC


def test_an_edit_list_is_respected(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("edited.mp4", *picture(1), *tone(1), *X264, "-bf", "2", "-c:a", "aac")
    out = tmp_path / "out.mp4"
    run(plan(film, out))
    assert times(out, 0) == times(film, 0)
    assert times(out, 1) == times(film, 1)


def test_a_variable_rate_keeps_sound_and_length_and_the_user_is_told(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film(
        *("varies.mkv", *picture(4, rate="30"), *tone(4), "-vf", "select='not(eq(mod(n,10),7))'"),
        *(*X264, "-c:a", "flac", "-fps_mode", "passthrough"),
    )
    out = tmp_path / "out.mkv"
    planned = plan(film, out)
    assert planned.notes == (
        "the rate varies (14.925 to 30.303 fps): the film is read at 30.000 fps, each frame at its time",
    )
    run(planned)
    video = probe(out).video
    assert (video.frames, video.rate.constant, video.rate.fps) == (120, True, Fraction(30))
    assert times(out, 1) == times(film, 1)


def test_a_part_cuts_all_streams_alike(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    run(plan(rich, out, clip="f20-f50"))
    begin, length = 20 / NTSC, 30 / NTSC
    tick, packet = Fraction(1, 1000), Fraction(4608, 48000)
    assert frame_count(out) == 30
    for index in (1, 2):
        found = times(out, index)
        wanted = [time - begin for time in times(rich, index)]
        assert all(min(abs(time - other) for other in wanted) <= tick for time in found)
        assert -packet <= found[0] <= packet
        assert length - packet - tick <= found[-1] < length
    with av.open(str(out)) as container:
        lines = [(packet.pts, packet.duration) for packet in container.demux(container.streams[3]) if packet.size]
    # The first line lasts from 0.2 to 1.0 s and the part from 0.834 to 2.085 s; the second line begins at 1.5 s.
    assert lines == [(0, 166), (666, 585)]


def test_chapters_are_cut_with_the_part(rich: Path, tmp_path: Path) -> None:
    run(plan(rich, tmp_path / "out.mkv", clip="0.5-2"))
    with av.open(str(tmp_path / "out.mkv")) as container:
        chapters = [(c["start"], c["end"], c["metadata"]["title"]) for c in container.chapters()]
    begin, length = 12 / NTSC, 36 / NTSC
    edge, end = round((1 - begin) * 10**9), round(length * 10**9)
    assert chapters == [(0, edge, "Opening"), (edge, end, "Rest")]


def test_the_frames_of_a_part_are_those_of_the_film(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("in.mkv", *picture(2), "-c:v", "ffv1")
    run(plan(film, tmp_path / "out.mkv", LOSSLESS, clip="f7-f31"))
    assert pictures(tmp_path / "out.mkv") == pictures(film)[7:31]


def test_a_cover_is_kept_and_the_picture_behind_it_is_worked_on(make_film: MakeFilm, tmp_path: Path) -> None:
    cover = make_film("cover.png", *picture(0.04, size="32x32"), "-frames:v", "1")
    film = make_film(
        *("covered.mp4", "-i", str(cover), *picture(0.5), *tone(0.5), "-map", "0", "-map", "1", "-map", "2"),
        *("-c:v:0", "copy", "-disposition:v:0", "attached_pic", "-c:v:1", "libx264", "-c:a", "aac"),
    )
    for suffix in (".mkv", ".mp4"):
        out = tmp_path / f"out{suffix}"
        run(plan(film, out))
        info = probe(out)
        kept = [stream for stream in info.streams if stream.is_picture]
        assert len(kept) == 1
        assert payloads(out, kept[0].index) == [cover.read_bytes()]
        assert (info.video.frames, info.video.width) == (12, 64)


def test_notes_name_what_the_job_does_not_do(make_film: MakeFilm, tmp_path: Path) -> None:
    fields = make_film("fields.mkv", *picture(0.5, rate="50"), "-vf", "interlace", *X264, "-flags", "+ilme+ildct")
    assert any("interlaced" in note for note in plan(fields, tmp_path / "out.mkv").notes)
    glass = make_film("glass.mkv", *picture(0.2), "-pix_fmt", "yuva420p", "-c:v", "ffv1")
    assert plan(glass, tmp_path / "out.mkv").notes == ("the film has transparency: it is left out",)


def test_subtitles_of_mp4_are_refused_in_matroska_with_where_they_fit(
    make_film: MakeFilm, rich: Path, tmp_path: Path
) -> None:
    film = make_film("film.mp4", "-i", str(rich), "-map", "0:v", "-map", "0:4", *X264, "-c:s", "mov_text")
    with pytest.raises(ArgumentError, match=r"\.mkv cannot hold stream 1 .* of the film\. Write to \.mp4 or \.mov"):
        plan(film, tmp_path / "out.mkv")


def test_a_rotated_film_comes_out_upright(make_film: MakeFilm, tmp_path: Path) -> None:
    upright = make_film("upright.mp4", *picture(0.5), *X264)
    turned = make_film("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    run(plan(turned, tmp_path / "out.mp4"))
    video = probe(tmp_path / "out.mp4").video
    assert (video.width, video.height, video.rotation) == (48, 64, 0)


def test_the_job_tells_its_progress_and_the_share_of_repeated_frames(plain: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    result = run_job(plan(plain, tmp_path / "out.mkv"), told.append, lambda _: None)
    assert told[-1] == result.progress
    assert (result.progress.frames, result.progress.total) == (12, 12)
    assert result.progress.repeated_share == 0


def test_frames_are_counted_without_a_pipe_for_their_properties(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "PIPE_NAMES", False)
    result = run(plan(plain, tmp_path / "out.mkv"))
    assert result.progress.repeated_share is None
    assert frame_count(tmp_path / "out.mkv") == 12


@pytest.mark.parametrize("has_names", [True, False])
def test_the_properties_of_every_frame_are_handed_on_in_order(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_names: bool
) -> None:
    monkeypatch.setattr(render, "PIPE_NAMES", has_names and render.PIPE_NAMES)
    told: list[int] = []
    doubled = Options(multi=Fraction(2), interpolator="mvtools", upscaler="off")
    result = run_job(
        plan(plain, tmp_path / "out.mkv", enhance=doubled),
        lambda _: None,
        lambda _: None,
        lambda properties: told.append(int(str(properties["VsaiOrigin"]))),
    )
    assert (len(told), told[::2]) == (24, [0] * 12)
    assert result.progress.frames == 24


def test_what_a_container_cannot_hold_is_refused_before_the_job(rich: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.mp4 cannot hold stream 3 \(subtitle, ssa\), .*\.mkv, which can"):
        plan(rich, tmp_path / "out.mp4")
    with pytest.raises(ArgumentError, match=r"\.webm cannot hold h264 video"):
        plan(rich, tmp_path / "out.webm")
    with pytest.raises(ArgumentError, match=r"must end in \.mkv, \.mp4, \.mov, \.webm \(got 'out\.avi'\)"):
        plan(rich, tmp_path / "out.avi")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_there_is_kept_unless_it_may_be_replaced(plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    out.write_bytes(b"precious")
    with pytest.raises(OutputError, match="is there already"):
        plan(plain, out)
    assert out.read_bytes() == b"precious"
    run(plan(plain, out, overwrite=True))
    assert frame_count(out) == 12


def test_an_output_that_appears_while_the_job_runs_is_kept(plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    planned = plan(plain, out)
    out.write_bytes(b"precious")
    with pytest.raises(OutputError, match="has appeared while the job ran"):
        run(planned)
    assert out.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


@pytest.mark.parametrize("link", ["same", "hard", "symbolic"])
def test_the_film_itself_is_never_the_output(plain: Path, tmp_path: Path, link: str) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(plain.read_bytes())
    out = film if link == "same" else tmp_path / "other.mkv"
    if link == "hard":
        os.link(film, out)
    if link == "symbolic":
        out.symlink_to(film)
    with pytest.raises(ArgumentError, match="is the film itself"):
        plan(film, out, overwrite=True)


def test_a_missing_folder_is_refused(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        plan(plain, tmp_path / "none" / "out.mkv")


def test_a_folder_that_cannot_be_written_is_refused(plain: Path) -> None:
    # /proc refuses new files to everybody, root included.
    with pytest.raises(OutputError, match="cannot be written"):
        plan(plain, Path("/proc/out.mkv"))


def test_an_encoder_that_fails_leaves_nothing_and_speaks_for_itself(plain: Path, tmp_path: Path) -> None:
    planned = plan(plain, tmp_path / "out.mkv", EncodeOptions(arguments="-preset nonsense"))
    with pytest.raises(JobError, match=r"^ffmpeg: .*(nonsense|preset)"):
        run(planned)
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_fails_in_a_frame_leaves_nothing_and_speaks_for_itself(plain: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(plain.read_bytes())
    planned = plan(film, tmp_path / "out.mkv")
    film.write_bytes(plain.read_bytes()[:3000])
    with pytest.raises(JobError, match=r"^vspipe: |verify: "):
        run(planned)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


def test_a_film_whose_picture_breaks_off_is_refused_but_the_part_before_is_not(
    make_film: MakeFilm, tmp_path: Path
) -> None:
    content = make_film("whole.mp4", *picture(4), "-c:v", "mjpeg", "-movflags", "+faststart").read_bytes()
    film = tmp_path / "film.mp4"
    film.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(
        InputError, match=r"is damaged: its picture can be decoded up to [12]\.\d+ s, and goes on to 3\.9"
    ):
        plan(film, tmp_path / "out.mkv")
    plan(film, tmp_path / "out.mkv", clip="f0-f12")


def test_a_result_with_other_frames_than_planned_is_never_kept(plain: Path, tmp_path: Path) -> None:
    planned = plan(plain, tmp_path / "out.mkv", EncodeOptions(arguments="-frames:v 11"))
    with pytest.raises(JobError, match=r"ffmpeg|the result is not what was planned: frames 11 instead of 12"):
        run(planned)
    assert list(tmp_path.iterdir()) == []
