"""Two time stamps, of which only the time between them matters."""

from datetime import date
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Duration(Unit):
    """Effect: the hours from the first stamp to the second."""

    kind: str = "duration"
    hidden: ClassVar[str] = "the time between both stamps acts linearly"
    begin: Text
    finish: Text
    first: date
    days: int = Field(default=500, ge=30, le=4000)
    """Length of the period that the stamps are from."""
    longest: float = Field(gt=0.5)
    """Longest duration, in hours."""

    gain: ClassVar[float] = 0.78
    spoilers: ClassVar[tuple[str, ...]] = ("difference", "elapsed", "time between", "duration")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the first stamp and, independently, the time to the second."""
        start = np.datetime64(self.first, "m") + rng.randint(self.days * 1440, size=rows)
        minutes = 5 + rng.randint(int(self.longest * 60) - 5, size=rows)
        begin, finish = self.begin.name, self.finish.name
        return Part(
            columns={begin: _stamps(start), finish: _stamps(start + minutes)},
            effect=minutes.astype(float),
            features=(
                f'took = pd.to_datetime(both["{finish}"]) - pd.to_datetime(both["{begin}"])\n'
                f'both["{finish}_hours"] = took.dt.total_seconds() / 3600\n'
                f'both = both.drop(columns=["{begin}", "{finish}"])\n'
            ),
        )


def _stamps(minutes: np.ndarray) -> Cells:
    texts = np.datetime_as_string(minutes, unit="m").tolist()
    return Cells(np.array([text.replace("T", " ") for text in texts], dtype=object))
