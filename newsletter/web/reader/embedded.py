"""The form that operators paste into their own sites. What it sends changes nothing: our own form is shown, filled in.

It has no ticket, for only our pages can make one: so no site can subscribe anybody, and a second press, on our page, asks.
"""

from __future__ import annotations

from markupsafe import escape

from newsletter.render.language import Language


def snippet(base_url: str, language: Language) -> str:
    """The form as HTML, without style or script of ours; its words are the operator's to change."""
    email = escape(language.say("Your email address"))
    wishes = escape(language.say("What you want to read about"))
    empty = escape(language.say("Leave this empty"))
    button = escape(language.say("Subscribe"))
    return f"""\
<form method="post" action="{escape(base_url)}/subscribe?lang={escape(language.tag)}" accept-charset="utf-8">
  <p><label>{email}<br><input type="email" name="email" maxlength="254" autocomplete="email" required></label></p>
  <p><label>{wishes}<br><textarea name="interests" maxlength="4000" rows="3"></textarea></label></p>
  <p hidden><label>{empty} <input name="website" tabindex="-1" autocomplete="off"></label></p>
  <p><button>{button}</button></p>
</form>
"""
