"""Tasks from real data: any table becomes a task of the same shape as a generated one.

What cannot be proved of real data is said, not hidden: such a task has measured milestones and a
certificate that names the reasons why it is not certified.
"""

from sandmle_gym.real.datasets import REAL_TASKS, draw, freeze_real, restore
from sandmle_gym.real.frame import from_csv, from_frame
from sandmle_gym.real.measure import measure

__all__ = ["REAL_TASKS", "draw", "freeze_real", "from_csv", "from_frame", "measure", "restore"]
