"""What becomes of photos as strangers send them."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from pwb.content import images
from pwb.content.images import UnusablePicture
from tests import pictures
from tests.growth import LINEAR, TIMES_LONGER, growth, seconds

HOSTILE = pictures.hostile()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def is_red(image: Image.Image, x: int, y: int) -> bool:
    red, green, blue = image.getpixel((x, y))[:3]
    return red > 180 and green < 80 and blue < 80


@pytest.fixture(scope="module")
def large_photo() -> bytes:
    """As a good camera sends it."""
    return pictures.encoded(Image.new("RGB", (6000, 4000), "teal"), quality=60)


@pytest.fixture(scope="module")
def seconds_of_a_photo(large_photo: bytes) -> float:
    """The processor's time that a sound large photo takes, as a measure for others."""
    return seconds(images.clean, large_photo)


def refusal(data: bytes) -> str:
    with pytest.raises(UnusablePicture) as refused:
        images.clean(data)
    return str(refused.value)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_hostile_file_is_refused_with_a_reason_and_less_work_than_a_photo(
    name: str, seconds_of_a_photo: float
) -> None:
    assert refusal(HOSTILE[name]).endswith(".")
    assert seconds(refusal, HOSTILE[name]) < seconds_of_a_photo


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(UnusablePicture, match="larger than 20 MB"):
        images.clean(pictures.jpeg() + bytes(images.MOST_BYTES))


def test_the_reasons_say_what_is_wrong() -> None:
    reasons = {
        "svg_with_script": "no JPEG, PNG or WebP",
        "png_bomb": "million pixels",
        "truncated_jpeg": "damaged or cut short",
        "animated_webp": "animation",
        "jpeg_then_web_page": "hidden",
    }
    for name, words in reasons.items():
        with pytest.raises(UnusablePicture, match=words):
            images.clean(HOSTILE[name])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_accepted_kind_is_kept_as_a_new_jpeg(form: str) -> None:
    kept = images.clean(pictures.encoded(pictures.picture(), form))
    assert opened(kept.data).format == "JPEG"
    assert (kept.width, kept.height) == (320, 240) == opened(kept.data).size
    assert is_red(opened(kept.data), 10, 100)
    assert not is_red(opened(kept.data), 300, 100)


def test_place_camera_and_comment_are_gone() -> None:
    sent = pictures.with_place()
    assert b"Spy Camera" in sent and opened(sent).getexif().get_ifd(0x8825)
    kept = opened(images.clean(sent).data)
    assert not kept.getexif()
    assert not set(kept.info) & {"exif", "comment", "icc_profile", "xmp", "photoshop"}
    assert b"Spy Camera" not in images.clean(sent).data
    assert b"home of the owner" not in images.clean(sent).data


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (320, 240), (10, 120)),
        (3, (320, 240), (310, 120)),
        (6, (240, 320), (120, 10)),
        (8, (240, 320), (120, 310)),
    ],
)
def test_a_photo_is_turned_as_the_camera_was_held(
    orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    kept = opened(images.clean(pictures.with_place(orientation)).data)
    assert kept.size == size
    assert is_red(kept, *red)


def test_a_picture_turned_by_png_metadata_with_transparency_is_turned_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sent = pictures.encoded(pictures.picture(mode="RGBA"), "PNG", exif=exif)
    assert opened(images.clean(sent).data).size == (240, 320)


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "RGBA", "LA", "I;16"])
def test_every_way_of_storing_colours_becomes_plain_colours(mode: str) -> None:
    if mode == "I;16":
        image = Image.new("I;16", (64, 64), 40_000)
    else:
        image = pictures.picture(64, 64).convert(mode)
    form = "JPEG" if mode == "CMYK" else "PNG"
    kept = opened(images.clean(pictures.encoded(image, form)).data)
    assert kept.mode == "RGB"
    if mode == "I;16":
        assert abs(kept.getpixel((5, 5))[0] - 40_000 // 256) <= 3
    if mode in ("CMYK", "P", "RGBA"):
        assert is_red(kept, 5, 30)


def test_clear_parts_become_white() -> None:
    sent = pictures.encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")
    assert opened(images.clean(sent).data).getpixel((25, 25)) == (255, 255, 255)


def test_colours_with_a_profile_of_their_own_are_brought_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, lab, b"no profile at all", srgb[:300]):
        kept = opened(images.clean(pictures.jpeg(icc_profile=profile)).data)
        assert "icc_profile" not in kept.info
        assert kept.size == (320, 240)


