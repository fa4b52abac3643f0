"""A small sample of `make files`: no invented or mutated file is silently misread."""

from collections import Counter
from random import Random

import pytest

from tests.depth import up_to
from transactions.tests.measure_files import (
    ASKED,
    EXACT,
    WRONG,
    context_of,
    invented_results,
    result_of,
)
from transactions.tests.mutated_files import invented_mutant

pytestmark = pytest.mark.once

SEED = 47
INVENTED, MUTATED = up_to(150, quick=50), up_to(250, quick=80)


@pytest.mark.search
@pytest.mark.slow
def test_invented_files_of_many_countries_are_read_exactly():
    results = list(invented_results(Random(SEED), INVENTED))
    counts = Counter(result for result, _words, _file in results)
    wrong = [(file.name, file.traits, words) for result, words, file in results if result == WRONG]
    assert wrong == []
    assert counts[EXACT] >= 0.9 * INVENTED
    assert counts[ASKED] <= 0.05 * INVENTED


@pytest.mark.search
@pytest.mark.slow
def test_no_mutation_is_silently_misread():
    random = Random(SEED)
    counts: Counter[str] = Counter()
    for _ in range(MUTATED):
        mutant, file = invented_mutant(random)
        context = context_of(file.country.code, file.account_type)
        result, words = result_of(mutant.data, mutant.count, mutant.total, context, mutant.days)
        assert result != WRONG, (mutant.name, mutant.done, words)
        counts[result] += 1
    assert counts[ASKED] <= 0.15 * MUTATED
