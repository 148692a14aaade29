"""A good MJML file with a little of everything, and what each single change makes wrong in it."""

from typing import NamedTuple

GOOD = """\
<!-- A design with a little of everything. -->
<mjml lang="{{ language }}" dir="ltr">
  <mj-head>
    <mj-title>{{ name }}, {{ date }}</mj-title>
    <mj-breakpoint width="480px" />
    <mj-raw><meta name="color-scheme" content="light dark"></mj-raw>
    <mj-attributes>
      <mj-all font-family="Georgia, serif" />
      <mj-class name="box" padding="0 20px" />
      <mj-text font-size="14px" line-height="1.5" color="#59626f" />
    </mj-attributes>
    <mj-style>
      p > b { color: red }
    </mj-style>
  </mj-head>
  <mj-body width="640px" background-color="#f4f2ee">
    <mj-raw>{% for part in parts %}</mj-raw>
    <mj-section padding="24px 0 6px" direction="ltr">
      <mj-column width="60%">
        <mj-text mj-class="box" align="left" color="{{ ink }}">
          <h2 style="margin:0">{{ part.title }}</h2>
          {% if part.note and n > 3 %}
          <p title="it's">{{ part.note | replace("a", 'b') }}<br>&nbsp;&</p>
          {% endif %}
          <!--[if mso]><table><tr><td><![endif]-->
          <ul><li>one</li></ul>
          <!--[if mso]></td></tr></table><![endif]-->
        </mj-text>
        <mj-button href="{{ url | href }}" inner-padding="10px">Read <b>on</b></mj-button>
        <mj-image src="{{ logo }}" alt="" width="200px" height="100px" fluid-on-mobile="true" />
        <mj-divider />
        <mj-table cellpadding="2"><tr><td>x</td></tr></mj-table>
        <mj-social mode="horizontal">
          <mj-social-element src="a.png" href="#" alt="A">A</mj-social-element>
        </mj-social>
        <mj-accordion>
          <mj-accordion-element>
            <mj-accordion-title>T</mj-accordion-title>
            <mj-accordion-text letter-spacing="-1px">X</mj-accordion-text>
          </mj-accordion-element>
        </mj-accordion>
      </mj-column>
    </mj-section>
    <mj-raw>{% endfor %}</mj-raw>
    <mj-wrapper padding="0">
      <mj-hero height="100px"><mj-text>z</mj-text></mj-hero>
    </mj-wrapper>
  </mj-body>
</mjml>
"""


class Change(NamedTuple):
    """A change to the good file."""

    old: str
    new: str
    says: tuple[str, ...]
    """What we say: `LINE: what; cure`."""
    reference: tuple[int, ...] = ()
    """The lines that the reference validator (npm mjml 5.4.1) finds fault with; most of what is wrong it takes."""

    @property
    def source(self) -> str:
        assert GOOD.count(self.old) == 1, f"{self.old!r} is not there once"
        return GOOD.replace(self.old, self.new)


