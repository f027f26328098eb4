"""Try it: each task's form in a real browser, with the bundled models."""

import base64
import io
import json
import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from app.plots.palette import LIGHT
from benchmarks.service import Service

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here

OpenPage = Callable[..., Any]
SEVEN = [(0.28, 0.24), (0.5, 0.235), (0.72, 0.25), (0.62, 0.45), (0.52, 0.63), (0.45, 0.82)]


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def draw(page: Any, points: list[tuple[float, float]], size: float = 1) -> None:
    """One stroke through these points of the pad, 0 to 1, as a hand draws it."""
    box = page.locator(".pad").bounding_box()
    places = [(box["x"] + box["width"] * x * size, box["y"] + box["height"] * y * size) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


def test_a_review_turns_while_it_is_typed(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    review = page.get_by_label("Review")
    review.fill("")
    review.press_sequentially("A wonderful film, superb and moving", delay=5)
    expect(page.locator(".verdict")).to_contain_text("positive")

    review.press_sequentially(" but no: it is awful, boring, dull, a terrible waste of time", delay=5)

    expect(page.locator(".verdict")).to_contain_text("negative")


def test_requests_go_out_while_somebody_types_one_at_a_time(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    expect(page.locator(".verdict")).to_contain_text("positive")
    sent: list[str] = []
    under_way = [0]

    def begin(request: Any) -> None:
        if request.url.endswith("/predict"):
            sent.append(json.loads(request.post_data)["text"])
            under_way.append(under_way[-1] + 1)

    def end(request: Any) -> None:
        if request.url.endswith("/predict"):
            under_way.append(under_way[-1] - 1)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)
    review = page.get_by_label("Review")
    text = "A superb start, but then the worst acting and the most boring plot of the year."
    review.fill("")
    page.evaluate("""() => { globalThis.most = 0; setInterval(() => {
      globalThis.most = Math.max(globalThis.most, document.querySelectorAll('mark').length); }, 20); }""")

    review.press_sequentially(text, delay=15)
    marked = page.evaluate("globalThis.most")

    expect(page.locator(".verdict")).to_contain_text("negative")
    page.wait_for_timeout(300)
    assert len([one for one in sent if one != text]) >= 3, sent
    assert text == sent[-1]
    assert max(under_way) == 1
    assert marked > 0  # words were marked before the last letter


def test_no_old_answer_stays_while_the_service_is_away(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    expect(page.locator(".verdict")).to_contain_text("positive")
    expect(page.locator("mark").first).to_be_attached()
    page.route("**/predict", lambda route: route.abort())

    page.get_by_label("Review").fill("A terrible film.")

    expect(page.get_by_role("alert")).to_have_text("The service does not answer. Trying again…")
    expect(page.locator(".verdict")).to_have_count(0)
    expect(page.locator("mark")).to_have_count(0)
    page.unroute("**/predict")
    expect(page.locator(".verdict")).to_contain_text("negative")  # without a touch
    expect(page.get_by_role("alert")).to_have_count(0)
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


def test_words_are_marked_by_their_effect(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill("😀 superb, and the worst acting")  # counted in code points, not in UTF-16

    superb = page.locator("mark", has_text=re.compile("^superb$"))
    worst = page.locator("mark", has_text=re.compile("^worst$"))
    expect(superb).to_have_count(1)
    expect(worst).to_have_count(1)
    assert superb.get_attribute("class") != worst.get_attribute("class")
    underline = "e => getComputedStyle(e).textDecorationLine + getComputedStyle(e).boxShadow"
    assert superb.evaluate(underline) != worst.evaluate(underline)  # not by colour alone
    page.get_by_text("words as a table").click()
    expect(page.get_by_role("rowheader", name="superb")).to_be_visible()


def test_a_story_gets_its_topics(open_page: OpenPage) -> None:
    page = open_page("#/try/newswire")
    expect(page.locator(".verdict")).to_contain_text("crude")

    page.get_by_role("button", name="Grain").click()

    expect(page.locator(".verdict")).to_contain_text(re.compile("grain|wheat|corn"))
    expect(page.get_by_role("list", name="The most probable labels").get_by_role("listitem")).to_have_count(8)


@pytest.mark.parametrize("size", [1.0, 0.45])
def test_a_drawn_seven_is_read(open_page: OpenPage, size: float) -> None:
    """Large or small, in the middle or in a corner: it is scaled and centred as MNIST is."""
    page = open_page("#/try/digits")

    draw(page, SEVEN, size)

    expect(page.locator(".verdict")).to_contain_text(re.compile("^7"))
    expect(page.locator(".bars li")).to_have_count(10)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".verdict")).to_have_count(0)


def test_a_seven_can_be_drawn_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page("#/try/digits")
    page.locator(".pad").focus()
    steps = ["ArrowLeft"] * 6 + [" "] + ["ArrowRight"] * 11 + ["ArrowDown", "ArrowDown", "ArrowLeft"] * 7

    for key in steps:
        page.keyboard.press(key)

    expect(page.locator(".verdict")).to_contain_text(re.compile("^7"))


ZERO = [(0.5 + 0.3 * math.sin(turn * math.pi / 8), 0.5 - 0.4 * math.cos(turn * math.pi / 8)) for turn in range(17)]
THREE = [
    (0.3, 0.25),
    (0.5, 0.15),
    (0.7, 0.28),
    (0.6, 0.45),
    (0.45, 0.5),
    (0.65, 0.55),
    (0.72, 0.72),
    (0.5, 0.86),
    (0.27, 0.76),
]


@pytest.mark.parametrize(("digit", "points"), [("0", ZERO), ("3", THREE), ("7", SEVEN)])
def test_a_digit_of_a_sixth_of_the_pad_is_read(open_page: OpenPage, digit: str, points: list[Any]) -> None:
    """The pen is thin then, or it would fill the digit's holes."""
    page = open_page("#/try/digits")

    draw(page, points, 0.2)

    expect(page.locator(".verdict")).to_contain_text(re.compile(f"^{digit}"))


def picture_of_a_seven(kind: str) -> bytes:
    """A drawing; a telephone's photograph of shaded paper; white strokes on nothing, as a canvas saves them."""
    size = (2400, 1800) if kind == "photograph" else (300, 200)
    points = [(size[0] * (0.15 + 0.35 * x), size[1] * (0.3 + 0.6 * y)) for x, y in SEVEN]
    if kind == "photograph":
        picture = Image.linear_gradient("L").resize(size).point(lambda level: 130 + level // 3)
    else:
        picture = Image.new("L", size, 235) if kind == "drawing" else Image.new("RGBA", size, (255, 255, 255, 0))
    ink: Any = (255, 255, 255, 255) if kind == "transparent" else 30
    ImageDraw.Draw(picture).line(points, fill=ink, width=size[0] // 27, joint="curve")
    content = io.BytesIO()
    picture.save(content, "JPEG" if kind == "photograph" else "PNG")
    return content.getvalue()


def choose(page: Any, content: bytes, media_type: str = "image/png") -> None:
    page.locator("input[type=file]").set_input_files({"name": "7", "mimeType": media_type, "buffer": content})


SEEN = """() => { const seen = document.querySelector('[aria-label="The picture as the model sees it"]');
  const { data } = seen.getContext("2d").getImageData(0, 0, 28, 28);
  return data.filter((value, place) => place % 4 === 0 && value > 200).length; }"""


@pytest.mark.parametrize("kind", ["drawing", "photograph", "transparent"])
def test_a_picture_of_a_seven_is_read(open_page: OpenPage, kind: str) -> None:
    """It goes to the service as it is, and the page shows what the service saw."""
    page = open_page("#/try/digits")
    sent: list[Any] = []
    page.on("request", lambda request: sent.append((request.url, request.post_data)))
    content = picture_of_a_seven(kind)

    choose(page, content, "image/jpeg" if kind == "photograph" else "image/png")

    expect(page.locator(".verdict")).to_contain_text(re.compile("^7"))
    assert 20 < page.evaluate(SEEN) < 150
    for path in ("/predict", "/tasks/digits/encode"):
        (image,) = [json.loads(body)["image"] for url, body in sent if url.endswith(path)]
        assert content == base64.b64decode(image.partition(",")[2])


def test_a_picture_without_a_digit_is_refused_in_words_and_a_drawing_takes_its_place(open_page: OpenPage) -> None:
    page = open_page("#/try/digits")
    blank = io.BytesIO()
    Image.new("L", (300, 300), 240).save(blank, "PNG")

    choose(page, blank.getvalue())

    expect(page.get_by_role("alert")).to_contain_text("shows nothing")
    expect(page.locator(".verdict")).to_have_count(0)
    assert 0 == page.evaluate(SEEN)
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_contain_text(re.compile("^7"))
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the request that was refused


def test_a_long_picture_is_not_written_into_the_shown_request(
    open_page: OpenPage, service: Service, tmp_path: Path
) -> None:
    page = open_page("#/try/digits")
    content = picture_of_a_seven("photograph")
    choose(page, content, "image/jpeg")
    expect(page.locator(".verdict")).to_contain_text(re.compile("^7"))
    page.get_by_text("This request as curl and fetch").click()
    curl = page.locator("[data-snippet] code").nth(0).inner_text()
    (tmp_path / "picture.jpg").write_bytes(content)

    told = subprocess.run(["bash", "-c", curl], capture_output=True, check=True, text=True, cwd=tmp_path).stdout

    assert len(curl) < 1_000
    assert 7 == json.loads(told)["prediction"]["label"]


def test_a_file_that_is_no_picture_is_refused_in_words(open_page: OpenPage) -> None:
    page = open_page("#/try/digits")

    page.locator("input[type=file]").set_input_files({"name": "7.png", "mimeType": "image/png", "buffer": b"seven"})

    expect(page.get_by_role("alert")).to_contain_text("no picture")


def test_the_price_follows_a_slider_and_a_field(open_page: OpenPage) -> None:
    page = open_page("#/try/housing")
    expect(page.locator(".verdict")).to_contain_text("22.43 thousands of 1970s US dollars")
    expect(page.get_by_text("Median home price", exact=True)).to_be_visible()

    page.get_by_label("RM, slider").fill("8")
    expect(page.get_by_label("RM: rooms per home, mean")).to_have_value("8")
    expect(page.locator(".verdict")).not_to_contain_text("22.43")
    page.get_by_role("button", name="Example").click()
    expect(page.locator(".verdict")).to_contain_text("22.43")
    page.get_by_label("LSTAT: share").fill("")
    expect(page.get_by_role("alert")).to_contain_text("LSTAT: a number is needed")
    expect(page.locator(".verdict")).to_have_count(0)
    expect(page.locator(".effect .bar")).to_have_count(0)
    page.get_by_label("LSTAT: share").fill("4.98")
    expect(page.locator(".verdict")).to_be_visible()


def test_a_click_on_the_plane_asks_for_that_point(open_page: OpenPage) -> None:
    page = open_page("#/try/planar")
    plane = page.locator(".plane")
    box = plane.bounding_box()

    plane.click(position={"x": box["width"] * 0.72, "y": box["height"] * 0.5})
    expect(page.locator(".verdict")).to_contain_text("class 1")
    plane.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.5})

    expect(page.locator(".verdict")).to_contain_text("class 0")
    assert -0.9 == pytest.approx(float(page.get_by_label("x1", exact=True).input_value()), abs=0.05)


def test_the_plane_has_the_colours_and_names_of_the_boundarys_picture(open_page: OpenPage) -> None:
    page = open_page("#/try/planar")

    for label, colour in enumerate(LIGHT.classes):
        wanted = f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"
        style = page.locator(".key", has_text=f"class {label}").evaluate(
            "e => getComputedStyle(e).boxShadow + getComputedStyle(e).textDecorationColor"
        )
        assert wanted in style
    effects = page.get_by_role("list", name="Effect of each coordinate").get_by_role("listitem")
    expect(effects).to_contain_text(["x1", "x2"])
    expect(page.get_by_label("x2", exact=True)).to_be_visible()


def test_the_shown_curl_and_fetch_do_what_the_page_did(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill("It's a 'dull' film & \"awful\"")  # every quote a shell knows
    expect(page.locator(".verdict")).to_contain_text("negative")
    page.get_by_text("This request as curl and fetch").click()
    box = page.locator("[data-snippet]")
    expect(box).to_contain_text("awful")
    curl = box.locator("code").nth(0).inner_text()
    code = box.locator("code").nth(1).inner_text()

    told = json.loads(subprocess.run(["bash", "-c", curl], capture_output=True, check=True, text=True).stdout)
    fetched = page.evaluate(f"async () => {{ {code.replace('console.log(', 'return (')} }}")

    assert "negative" == told["prediction"]["label"]
    assert told == fetched
    assert service.url in curl


def test_the_request_can_be_copied(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".verdict")).to_contain_text("positive")
    page.get_by_text("This request as curl and fetch").click()

    page.get_by_role("button", name="Copy the curl").click()

    expect(page.get_by_role("button", name="Copy the curl")).to_have_text("Copied")
    assert page.locator("[data-snippet] code").nth(0).text_content() == page.evaluate("navigator.clipboard.readText()")
