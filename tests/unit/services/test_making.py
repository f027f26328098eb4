"""Declarations as the database keeps them."""

import json

from app.services.making import content_of
from tests.support import sixth


def test_a_declaration_is_kept_without_zero_characters() -> None:
    """PostgreSQL's JSON does not hold them."""
    declaration = sixth.task().declaration.model_copy(update={"title": "a\x00b", "label_names": {"setosa": "\x00"}})

    content = content_of(declaration)

    assert "\\u0000" not in json.dumps(content)
    assert ("a\ufffdb", {"setosa": "\ufffd"}) == (content["title"], content["label_names"])