CHANGES = (
    Change(
        "<mj-breakpoint ", "<mj-breakpiont ", ("5: there is no tag <mj-breakpiont>; did you mean mj-breakpoint?",), (5,)
    ),
    Change(
        '<mj-wrapper padding="0">',
        '<mj-wraper padding="0">',
        (
            "45: there is no tag <mj-wraper>; did you mean mj-wrapper?",
            "47: </mj-wrapper> does not close <mj-wraper>; write the same name in both",
        ),
        (45,),
    ),
    Change(
        "<mj-text>z</mj-text>", "<mj-txt>z</mj-txt>", ("46: there is no tag <mj-txt>; did you mean mj-text?",), (46,)
    ),
    Change(
        "<mj-text>z</mj-text>",
        "<p>z</p>",
        ("46: <p> is no tag of MJML; HTML in <mj-hero> has to stand in <mj-text> or <mj-raw>",),
        (46,),
    ),
    Change(
        '<mj-hero height="100px"><mj-text>z</mj-text></mj-hero>',
        "<mj-text>z</mj-text>",
        ("46: <mj-text> cannot stand in <mj-wrapper>; it belongs into <mj-column> or <mj-hero>",),
        (46,),
    ),
    Change("<mj-all font", "<mj-al font", ("8: there is no tag <mj-al>; did you mean mj-all?",), (8,)),
    Change(
        "<mj-title>{{ name }}", "<mj-title><b>x</b>{{ name }}", ("4: <mj-title> holds text alone; take <b> out of it",)
    ),
    Change(
        "Read <b>on</b>",
        "Read <mj-text>on</mj-text>",
        ("29: <mj-text> in <mj-button> stays as it is, for <mj-button> holds HTML; put it beside <mj-button>",),
    ),
    Change(
        "  </mj-body>", "  </mj-body>\n  <mj-body></mj-body>", ("49: there is a second <mj-body>; make one of the two",)
    ),
    Change(
        "<mjml lang",
        "<mjm lang",
        (
            "1: there is no <mjml>; write <mjml><mj-body> ... </mj-body></mjml> around the whole",
            "2: there is no tag <mjm>; did you mean mjml?",
            "49: </mjml> does not close <mjm>; write the same name in both",
        ),
        (2,),
    ),
    Change('align="left"', 'algin="left"', ("20: <mj-text> has no attribute 'algin'; did you mean align?",), (20,)),
    Change(
        'align="left"',
        'align="middle"',
        ("20: 'align' of <mj-text> is 'middle'; write left, right, center or justify",),
        (20,),
    ),
    Change(
        'color="#59626f"',
        'color="#59626"',
        ("10: 'color' of <mj-text> is '#59626'; write a colour as #rgb, #rrggbb, rgb(), rgba() or a name of CSS",),
        (10,),
    ),
    Change(
        'color="#59626f"',
        'color="Red"',
        (
            "10: 'color' of <mj-text> is 'Red'; write a colour as #rgb, #rrggbb, rgb(), rgba() or a name of CSS; did you mean red?",
        ),
        (10,),
    ),
    Change(
        'color="#59626f"',
        'color="hotpnik"',
        (
            "10: 'color' of <mj-text> is 'hotpnik'; write a colour as #rgb, #rrggbb, rgb(), rgba() or a name of CSS; did you mean hotpink?",
        ),
        (10,),
    ),
    Change(
        'font-size="14px"',
        'font-size="14"',
        ("10: 'font-size' of <mj-text> is '14'; write a length in px; did you mean 14px?",),
        (10,),
    ),
    Change(
        'font-size="14px"', 'font-size="1em"', ("10: 'font-size' of <mj-text> is '1em'; write a length in px",), (10,)
    ),
    Change(
        'padding="24px 0 6px"',
        'padding="24px 0 6"',
        (
            "18: 'padding' of <mj-section> is '24px 0 6'; write one to four lengths in px or %; did you mean 24px 0 6px?",
        ),
        (18,),
    ),
    Change(
        'padding="24px 0 6px"',
        'padding="1px 2px 3px 4px 5px"',
        ("18: 'padding' of <mj-section> is '1px 2px 3px 4px 5px'; write one to four lengths in px or %",),
        (18,),
    ),
    Change(
        'direction="ltr"',
        'direction="lrt"',
        ("18: 'direction' of <mj-section> is 'lrt'; write ltr or rtl; did you mean rtl?",),
        (18,),
    ),
    Change('width="640px"', 'width="100%"', ("16: 'width' of <mj-body> is '100%'; write a length in px",), (16,)),
    Change(
        'cellpadding="2"',
        'cellpadding="two"',
        ("32: 'cellpadding' of <mj-table> is 'two'; write a whole number",),
        (32,),
    ),
    Change(
        'fluid-on-mobile="true"',
        'fluid-on-mobile="yes"',
        ("30: 'fluid-on-mobile' of <mj-image> is 'yes'; write true or false",),
        (30,),
    ),
    Change(
        'fluid-on-mobile="true"',
        "fluid-on-mobile",
        ("30: 'fluid-on-mobile' of <mj-image> has no value; write fluid-on-mobile=\"...\"",),
        (30,),
    ),
    Change(
        'line-height="1.5"',
        'line-height="1.5em"',
        ("10: 'line-height' of <mj-text> is '1.5em'; write a length in px or % or a number",),
        (10,),
    ),
    Change(
        'letter-spacing="-1px"',
        'letter-spacing="-1"',
        ("39: 'letter-spacing' of <mj-accordion-text> is '-1'; write a length in px or em; did you mean -1px?",),
        (39,),
    ),
    Change(
        '<mj-breakpoint width="480px" />',
        '<mj-breakpoint widht="480px" />',
        ("5: <mj-breakpoint> has no attribute 'widht'; did you mean width?",),
        (5,),
    ),
    Change('dir="ltr">', 'dri="ltr">', ("2: <mjml> has no attribute 'dri'; did you mean dir?",)),
    Change('mj-class="box"', 'mj-class="bix"', ("20: there is no <mj-class> 'bix'; did you mean box?",)),
    Change(
        '<mj-class name="box" ',
        "<mj-class ",
        (
            '9: <mj-class> has no name; write name="..."',
            "20: there is no <mj-class> 'box'; write <mj-class name='box' /> into <mj-attributes>",
        ),
    ),
    Change(
        ' padding="0 20px"',
        ' padding="0 20px" colour="red"',
        ("9: <mj-class> has no attribute 'colour'; did you mean color?",),
    ),
    Change(
        'font-family="Georgia, serif"',
        'font-famly="Georgia, serif"',
        ("8: <mj-all> has no attribute 'font-famly'; did you mean font-family?",),
    ),
    Change(
        ' alt="" width="200px" height="100px"',
        "",
        (
            '30: <mj-image> has no alt, width or height; write alt="what it shows, or nothing" width="600px" height="200px"',
        ),
    ),
    Change(' height="100px" fluid', " fluid", ('30: <mj-image> has no height; write height="200px"',)),
    Change(' alt="A"', "", ('34: <mj-social-element> has no alt; write alt="what it shows, or nothing"',)),
    Change(
        "<mj-style>",
        '<mj-style inline="inline">',
        (
            '12: mjml-python does not do inline="inline" of <mj-style>; write the style on the tags themselves, or leave inline out',
        ),
    ),
    Change(
        "<mj-raw><meta",
        '<mj-raw position="file-start"><meta',
        (
            '6: mjml-python does not do position="file-start" of <mj-raw>; nothing can stand before the page; leave it out',
        ),
    ),
    Change(
        "<mj-style>",
        "<mj-preview>Hello</mj-preview>\n    <mj-style>",
        (
            "12: <mj-preview> is not for use here: its white text costs points with spam filters; write a hidden <div> in an <mj-raw>, first in <mj-body>",
        ),
    ),
    Change(
        "<mj-style>",
        "<mj-html-attributes></mj-html-attributes>\n    <mj-style>",
        ("12: <mj-html-attributes> is not for use here: mjml-python refuses it; write the HTML in <mj-raw>",),
    ),
    Change(
        "<mj-all font",
        '<mj-body background-color="#fff" />\n      <mj-all font',
        ("8: mjml-python does not take 'background-color' of <mj-body> from <mj-attributes>; write it on the tag",),
    ),
    Change(
        '<mj-wrapper padding="0">',
        '<mj-wrapper padding="0" gap="4px">',
        ("45: mjml-python leaves 'gap' of <mj-wrapper> out; write padding on the sections in it",),
    ),
    Change(
        "    <mj-raw>{% endfor %}</mj-raw>",
        "    {% endfor %}",
        ("44: {% endfor %} stands between the tags of <mj-body>; put it into <mj-raw>",),
    ),
    Change(
        "    <mj-raw>{% endfor %}</mj-raw>",
        "    {{ name }}",
        ("44: {{ name }} stands between the tags of <mj-body>; put it into <mj-text>",),
    ),
    Change(
        "    <mj-raw>{% endfor %}</mj-raw>",
        "    {# the end #}",
        ("44: {# the end #} stands between tags; write it as <!-- -->, which is left out of the mail",),
    ),
    Change("<mj-text>z</mj-text>", "Words", ("46: Words stands between the tags of <mj-hero>; put it into <mj-text>",)),
    Change(
        "n > 3",
        "n < 3",
        (
            "22: `<` in {% if part.note and n < 3 %} is read as a tag; turn the comparison round (`3 > a`), or write it as `a is lt 3`",
        ),
    ),
    Change(
        'align="left"',
        '{% if left %}align="left"{% endif %}',
        (
            "20: {% if left %} stands between the attributes of <mj-text>; put it inside a value, or write the tag twice, with the condition around it",
        ),
        (20,),
    ),
    Change(
        'href="{{ url | href }}"',
        'href="{{ url | replace("a", "b") }}"',
        ("29: a double quote in the value of 'href' is spoilt; use single quotes in it, or &quot;",),
        (29,),
    ),
    Change(
        "<!-- A design with a little of everything. -->",
        "{# A design #}",
        ("1: {# A design #} stands outside <mjml>; put it into an <mj-raw>, first in <mj-body>",),
    ),
    Change(
        "<!-- A design with a little of everything. -->",
        "<!-- {% set n = 1 %} -->",
        ("1: a comment is left out of the mail, and the {% %} in it too; take it out of the comment",),
    ),
    Change(
        "        <mj-social mode",
        "        {% if x %}<mj-social mode",
        ("33: {% if x %} stands between the tags of <mj-column>; put it into <mj-raw>",),
    ),
    Change(
        "          <mj-social-element src",
        "          {% if x %}<mj-social-element src",
        ("34: {% if x %} stands between the tags of <mj-social>, which holds tags alone; put it into one of them",),
    ),
    Change("<li>one</li>", "<li>one<li>two</li>", ("26: <li> is not closed; write </li> before </ul>",)),
    Change("<b>on</b>", "<b>on", ("29: <b> is not closed; write </b> before </mj-button>",)),
    Change("<b>on</b>", "on</b>", ("29: </b> closes nothing; delete it, or open <b> before",)),
    Change("<b>on</b>", "<b>on</B>", ("29: </B> does not close <b>; write the same name in both",)),
    Change("<br>", "</br>", ("23: <br> is never closed; delete </br>",)),
    Change(
        '<p title="it\'s">',
        "<p title=its>",
        ("23: the value of 'title' lacks its quotes, or one of them; write title=\"...\"",),
    ),
    Change(
        '<p title="it\'s">',
        "<p title=\"it's>",
        ("23: the value of 'title' lacks its quotes, or one of them; write title=\"...\"",),
    ),
    Change(
        '<p title="it\'s">',
        '<p title="it\'s"class="x">',
        ("23: there is no blank before the attribute 'class'; write one",),
    ),
    Change('<p title="it\'s">', '<p title="it\'s" title="x">', ("23: 'title' stands twice in <p>; delete one",)),
    Change(
        '<p title="it\'s">',
        '<p title="a\n b">',
        ("23: a line break or tab in the value of 'title' is spoilt; write it on one line",),
    ),
    Change('<p title="it\'s">', '<p title="a\xa0b">', ("23: U+00A0 in the value of 'title' is spoilt; write &#160;",)),
    Change(
        '<p title="it\'s">',
        "<p title='\"'>",
        ("23: a double quote in the value of 'title' is spoilt; use single quotes in it, or &quot;",),
    ),
    Change(
        '<p title="it\'s">',
        '<p title="\\">',
        ("23: a backslash in the value of 'title' is doubled; write &#92;, or do without",),
    ),
    Change(
        '<p title="it\'s">', '<p @click="x">', ("23: '@' does not belong into <p>; write attributes as name=\"value\"",)
    ),
    Change("&nbsp;&</p>", "1 < 2</p>", ("23: a bare `<`; write &lt;",)),
    Change("&nbsp;&</p>", "x]]></p>", ("23: `]]>` is not allowed in text; write ]]&gt;",)),
    Change("&nbsp;&</p>", "é > b</p>", ("23: mjml-python breaks off at a `>` so close behind 'é'; write &gt;",)),
    Change("&nbsp;&</p>", "\x0b</p>", ("23: the character U+000B is not allowed; delete it",)),
    Change(
        "&nbsp;&</p>",
        "<![CDATA[x]]></p>",
        (
            "23: '<![CDATA[' has no place in MJML; delete it",
            "23: `]]>` is not allowed in text; write ]]&gt;",
        ),
    ),
    Change(
        "&nbsp;&</p>", "<!-- a -- b --></p>", ("23: a comment cannot hold `--` or end in `-`; leave the dashes out",)
    ),
    Change(
        "<![endif]-->\n          <ul>",
        "<![endif\n          <ul>",
        ("25: the conditional comment is not finished; write <!--[if mso]> ... <![endif]-->",),
    ),
    Change(
        "p > b {",
        "<b> {",
        (
            "13: <b> is not closed; write </b> before </mj-style>",
            "13: <mj-style> holds text alone; take <b> out of it",
        ),
    ),
    Change(
        "    <mj-title>",
        "    <mj-title/> <mj-title>",
        ("4: blanks between two tags in <mj-head>; put each tag on a line of its own, without blanks after it",),
    ),
    Change(
        "<mj-all font",
        "<!-- x -->\n      <mj-all font",
        ("8: a comment cannot stand in <mj-attributes>; put it before",),
    ),
    Change(
        "<mj-button href",
        "<!--[if mso]>x<![endif]--><mj-button href",
        (
            "29: a conditional comment cannot stand in <mj-column>; put it into <mj-raw> or <mj-text>",
            "29: x stands between the tags of <mj-column>; put it into <mj-text>",
            "29: a conditional comment cannot stand in <mj-column>; put it into <mj-raw> or <mj-text>",
        ),
    ),
    Change(
        "</mj-wrapper>", "</mj-wraper>", ("47: </mj-wraper> does not close <mj-wrapper>; write the same name in both",)
    ),
    Change(
        "    </mj-section>\n",
        "",
        (
            "18: <mj-section> is not closed; write </mj-section> before </mj-body>",
            "44: <mj-wrapper> cannot stand in <mj-section>; it belongs into <mj-body>",
        ),
        (44,),
    ),
    Change(
        "</mjml>",
        "</mjml>\nThe end",
        ("50: The end stands outside <mjml>; put it into an <mj-raw>, first in <mj-body>",),
    ),
    Change("</mjml>", "</mjml", ("49: the tag <mjml is not finished; write its >",)),
    Change(
        "<mj-text>z</mj-text>",
        '<mj-include path="z.mjml" />',
        ("46: there is no file 'z.mjml' to include; mend the path",),
    ),
    Change(
        '<mj-body width="640px" background-color="#f4f2ee">',
        '<mj-body width="640px" background-color="#f4f2ee">{% if x %}',
        ("16: {% if x %} stands between the tags of <mj-body>; put it into <mj-raw>",),
    ),
    Change(
        'src="a.png"',
        'src="a.png" srcset="b.png 2x"',
        ("34: mjml-python leaves 'srcset' of <mj-social-element> out; write src",),
    ),
    Change("<mj-divider />", "<mj-divider>x</mj-divider>", ("31: <mj-divider> holds nothing; take x out of it",)),
    Change(
        "<mj-divider />",
        "<mj-divider><b>x</b></mj-divider>",
        (
            "31: <mj-divider> holds nothing; take <b> out of it",
            "31: <mj-divider> holds nothing; take x out of it",
        ),
        (31,),
    ),
    Change(
        "<mj-divider />",
        "<mj-divider><!-- x --></mj-divider>",
        ("31: a comment cannot stand in <mj-divider>; put it before",),
        (31,),
    ),
    Change(
        "<mj-divider />",
        '<mj-image src="a" alt="" width="1px" height="1px" /><mj-table><tr>x</mj-table>',
        ("31: <tr> is not closed; write </tr> before </mj-table>",),
    ),
    Change("<mj-divider />", "<mj-text><br/>x <?php ?></mj-text>", ("31: '<?php' has no place in MJML; delete it",)),
    Change("<mj-divider />", "<mj-include />", ('31: <mj-include> names no file; write path="..."',)),
    Change(
        "<mj-divider />",
        '<mj-include path="{{ name }}.mjml" />',
        ("31: '{{ name }}.mjml' is read before a Jinja tag is filled; write the path itself",),
    ),
    Change(
        "<mj-divider />",
        '<mj-text><mj-include path="a.html" type="html" /></mj-text>',
        ("31: <mj-include> in <mj-text> is left out; include a file with the whole <mj-text>",),
    ),
    Change(
        "<mj-divider />",
        '<mj-include path="a.mjml" type="htlm" />',
        (
            "31: there is no file 'a.mjml' to include; mend the path",
            "31: 'type' of <mj-include> is 'htlm'; write mjml, css or html; did you mean html?",
        ),
    ),
    Change(
        '<mj-breakpoint width="480px" />',
        '<mj-include path="a.css" type="css" css-inline="inline" />',
        (
            "5: there is no file 'a.css' to include; mend the path",
            '5: mjml-python does not do css-inline="inline" of <mj-include>; write the style on the tags themselves, or leave css-inline out',
        ),
    ),
    Change(
        "<mj-divider />", "<mj-spacer <mj-divider />", ("31: the tag <mj-spacer is not finished; write its >",), (31,)
    ),
    Change("<mj-divider />", "</mj-divider x>", ("31: a closing tag holds its name alone; write </mj-divider>",)),
    Change(
        "<mj-divider />",
        "<!-- a divider",
        (
            "31: the comment is not finished; write -->",
            "31: a divider stands between the tags of <mj-column>; put it into <mj-text>",
        ),
    ),
    Change(
        "<mj-divider />",
        "<mj-accordion><!-- a --><mj-accordion-element><!-- b --></mj-accordion-element></mj-accordion>",
        ("31: a comment cannot stand in <mj-accordion-element>; put it before",),
    ),
    Change(
        "<mj-divider />",
        '<mj-selector path="a" />',
        ("31: <mj-selector> cannot stand in <mj-column>; it belongs into <mj-html-attributes>",),
    ),
    Change(
        'mj-class="box"',
        'mj-class="{{ box }}"',
        ("20: 'mj-class' is read before a Jinja tag is filled; write the name itself, or css-class",),
    ),
)
