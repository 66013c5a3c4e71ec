"""The look of figures, as a study sets it: widths, size, font, colours, labels, titles; what is wrong is said before any job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Drawn
from matplotlib.legend import Legend
from matplotlib.text import Text

from polyglot.core.errors import ConfigurationError
from polyglot.displays.catalogue import FIGURES
from polyglot.displays.figures import drawing
from polyglot.displays.figures.style import COLOURS, looks
from polyglot.displays.makers import maker
from polyglot.displays.page.document import shown_of
from polyglot.study.configuration import Study
from polyglot.study.figures import PRESETS, Figure, Look
from polyglot.workflow.loading import load_study

from .test_figures import STYLE, a_context, frames_of, inputs_of, measured, scored

OWN = FIGURES["gain"]


def look_of(figures: dict[str, Any], name: str = "gain") -> Look:
    raw = {"study": "s", "languages": ["de"], "teachers": ["t"], "figures": figures}
    return OWN.look(Study.model_validate(raw), name)


def test_a_figure_has_its_own_look_then_that_of_all_then_its_usual_one() -> None:
    assert look_of({}) == Look(OWN.width, OWN.height, colours={}, labels={})
    common = {"width": "column", "font": "DejaVu Serif", "colours": {"t": "#000000", "de": "#111111"}, "labels": {"a": "b"}}
    look = look_of({"all": common, "gain": {"width": 5, "title": "Gain", "colours": {"t": "#222222"}}})
    assert (look.width, look.font, look.title) == (5, "DejaVu Serif", "Gain")
    assert look.colours == {"t": "#222222", "de": "#111111"}
    assert look.labels == {"a": "b"}
    assert look.asked == ()
    assert look_of({"all": common, "gain": {"labels": {"c": "d"}}}).asked == ("c",)
    assert look_of({"all": common}, "ranks").width == PRESETS["column"].width


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_width_and_print_and_a_height_that_goes_with_them(preset: str) -> None:
    look = look_of({"all": {"width": preset}})
    assert (look.width, look.size) == (PRESETS[preset].width, PRESETS[preset].size)
    assert 0.5 < look.height / look.width < 1
    assert look_of({"all": {"width": preset, "size": 9, "height": 4}}) == Look(look.width, 4, 9, colours={}, labels={})


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"gains": {}}, r"figures: unknown figure 'gains'; did you mean 'gain'"),
        ({"gain": {"width": "colum"}}, r"figures\.gain\.width: 'colum' is no width: column, page, slide, or inches as a number"),
        ({"gain": {"width": 80}}, r"figures\.gain\.width: a figure is 2 to 30 inches wide, not 80"),
        ({"gain": {"size": 2}}, r"figures\.gain\.size: .*5"),
        ({"gain": {"colour": {}}}, r"figures\.gain\.colour: no such key .*allowed here: width, height, size, font, colours"),
        ({"gain": {"colours": {"thorogh": "#000000"}}}, r"figures\.gain\.colours: unknown .*'thorogh'; did you mean 'thorough'"),
        ({"all": {"colours": {"thorough": None}}}, r"figures\.all\.colours\.thorough: put the colour in quotes"),
        ({"all": {"colours": {"thorough": "red"}}}, r"figures\.all\.colours\.thorough: 'red' is no colour: write # and six"),
        ({"all": {"title": "One"}}, r"figures\.all\.title: a title is one figure's"),
    ],
)
def test_what_is_wrong_is_said_with_its_key_before_any_job(figures: dict[str, Any], message: str, repository: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_study(repository / "config/demo.yaml", repository, {"figures": figures})


def drawn(look: Look, name: str = "intrinsic_extrinsic", **names: Any) -> tuple[Drawn, list[str]]:
    """A figure in a look, and everything that it says."""
    frames, context = frames_of("complete")
    display = FIGURES[name]
    with drawing.drawn(
        lambda context: maker("figure", display.function)(context, **inputs_of(display, frames)),
        context,
        look,
        style=STYLE,
        name=name,
    ) as figure:
        return figure, [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def entries(figure: Drawn) -> dict[str, str]:
    """The colours of the legend."""
    (legend,) = figure.findobj(Legend)
    handles = zip(legend.get_texts(), legend.legend_handles, strict=True)
    return {text.get_text(): handle.get_color() for text, handle in handles}  # type: ignore[union-attr]


def test_a_teacher_has_its_colour_and_no_other_has_it() -> None:
    figure, _ = drawn(Look(7, 4.2, colours={"hasty": COLOURS[0]}))
    assert entries(figure)["Hasty"] == COLOURS[0]
    assert list(entries(figure).values()).count(COLOURS[0]) == 1
    assert [look.colour for look in looks("abc").values()] == list(COLOURS[:3])


def test_labels_name_teachers_languages_and_lines_of_text_otherwise() -> None:
    labels = {"hasty": "Hurry", "de": "Standard German", "gain over the base": "improvement", "other languages": "the rest"}
    _, said = drawn(Look(7, 4.2, labels=labels))
    assert {"Hurry", "improvement", "the rest"} <= set(said)
    assert any(text.startswith("Standard German\n") for text in said)
    assert not {"Hasty", "gain over the base"} & set(said)


def test_names_are_no_formulas_and_hold_no_control_character_or_key() -> None:
    """A key in a picture could be found by nobody."""
    key = "hf_" + "Ab1" * 9
    evil = r"$\frac{1}{0}$ \input{x} $x"
    _, said = drawn(Look(7, 4.2, labels={"hasty": evil, "de": f"\x1b[31m\u202e {key}"}))
    assert any(evil in text for text in said)
    assert any("\\x1b[31m\\u202e [secret]" in text for text in said)
    assert not any(key in text or "\u202e" in text for text in said)


def test_an_unknown_label_or_font_is_named_with_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"figures\.intrinsic_extrinsic\.labels: unknown text 'gain over base'; did you mean 'gain over the"
    ):
        drawn(Look(7, 4.2, labels={"gain over base": "x"}, asked=("gain over base",)))
    drawn(Look(7, 4.2, labels={"only another figure says this": "x"}))
    with pytest.raises(
        ValueError, match=r"figures\.intrinsic_extrinsic\.font: unknown font 'DejaVu Serf'; did you mean 'DejaVu Serif'"
    ):
        drawn(Look(7, 4.2, font="DejaVu Serf"))


def test_a_font_is_used_and_letters_that_it_lacks_come_from_another() -> None:
    figure, said = drawn(Look(7, 4.2, font="STIXGeneral"))
    assert {text.get_fontfamily()[0] for text in figure.findobj(Text)} == {"STIXGeneral"}
    assert any("العربية" in text for text in said)


def test_size_enlarges_text_lines_and_markers_alike() -> None:
    usual, large = (drawn(Look(7 * factor, 4.2 * factor, 8.5 * factor), "leaderboard")[0] for factor in (1, 2))
    for figure in (usual, large):
        figure.canvas.draw()
    assert large.get_figwidth() == 2 * usual.get_figwidth()
    sizes = [[float(text.get_fontsize()) for text in figure.axes[0].get_yticklabels()] for figure in (usual, large)]
    assert sizes[1] == pytest.approx([2 * size for size in sizes[0]])
    lines = [[line.get_markersize() for line in figure.axes[0].lines] for figure in (usual, large)]
    assert lines[1] == pytest.approx([2 * size for size in lines[0]])


def test_a_pdf_holds_its_fonts_as_type_42(tmp_path: Path) -> None:
    frames, context = scored(measured(langs=("ar", "ja")), a_context())
    display = FIGURES["intrinsic_extrinsic"]
    path = tmp_path / "figure.pdf"
    for font in (None, "STIXGeneral"):
        drawing.draw(
            lambda context: maker("figure", display.function)(context, cells=frames["cells"]),
            context,
            Look(7, 4.2, font=font),
            [path],
            style=STYLE,
        )
        raw = path.read_bytes()
        assert b"/FontFile2" in raw
        assert b"/Type3" not in raw
        assert b"/CIDFontType2" in raw or b"/TrueType" in raw


def test_all_is_no_name_for_an_experiment(repository: Path) -> None:
    with pytest.raises(ConfigurationError, match="experiments: 'all' means every figure under `figures`; choose another name"):
        load_study(
            repository / "config/demo.yaml", repository, {"experiments": {"all": {"compare": "recipes", "recipes": ["equal"]}}}
        )


def test_every_width_in_inches_is_drawn_in_its_width() -> None:
    assert drawn(Figure(width=4.5).look(7, 4.2))[0].get_figwidth() == pytest.approx(4.5)


def test_a_page_shows_a_figure_of_another_print_in_a_size_that_can_be_read(tmp_path: Path) -> None:
    look = Figure.model_validate({"width": "column"}).look(7, 4.2)
    frames, context = frames_of("complete")
    path = tmp_path / "ranks.png"
    drawing.draw(lambda context: maker("figure", "ranks")(context, frames["teachers"]), context, look, [path], style=STYLE)
    one = {"kind": "figure", "name": "ranks", "title": "Ranks", "category": "1", "caption": "", "path": str(path)}
    shown = shown_of([one | {"scale": f"{look.scale:g}"}], "figure")["ranks"]
    assert shown.size[0] == pytest.approx(200 * look.width / look.scale, abs=2)
    assert shown.size[0] > shown_of([one], "figure")["ranks"].size[0] == pytest.approx(200 * look.width, abs=1)
