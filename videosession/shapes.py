"""What an object on the wire is made of."""

from marshmallow import RAISE, Schema


class Shape(Schema):
    """What an object on the wire must be; a field that is not named is refused, never dropped.

    `example` is one as the API's description shows it.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"type": "Not a JSON object.", "unknown": "This field is not known here."}
    example: dict | None = None
