"""What messages share: the tag `{% cached %}`, fixed text, and bodies joined from pieces."""

from __future__ import annotations

import quopri
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateSyntaxError

from newsletter.render import sharing
from newsletter.render.fragments import Body, Fragment, encoded, filled, fragment, recipe
from newsletter.render.sharing import Cached, Sheet, sheet

FILES = {"macros": "{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}", "other": "{{ reader }}"}
ROWS = "{% for card, why in rows %}\n{% cached card with why %}\n<i>\n{{ why }}\n</i>\n<b>{{ card }}</b>\n{% endcached %}\n{% endfor %}\n"


def compiled(source: str, *, autoescape: bool = True, **names: Any) -> Sheet:
    environment = Environment(
        loader=DictLoader(FILES),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Cached],
    )
    environment.globals |= names
    return sheet(environment, source, environment.globals)


def decoded(body: Body) -> str:
    return quopri.decodestring(body.encoded).decode().replace("\r\n", "\n")


def fragments(made: Sheet, contents: dict[str, Any]) -> list[bytes]:
    """What a template takes from what is kept, encoded."""
    parts = made.template.root_render_func(made.template.new_context(contents))
    return [part.encoded for part in parts if isinstance(part, Fragment)]


class Counting:
    """Counts how often it is rendered."""

    def __init__(self, text: str) -> None:
        self.text, self.times = text, 0

    def __html__(self) -> str:
        self.times += 1
        return self.text

    __str__ = __html__


def test_a_block_is_rendered_once_per_key_and_put_out_each_time():
    one, two = Counting("one"), Counting("two")
    made = compiled("{% for x in xs %}\n{% cached x %}\n<p>{{ x }}</p>\n{% endcached %}\n{% endfor %}\n")

    for _ in range(2):
        assert "<p>one</p>\n<p>two</p>\n<p>one</p>\n" == str(made.render({"xs": [one, two, one]}))
    assert (1, 1) == (one.times, two.times)


def test_a_block_with_a_constant_key_is_rendered_once():
    one = Counting("one")
    made = compiled("{% cached 'one' %}\n{{ one }}\n{% endcached %}\n", one=one)

    assert ["one\n", "one\n"] == [str(made.render({})) for _ in range(2)]
    assert 1 == one.times


def test_messages_share_the_very_same_fragment():
    made = compiled("<p>{{ reader }}</p>\n{% cached card %}\n<p>{{ card }}</p>\n{% endcached %}\n")
    ada, bo = (made.render({"reader": reader, "card": "x"}) for reader in ("Ada", "Bo"))
    (one,), (other,) = (fragments(made, {"reader": reader, "card": "x"}) for reader in ("Ada", "Bo"))

    assert one is other

    assert ("<p>Ada</p>\n<p>x</p>\n", "<p>Bo</p>\n<p>x</p>\n") == (str(ada), str(bo))


def test_a_readers_own_piece_stands_in_the_shared_block_and_is_escaped():
    card = Counting("card")
    made = compiled(ROWS)

    assert "<i>\na &lt; b\n</i>\n<b>card</b>\n<i>\n&amp;c\n</i>\n<b>card</b>\n" == str(
        made.render({"rows": [(card, "a < b"), (card, "&c")]})
    )
    assert 1 == card.times


def test_an_empty_piece_is_another_block():
    made = compiled(
        "{% cached card with why %}\n{% if why %}\n<i>{{ why }}</i>\n{% endif %}\n{{ card }}\n{% endcached %}\n"
    )

    assert ["<i>y</i>\nx\n", "x\n", "<i>z</i>\nx\n"] == [
        str(made.render({"card": "x", "why": why})) for why in ("y", "", "z")
    ]


def test_a_piece_can_be_made_for_the_block():
    made = compiled("{% cached card with line = why | upper %}\n{{ card }}: {{ line }}!\n{% endcached %}\n")

    assert ["x: A!\n", "x: B!\n"] == [str(made.render({"card": "x", "why": why})) for why in "ab"]


class Words:
    def loud(self, text: str, end: str = "!") -> str:
        return text.upper() + end


def test_a_function_is_called_with_what_it_is_given_unless_the_template_has_its_own():
    said = compiled("{{ loud(x) }} {{ loud(x, end='?') }} {{ loud(*[x]) }}\n", loud=Words().loud)
    own = compiled("{% macro loud(x) %}<{{ x }}>{% endmacro %}\n{{ loud(x) }}\n", loud=Words().loud)

    assert "&lt;B&gt;! &lt;B&gt;? &lt;B&gt;!\n" == str(said.render({"x": "<b>"}))
    assert "<a>\n" == str(own.render({"x": "a"}))


