"""What MJML allows, tag by tag, and what mjml-python leaves undone of it. No I/O.

Tags, children, attributes and kinds are those of npm mjml 5.4.1 (its components' `allowedAttributes`, the preset's
dependencies, the types of mjml-core), less what mjml-python 1.4.2 refuses. What mjml-python does not do was measured in
November 2026 by compiling each attribute with both, once with it and once without. tests/test_mjml_reference.py
compares the table with the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from newsletter.typed import listed, nearest, quoted


@dataclass(frozen=True, slots=True)
class Kind:
    """What the value of an attribute may be."""

    wanted: str
    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()

    def fault(self, value: str) -> str:
        """What is wrong with a value that is none of this kind, and the cure; or nothing."""
        if self.pattern.fullmatch(value):
            return ""
        close = f"; did you mean {value}px?" if self.pattern.fullmatch(f"{value}px") else nearest(value, self.words)
        return f"{quoted(value)}; write {self.wanted}{close}"


def _choice(*words: str) -> Kind:
    return Kind(listed(word or "nothing" for word in words), re.compile("|".join(map(re.escape, words))), words)


def _length(*units: str, most: int = 1, minus: str = "") -> Kind:
    """A length in one of the units; the unit `""` is a plain number, `auto` the word."""
    named = tuple(unit for unit in units if unit not in ("", "auto"))
    words = [
        f"a length in {listed(named)}",
        *(["a number"] if "" in units else []),
        *(["auto"] if "auto" in units else []),
    ]
    one = rf"{minus}(?:\d+(?:\.\d+)?|\.\d+)(?:{'|'.join(unit for unit in units if unit != 'auto')})|0"
    one += "|auto" if "auto" in units else ""
    several = rf"(?:{one})(?: (?:{one})){{0,{most - 1}}}"
    return Kind(
        listed(words) if most == 1 else f"one to four lengths in {listed(named)}", re.compile(several, re.ASCII)
    )


_COLOURS: Final = (
    "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood "
    "cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray "
    "darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen "
    "darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue "
    "firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew "
    "hotpink indianred indigo inherit ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral "
    "lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue "
    "lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine "
    "mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise "
    "mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange "
    "orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum "
    "powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna "
    "silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato transparent "
    "turquoise violet wheat white whitesmoke yellow yellowgreen"
)
_NUMBER = r"\d{1,3}"
TEXT: Final = Kind("text", re.compile(".*", re.DOTALL))
_COLOUR: Final = Kind(
    "a colour as #rgb, #rrggbb, rgb(), rgba() or a name of CSS",
    re.compile(
        rf"#[0-9a-f]{{3}}|#[0-9a-f]{{6}}|rgb\({_NUMBER},\s?{_NUMBER},\s?{_NUMBER}\)"
        rf"|rgba\({_NUMBER},\s?{_NUMBER},\s?{_NUMBER},\s?\d(?:\.\d{{1,3}})?\)"
        # Names count in lower case alone, as in the reference.
        rf"|(?-i:{'|'.join(_COLOURS.split())})",
        re.IGNORECASE | re.ASCII,
    ),
    tuple(_COLOURS.split()),
)
_WHOLE: Final = Kind("a whole number", re.compile(r"\d+", re.ASCII))
_TRUTH: Final = _choice("true", "false")
_PX, _PX_OR_SHARE = _length("px"), _length("px", "%")
_UP_TO_FOUR: Final = _length("px", "%", most=4)
_LINE: Final = _length("px", "%", "")
_SIDEWAYS, _UP_AND_DOWN = _choice("left", "center", "right"), _choice("top", "middle", "bottom")

_SIDES: Final = ("", "-bottom", "-left", "-right", "-top")
_PADDING: Final = " ".join(f"padding{side}" for side in _SIDES)
_BORDER: Final = " ".join(f"border{side}" for side in _SIDES)
_FONT: Final = "font-family font-size font-weight"
_LINK: Final = "href rel target"
_ICON: Final = (
    "icon-align icon-height icon-position icon-unwrapped-alt icon-unwrapped-url icon-width icon-wrapped-alt "
    "icon-wrapped-url"
)
_BACKGROUND: Final = (
    "background-color background-position background-position-x background-position-y background-repeat background-size "
    "background-url"
)

_KINDS: Final[Mapping[str, Kind]] = {
    name: kind
    for kind, names in (
        (
            _COLOUR,
            "background-color border-color color container-background-color ico-color inner-background-color "
            "tb-hover-border-color tb-selected-border-color",
        ),
        (_PX, "border-width font-size gap"),
        (
            _PX_OR_SHARE,
            "background-height background-width gutter height ico-font-size icon-height icon-size icon-width max-height "
            "tb-width width "
            + " ".join(f"{what}padding{side}" for what in ("", "ico-", "inner-") for side in _SIDES[1:]),
        ),
        (_UP_TO_FOUR, "ico-padding icon-padding inner-padding padding text-padding"),
        (_LINE, "ico-line-height line-height"),
        (_length("px", "em", minus="-?"), "letter-spacing"),
        (_WHOLE, "cellpadding cellspacing"),
        (_TRUTH, "fluid-on-mobile"),
        (_SIDEWAYS, "align ico-align text-align"),
        (_UP_AND_DOWN, "icon-align vertical-align"),
        (_choice("left", "right"), "icon-position"),
        (_choice("ltr", "rtl"), "direction"),
        (_choice("repeat", "no-repeat"), "background-repeat"),
        (_choice("full-width", "false", ""), "full-width"),
        (_choice("none", "presentation"), "role"),
        (_choice("visible", "hidden", "supported"), "thumbnails"),
        (_choice("file-start"), "position"),
    )
    for name in names.split()
}
"""The kind that an attribute has in every tag but those that name another; it is text where it has none."""

Holds: TypeAlias = Literal["tags", "html", "plain html", "words", "nothing"]
"""What may stand in a tag: MJML tags; HTML, the plain without `<!--[if mso]>`; text alone; or nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a tag may hold and say."""

    holds: Holds
    children: tuple[str, ...]
    attributes: Mapping[str, Kind]


def _rule(names: str = "", holds: Holds = "tags", children: str = "", head: bool = False, **other: Kind) -> Rule:
    """A rule; `other` names the attributes whose kind is this tag's own, with _ for -."""
    everywhere = "" if head else "css-class mj-class"
    attributes = {name: _KINDS.get(name, TEXT) for name in f"{names} {everywhere}".split()}
    return Rule(holds, tuple(children.split()), attributes | {n.replace("_", "-"): kind for n, kind in other.items()})


