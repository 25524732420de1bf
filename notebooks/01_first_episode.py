# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first episode
#
# A task is a small, real modelling job: a folder of tables, a metric, and a `submission.csv` to leave.
# An agent acts by text; what it writes runs in a sealed sandbox with the usual libraries already
# imported, so a step takes milliseconds. This notebook plays one episode by hand.

# %%
import gymnasium as gym

import sandmle_gym

gym.register_envs(sandmle_gym)

env = gym.make("SandMLE/task-042", render_mode="html")
observation, info = env.reset(seed=0)
print(observation)

# %% [markdown]
# ## Look at the data
#
# A plain action is a shell command; a fenced block as a whole is Python.

# %%
observation, reward, terminated, truncated, info = env.step("ls -l; head -n 4 train.csv")
print(observation)

# %%
observation, *_ = env.step(
    """```python
import pandas as pd
train = pd.read_csv("train.csv")
print(train.describe(include="all").T.iloc[:, :6].to_string())
```"""
)
print(observation)

# %% [markdown]
# ## First attempt: hand in the sample
#
# It looks at no feature at all. `score` tells how it does on the *public* part of the hidden rows,
# rounded to where the noise begins.

# %%
env.step("cp sample_submission.csv submission.csv")
observation, *_ = env.step("score")
print(observation)

# %% [markdown]
# ## Second attempt: a model
#
# Every task ships programs that prove its tiers, from a competent generic pipeline to an expert's. They
# are stored outside of the sandbox; here we borrow the competent one as our attempt.

# %%
task = sandmle_gym.open_task("task-042")
observation, *_ = env.step(f"```python\n{task.witness('competent')}\n```")
print(observation)
observation, *_ = env.step("score")
print(observation)

# %% [markdown]
# ## Submit
#
# The reward comes with the end: the score on the *private* rows, held against the four milestones.

# %%
observation, reward, terminated, truncated, info = env.step("submit")
print(observation)
print(f"reward {reward:.2f}, score {info['score']:.4f}, medal {info['medal']}")
print(info["reward_parts"])

# %% [markdown]
# ## The ladder
#
# Milestones are not percentiles of a crowd. Each sits midway between two *witnesses*: stored programs
# that were run in this sandbox and that are at least four standard errors apart.

# %%
import matplotlib.pyplot as plt

milestones = task.bundle.milestones
rungs = task.bundle.private.certificate.rungs

figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
axes.plot([rung.score for rung in rungs], range(len(rungs)), "o-", color="#0969da", zorder=3)
axes.set_yticks(range(len(rungs)), [rung.tier for rung in rungs])
colours = {"median": "#8c959f", "bronze": "#bc6c25", "silver": "#6e7781", "gold": "#d4a72c"}
for name, colour in colours.items():
    value = getattr(milestones, name)
    axes.axvline(value, color=colour, linestyle="--", linewidth=1)
    axes.text(value, len(rungs) - 0.4, name, color=colour, ha="center", va="bottom", fontsize=9)
axes.axvline(info["score"], color="#1a7f37", linewidth=2)
axes.annotate(
    "this episode",
    (info["score"], -0.55),
    (4, 0),
    textcoords="offset points",
    color="#1a7f37",
    fontsize=9,
)
axes.set_ylim(-0.7, len(rungs) - 0.5)
axes.set_xlabel(info["metric"])
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## The transcript
#
# Agent text is escaped wherever a person sees it.

# %%
from IPython.display import HTML

HTML(env.render())

# %%
env.close()