def test_in_a_text_nothing_is_escaped():
    made = compiled(ROWS, autoescape=False)

    assert "<i>\na < b\n</i>\n<b>&</b>\n" == str(made.render({"rows": [("&", "a < b")]}))


def test_what_is_shared_is_not_escaped_twice():
    made = compiled("{% cached card %}\n{{ card }}\n{% endcached %}\n{{ card }}\n")

    assert "&lt;\n&lt;\n" == str(made.render({"card": "<"}))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\n{% cached card %}\n{{ why }}\n{% endcached %}", "line 3.*uses 'why', which is not in its key"),
        ("{% cached card %}{% for x in rows %}{{ x }}{% endfor %}{% endcached %}", "uses 'rows'"),
        ("{% cached card %}{% if reader %}x{% endif %}{% endcached %}", "uses 'reader'"),
        ("{% cached card %}{{ card | default(reader) }}{% endcached %}", "uses 'reader'"),
        ("{% cached card with why %}{{ why }}{{ reader }}{% endcached %}", "uses 'reader'"),
        ("{% cached card with line = why | upper %}{{ line }}{{ why }}{% endcached %}", "uses 'why'"),
        ("{% cached card %}{% include 'other' %}{% endcached %}", "cannot include a file"),
        ("{% from 'macros' import bold with context %}{% cached card %}{{ bold(card) }}{% endcached %}", "uses 'bold'"),
        ("{% cached card %}", "endcached"),
        ("{% cached %}{% endcached %}", "unexpected 'end of statement block'"),
    ],
)
def test_a_block_may_use_nothing_but_its_key_and_its_piece(source: str, said: str):
    with pytest.raises(TemplateSyntaxError) as raised:
        compiled(source)
    told = f"line {raised.value.lineno} {raised.value}"
    assert re.search(said, told, re.DOTALL), told


def test_a_block_may_use_what_is_the_same_for_everybody():
    made = compiled(
        "{% from 'macros' import bold as strong %}\n{% cached card %}\n{% set y = card %}\n{% for x in y %}{{ strong(x) }}{{ loop.index }}{% endfor %}{{ name }}\n{% endcached %}\n",
        name="Daily",
    )

    assert "<b>a</b>1<b>b</b>2Daily\n" == str(made.render({"card": "ab"}))


def test_what_is_kept_has_an_end(monkeypatch):
    monkeypatch.setattr(sharing, "KEPT", 3)
    cards = [Counting(f"{n}") for n in range(4)]
    made = compiled("{% for x in xs %}\n{% cached x %}\n{{ x }}\n{% endcached %}\n{% endfor %}\n")

    assert "0\n1\n2\n3\n0\n" == str(made.render({"xs": [*cards, cards[0]]}))
    assert 2 == cards[0].times


def test_what_is_said_again_is_kept_with_the_card_it_was_said_of():
    made = compiled(ROWS)
    fragments(made, {"rows": [("x", "another")]})
    (first,), (second,), (third,) = (fragments(made, {"rows": [("x", "why")]}) for _ in range(3))

    assert first is not second and second is third
    assert first == second


def test_of_what_readers_are_told_no_more_is_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(sharing, "KEPT_OWN", 3)
    made = compiled(ROWS)

    for _ in range(3):
        whys = [f"why {n}" for n in range(7)] * 2
        assert "".join(f"<i>\n{why}\n</i>\n<b>x</b>\n" for why in whys) == str(
            made.render({"rows": [("x", why) for why in whys]})
        )


def test_long_fixed_text_is_shared_whole_lines_at_a_time():
    fixed = "".join(f"<p>line {n} of what everybody gets</p>\n" for n in range(9))
    made = compiled(f"<a>{{{{ x }}}}</a>\n{fixed}<b>{{{{ x }}}}</b>\n")
    one, two = made.render({"x": "1"}), made.render({"x": "2"})

    assert [encoded(fixed)] == [lines for _, lines, _ in made.bulk.values()]
    assert [f"<a>{x}</a>\n{fixed}<b>{x}</b>\n" for x in "12"] == [str(one), str(two)]


TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\n\n=. \t\ufdd0é")), max_size=120)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5), TEXT)
def test_a_body_is_encoded_as_it_is_and_its_sizes_are_true(rows: list[tuple[str, str]], end: str):
    body = compiled(ROWS + "{{ end }}").render({"rows": rows, "end": end})

    assert str(body) == decoded(body)
    assert len(str(body).replace("\n", "\r\n").encode()) == body.size
    assert all(len(line) <= 76 for line in body.encoded.split(b"\r\n"))


@given(TEXT.filter(lambda text: "\x1e" not in text), TEXT)
def test_a_hole_keeps_the_text_around_it(before: str, after: str):
    made = recipe(f"{before}\x1e{after}", "\x1e")

    assert fragment(f"{before}own{after}").encoded == filled(made, "own").encoded
