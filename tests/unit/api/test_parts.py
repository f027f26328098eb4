"""How many parts a body may have."""

from annotated_types import Le

from app.api.uploads.body import MOST_FIELDS
from app.settings import Settings
from app.wire.datasets import TableSpec


def test_a_mapping_of_all_columns_has_room_beside_the_file() -> None:
    """However many columns the setting allows, and a table may have."""
    (setting,) = [each.le for each in Settings.model_fields["max_columns"].metadata if isinstance(each, Le)]
    schema = TableSpec.model_json_schema()["properties"]["columns"]["anyOf"][0]

    assert isinstance(setting, int)
    assert max(setting, schema["maxItems"]) + 50 <= MOST_FIELDS
