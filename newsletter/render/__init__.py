"""An edition becomes a message: templates compiled once, filled per reader, made into bytes. No network."""

from newsletter.render.designs import available, default_templates
from newsletter.render.imprint import Imprint
from newsletter.render.renderer import Renderer

__all__ = ["Imprint", "Renderer", "available", "default_templates"]
