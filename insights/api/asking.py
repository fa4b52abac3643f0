"""`GET /api/ask`: a question about money in words, answered with an exact figure."""

from typing import cast
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import ApiView, operation
from banking.kernel.region import region
from insights.asking.answers import EXAMPLES, Answer, answer
from insights.asking.finding import LONGEST
from users.signed_in import UserApiRequest
from users.timezones import local_date


class AnswerAmountOut(serializers.Serializer):
    amount = AmountSerializerField()
    currency = serializers.CharField()


class AnswerOut(serializers.Serializer):
    """An answer, or in `text` why there is none; then `is_answered` is false.

    `amounts` has one entry per currency. `url` is the API's URL of what the figure is made of.
    """

    is_answered = serializers.BooleanField()
    text = serializers.CharField()
    note = serializers.CharField()
    amounts = AnswerAmountOut(many=True)
    count = serializers.IntegerField()
    url = serializers.CharField()


class AskApi(ApiView):
    """Questions about money in words, such as “groceries last month”."""

    @operation(
        operation_id="ask",
        responses=AnswerOut,
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "minLength": 1, "maxLength": LONGEST},
                required=True,
                description="A question in English, such as “how much at Harbor Market this year”.",
            )
        ],
    )
    def get(self, request: UserApiRequest) -> Response:
        """Answer a question with the figure that the transactions list shows.

        Sums, counts, largest transactions and balances, by category, merchant or account and
        period. What can't be read for sure is not answered.
        """
        words = " ".join(request.query_params.get("q", "").split())
        if not words:
            raise ValidationError({"q": "Ask a question."})
        if len(words) > LONGEST:
            raise ValidationError({"q": f"A question can have at most {LONGEST} characters."})
        today = local_date(request.user.timezone, timezone.now())
        # In the person's region, as on the page: it decides on which day a week begins.
        with region(request.user.locale):
            said = answer(cast(HttpRequest, request), words, today=today)
        if isinstance(said, Answer):
            amounts = [{"amount": amount, "currency": unit} for amount, unit in said.amounts]
            data = {"is_answered": True, "text": said.text, "note": said.note, "amounts": amounts}
            data |= {"count": said.count, "url": _in_api(said.url)}
        else:
            examples = ", ".join(f"“{example}”" for example in EXAMPLES)
            text = said.text if said else f"We can't answer that. Ask, for example: {examples}."
            data = {"is_answered": False, "text": text, "note": "", "amounts": []}
            data |= {"count": 0, "url": ""}
        return Response(AnswerOut(data).data)


def _in_api(url: str) -> str:
    """The endpoint with the same resource or filters as this page."""
    path, _, query = url.partition("?")
    filters = [(name, value) for name, value in parse_qsl(query) if name != "totals"]
    return f"/api{path.removesuffix('/')}" + (f"?{urlencode(filters)}" if filters else "")