def test_metadata_of_every_kind_and_size_is_dropped() -> None:
    sent = pictures.jpeg()
    for number in range(60):
        sent = pictures.with_segment(sent, 0xE1, b"Exif\0\0" + bytes([number]) * 65_000)
    kept = images.clean(sent)
    assert len(kept.data) < 20_000


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_broken_exif_does_no_harm() -> None:
    sent = pictures.with_segment(pictures.jpeg(), 0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert images.clean(sent).width == 320


def test_a_film_that_a_phone_leaves_after_the_photo_is_dropped() -> None:
    sent = pictures.jpeg() + b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 4000
    assert len(images.clean(sent).data) < 20_000


def test_a_photo_of_two_lenses_in_one_file_counts_as_one() -> None:
    out = io.BytesIO()
    first, second = pictures.picture(), pictures.picture(shade=5)
    first.save(out, "MPO", save_all=True, append_images=[second])
    assert opened(out.getvalue()).format == "MPO"
    assert images.clean(out.getvalue()).width == 320


def test_a_large_photo_is_kept_at_a_sensible_size(large_photo: bytes) -> None:
    kept = images.clean(large_photo)
    assert (kept.width, kept.height) == (2560, 1707)


def test_keeping_a_large_photo_is_little_more_work_than_reading_and_writing_it(
    large_photo: bytes, seconds_of_a_photo: float
) -> None:
    def read_and_write(data: bytes) -> bytes:
        return pictures.encoded(opened(data).resize((2560, 1707)))

    assert seconds_of_a_photo < 5 * seconds(read_and_write, large_photo)


def test_a_file_made_to_waste_a_readers_time_wastes_little() -> None:
    sound = pictures.jpeg()
    short, long = (
        sound[:-2] + b"\xff\x00" * times + sound[-2:]
        for times in (1_200_000, 1_200_000 * TIMES_LONGER)
    )
    assert growth(images.clean, short, long) < LINEAR


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux holds a process to its memory.")
def test_a_small_file_of_millions_of_pixels_takes_no_gigabyte() -> None:
    program = """
import io, resource
from PIL import Image
from pwb.content import images
out = io.BytesIO()
Image.new("RGBA", (8_000, 8_000), (10, 20, 30, 128)).save(out, "PNG", compress_level=1)
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
print(images.clean(out.getvalue()).width)
"""
    words = [sys.executable, "-c", program]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.stdout == "2560\n", run.stderr


def test_a_large_picture_has_no_seams() -> None:
    across = Image.linear_gradient("L").resize((5_300, 5_300), Image.Resampling.BILINEAR)
    kept = opened(images.clean(pictures.encoded(across, "PNG")).data)
    assert kept.size == (2560, 2560)
    shades = [kept.getpixel((1_000, y))[0] for y in range(2560)]
    assert all(abs(shade - y / 10) <= 4 for y, shade in enumerate(shades))


@pytest.mark.parametrize(
    ("width", "height"), [(1080, 1080), (1080, 1350), (1200, 630), (1080, 1920), (1600, 900)]
)
def test_a_crop_has_exactly_the_size_asked_for_and_is_cut_about_the_middle(
    width: int, height: int
) -> None:
    kept = images.clean(pictures.jpeg(width=900, height=700)).data
    cut = opened(images.cropped(kept, width, height))
    assert (cut.size, cut.format, cut.mode) == ((width, height), "JPEG", "RGB")
    assert is_red(cut, 5, height // 2)
    assert not is_red(cut, width - 5, height // 2)
    assert not cut.getexif()


def test_a_smaller_copy_keeps_the_ratio_and_never_grows() -> None:
    kept = images.clean(pictures.jpeg(width=1200, height=600)).data
    assert opened(images.scaled(kept, 400)).size == (400, 200)
    assert opened(images.scaled(kept, 4000)).size == (1200, 600)


def test_nothing_of_the_portal_is_named_in_a_kept_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.jpg"
    path.write_bytes(images.clean(pictures.jpeg()).data)
    with Image.open(path) as kept:
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"} | {
            "progressive",
            "progression",
        }