_IN_COLUMN: Final = (
    "mj-accordion mj-button mj-carousel mj-divider mj-image mj-raw mj-social mj-spacer mj-table mj-text mj-navbar"
)
_SECTION: Final = (
    f"{_BACKGROUND} {_BORDER} border-radius direction full-width gutter {_PADDING} text-align text-padding"
)
_ACCORDION: Final = f"border font-family {_ICON}"

RULES: Final[Mapping[str, Rule]] = {
    "mjml": _rule(
        "lang",
        children="mj-head mj-body",
        head=True,
        dir=_choice("ltr", "rtl", "auto"),
        owa=_choice("mobile", "desktop"),
    ),
    "mj-head": _rule(
        children="mj-attributes mj-breakpoint mj-font mj-html-attributes mj-preview mj-raw mj-style mj-title", head=True
    ),
    "mj-attributes": _rule(head=True),
    "mj-breakpoint": _rule(holds="nothing", head=True, width=_PX),
    "mj-font": _rule("href name", "nothing", head=True),
    "mj-html-attributes": _rule(children="mj-selector", head=True),
    "mj-selector": _rule("path", children="mj-html-attribute", head=True),
    "mj-html-attribute": _rule("name", "words", head=True),
    "mj-preview": _rule(holds="words", head=True),
    "mj-style": _rule("inline", "words", head=True),
    "mj-title": _rule(holds="words", head=True),
    "mj-raw": _rule("position", "html", head=True),
    "mj-body": _rule("background-color id", children="mj-hero mj-raw mj-section mj-wrapper", width=_PX),
    "mj-wrapper": _rule(f"{_SECTION} gap", children="mj-hero mj-raw mj-section"),
    "mj-section": _rule(_SECTION, children="mj-column mj-group mj-raw"),
    "mj-group": _rule("background-color direction vertical-align width", children="mj-column mj-raw"),
    "mj-column": _rule(
        f"background-color {_BORDER} border-radius direction inner-background-color "
        f"{' '.join(f'inner-{name}' for name in _BORDER.split())} inner-border-radius {_PADDING} vertical-align width",
        children=_IN_COLUMN,
    ),
    "mj-hero": _rule(
        "background-color background-height background-position background-url background-width border-radius height "
        f"inner-background-color {' '.join(f'inner-{name}' for name in _PADDING.split())} mode {_PADDING} vertical-align",
        children=_IN_COLUMN,
    ),
    "mj-text": _rule(
        f"background-color color container-background-color {_FONT} font-style height letter-spacing line-height "
        f"{_PADDING} text-decoration text-transform vertical-align",
        "html",
        align=_choice("left", "right", "center", "justify"),
    ),
    "mj-button": _rule(
        f"align background-color {_BORDER} border-radius color container-background-color {_FONT} font-style height "
        f"inner-padding letter-spacing line-height {_LINK} name {_PADDING} text-align text-decoration text-transform "
        "title vertical-align width",
        "plain html",
    ),
    "mj-image": _rule(
        f"align alt {_BORDER} border-radius container-background-color fluid-on-mobile font-size {_LINK} max-height name "
        f"{_PADDING} sizes src srcset title usemap",
        "nothing",
        width=_PX,
        height=_length("px", "auto"),
    ),
    "mj-divider": _rule(
        f"align border-color border-style border-width container-background-color {_PADDING} width", "nothing"
    ),
    "mj-spacer": _rule(f"{_BORDER} container-background-color height {_PADDING}", "nothing"),
    "mj-table": _rule(
        f"align border cellpadding cellspacing color container-background-color {_FONT} line-height {_PADDING} role "
        "vertical-align",
        "plain html",
        width=_length("px", "%", "auto"),
        table_layout=_choice("auto", "fixed", "initial", "inherit"),
    ),
    "mj-social": _rule(
        f"align border border-radius color container-background-color {_FONT} font-style icon-height icon-padding "
        f"icon-size inner-padding line-height {_PADDING} text-decoration text-padding vertical-align",
        children="mj-social-element",
        mode=_choice("horizontal", "vertical"),
        table_layout=_choice("auto", "fixed"),
    ),
    "mj-social-element": _rule(
        f"align alt background-color border border-radius color {_FONT} font-style icon-height icon-padding icon-position "
        f"icon-size line-height {_LINK} name {_PADDING} sizes src srcset text-decoration text-padding title vertical-align",
        "html",
    ),
    "mj-navbar": _rule(
        "align base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size ico-line-height ico-open "
        f"{' '.join(f'ico-{name}' for name in _PADDING.split())} ico-text-decoration ico-text-transform {_PADDING}",
        children="mj-navbar-link",
    ),
    "mj-navbar-link": _rule(
        f"color {_FONT} font-style letter-spacing line-height {_LINK} name {_PADDING} text-decoration text-transform",
        "html",
    ),
    "mj-accordion": _rule(f"{_ACCORDION} container-background-color {_PADDING}", children="mj-accordion-element"),
    "mj-accordion-element": _rule(f"{_ACCORDION} background-color", children="mj-accordion-title mj-accordion-text"),
    "mj-accordion-title": _rule(f"background-color color {_FONT} {_PADDING}", "words"),
    "mj-accordion-text": _rule(f"background-color color {_FONT} letter-spacing line-height {_PADDING}", "html"),
    "mj-carousel": _rule(
        f"align border-radius container-background-color icon-width left-icon {_PADDING} right-icon tb-border "
        "tb-border-radius tb-hover-border-color tb-selected-border-color tb-width thumbnails",
        children="mj-carousel-image",
    ),
    "mj-carousel-image": _rule(
        f"alt border-radius {_LINK} src tb-border tb-border-radius thumbnails-src title", "nothing"
    ),
    "mj-include": _rule(
        "path", "nothing", head=True, type=_choice("mjml", "css", "html"), css_inline=_choice("inline")
    ),
}
"""Every tag of MJML. `mj-attributes` holds any of them, `mj-all` and `mj-class` too, each with its attributes."""

