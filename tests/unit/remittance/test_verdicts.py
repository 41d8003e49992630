from __future__ import annotations

import pytest

from services.remittance.receivables import Standing
from services.remittance.verdicts import standing_of


class TestStanding:
    @pytest.mark.parametrize(
        ("verdicts", "standing"),
        [
            ([], Standing.SENT),
            ([(1, Standing.ACCEPTED)], Standing.ACCEPTED),
            ([(1, Standing.ACCEPTED), (1, Standing.REJECTED)], Standing.REJECTED),
            ([(1, Standing.REJECTED), (2, Standing.SENT)], Standing.SENT),
            ([(1, Standing.REJECTED), (2, Standing.ACCEPTED)], Standing.ACCEPTED),
            ([(1, Standing.ACCEPTED), (2, Standing.REJECTED)], Standing.REJECTED),
        ],
    )
    def test_is_the_strongest_word_on_the_last_sending_in_any_order(
        self, verdicts: list[tuple[int, Standing]], standing: Standing
    ) -> None:
        assert standing_of(verdicts) is standing
        assert standing_of(reversed(verdicts)) is standing