INCLUDING: Final = frozenset(
    "mjml mj-head mj-attributes mj-body mj-wrapper mj-section mj-group mj-column mj-hero".split()
)
"""Where mjml-python follows an `mj-include`; in text it leaves it out without a word."""
NO_COMMENTS: Final = frozenset("mj-attributes mj-accordion-element mj-carousel".split())
"""Tags that hold tags, and in which mjml-python refuses a comment."""
NO_BLANKS: Final = NO_COMMENTS | frozenset("mj-head mj-social mj-navbar mj-accordion".split())
"""Tags that hold tags, and in which mjml-python takes blanks between them only after a line break."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "mj-image": ("alt", "width", "height"),
    "mj-social-element": ("alt",),
    "mj-carousel-image": ("alt",),
}
"""Without them mjml-python writes no `alt` at all, and `height="auto"`, which is not HTML."""

UNDONE: Final[Mapping[str, str]] = {
    "mj-html-attributes": "mjml-python refuses it; write the HTML in <mj-raw>",
    "mj-preview": "its white text costs points with spam filters; write a hidden <div> in an <mj-raw>, first in <mj-body>",
}
"""Tags of MJML that are not for use here: why, and the cure."""

UNDONE_VALUES: Final[Mapping[tuple[str, str, str], str]] = {
    ("mj-style", "inline", "inline"): "write the style on the tags themselves, or leave inline out",
    ("mj-include", "css-inline", "inline"): "write the style on the tags themselves, or leave css-inline out",
    ("mj-raw", "position", "file-start"): "nothing can stand before the page; leave it out",
}
"""Values of attributes that mjml-python does not do, and the cure."""

IGNORED: Final[Mapping[str, Mapping[str, str]]] = {
    "mj-body": {"id": "css-class"},
    "mj-wrapper": {"gap": "padding on the sections in it", "gutter": "padding on the columns in it"},
    "mj-section": {"gutter": "padding on its columns"},
    "mj-hero": {"border-radius": "", "mode": "a height"},
    "mj-button": {"title": "words in the button that say it"},
    "mj-image": {"sizes": "", "border-bottom": "border", "border-left": "border", "border-right": "border"}
    | {"border-top": "border"},
    "mj-table": {"role": "a <table role='presentation'> in <mj-text>"},
    "mj-social": {"border": ""},
    "mj-social-element": {"border": "", "icon-position": "", "sizes": "", "srcset": "src"},
    "mj-accordion-title": {"font-weight": "a <b> in <mj-text>"},
}
"""Attributes that mjml-python leaves out though the reference does them, and what to write instead, if anything."""

TAG_ALONE: Final[Mapping[str, frozenset[str]]] = {
    "mj-body": frozenset(RULES["mj-body"].attributes),
    "mj-social-element": frozenset(
        "border-radius color font-family font-size icon-size line-height text-decoration".split()
    ),
    "mj-accordion-element": frozenset(_ACCORDION.split()),
    "mj-carousel-image": frozenset("border-radius tb-border tb-border-radius".split()),
}
"""Attributes that mjml-python takes from the tag alone, and not from `mj-attributes`."""


def parents_of(name: str) -> tuple[str, ...]:
    """The tags in which a tag may stand."""
    return tuple(parent for parent, rule in RULES.items() if name in rule.children)


def kinds_of(names: Iterable[str], attribute: str) -> tuple[Kind, ...]:
    """The kinds that an attribute has in these tags, each once."""
    return tuple(
        dict.fromkeys(RULES[name].attributes[attribute] for name in names if attribute in RULES[name].attributes)
    )
